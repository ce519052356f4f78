"""Streams an answer and gets an object. Needs `pip install openai` and a `picoserve serve`."""

import os

from openai import OpenAI
from pydantic import BaseModel

client = OpenAI(
    base_url=os.environ.get("OPENAI_BASE_URL", "http://127.0.0.1:8080/v1"),
    api_key=os.environ.get("OPENAI_API_KEY", "any"),
)


class City(BaseModel):
    """A city and what it is like."""

    name: str
    sunny: bool


with client.chat.completions.stream(
    model="picoserve-tiny",
    messages=[{"role": "user", "content": "My name is Zora. What is my name?"}],
) as stream:
    for event in stream:
        if event.type == "content.delta":
            print(event.delta, end="", flush=True)
print()

answer = client.chat.completions.parse(
    model="picoserve-tiny",
    messages=[{"role": "user", "content": "It is sunny in Paris."}],
    response_format=City,
    temperature=0,
    max_tokens=100,
)
print(answer.choices[0].message.parsed)
