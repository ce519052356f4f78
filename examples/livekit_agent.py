"""Chat with a LiveKit agent by keyboard: one line is one turn, and an empty line ends it.

Needs `pip install livekit-agents` and a `picoserve serve`. In a voice agent the same session gets
`stt`, `tts` and `vad` besides, and a room: `await session.start(agent, room=ctx.room)`.
"""

import asyncio
import os

from livekit.agents import Agent, AgentSession, function_tool, inference


@function_tool
async def get_weather(city: str) -> str:
    """Tell the weather of a city."""
    return f"sunny in {city}"


async def main() -> None:
    """Hold the conversation."""
    llm = inference.LLM(
        "picoserve-tiny",
        base_url=os.environ.get("LIVEKIT_INFERENCE_URL", "http://127.0.0.1:8080/v1"),
        api_key=os.environ.get("LIVEKIT_API_KEY", "any"),
        api_secret=os.environ.get("LIVEKIT_API_SECRET", "any"),
    )
    agent = Agent(instructions="You are a kind voice assistant.", tools=[get_weather])
    async with llm, AgentSession(llm=llm) as session:
        await session.start(agent)
        while text := await asyncio.to_thread(input):
            run = await session.run(user_input=text)
            for event in run.events:
                if event.type == "message":
                    print(event.item.text_content, flush=True)
                elif event.type == "function_call":
                    print(f"[{event.item.name}({event.item.arguments})]", flush=True)


asyncio.run(main())
