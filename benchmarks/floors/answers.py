"""The bytes that floors answer with, made once: what picoserve would say."""

import json
from typing import Final

_ID: Final = "chatcmpl-0123456789abcdefghijklmn"
_CREATED: Final = 1_790_000_000
_MODEL: Final = "picoserve-tiny"


def _data(delta: dict[str, str]) -> bytes:
    choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": None}
    chunk = {
        "id": _ID,
        "object": "chat.completion.chunk",
        "created": _CREATED,
        "model": _MODEL,
        "choices": [choice],
    }
    return b"data: " + json.dumps(chunk, separators=(",", ":")).encode() + b"\n\n"


CHUNK: Final = _data({"content": " token"})
DONE: Final = b"data: [DONE]\n\n"
JSON: Final = json.dumps(
    {
        "id": _ID,
        "object": "chat.completion",
        "created": _CREATED,
        "model": _MODEL,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "Yes.", "refusal": None},
                "logprobs": None,
                "finish_reason": "stop",
            }
        ],
        "usage": {"prompt_tokens": 20, "completion_tokens": 1, "total_tokens": 21},
    },
    separators=(",", ":"),
).encode()
EVENT_STREAM: Final = "text/event-stream; charset=utf-8"
