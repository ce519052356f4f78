"""Token ids from llama.cpp's own HTTP listener: xllamacpp has no call for them.

No job's place is taken, so nothing that a place remembers is lost.
"""

import json
import socket
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Final

from typing_extensions import override

from picoserve.engine.engine import EngineError, FailureKind

_SECONDS: Final = 30.0


class _UnixConnection(HTTPConnection):
    """HTTP on a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=_SECONDS)
        self._path = path

    @override
    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(_SECONDS)
        self.sock.connect(str(self._path))


def token_ids(path: Path, key: str, text: str) -> list[int]:
    """The tokens that a job with this prompt begins with.

    Args:
        path: The socket on which llama.cpp listens.
        key: Its API key.

    Raises:
        EngineError: llama.cpp does not answer, or not with tokens.
    """
    body = json.dumps({"content": text, "add_special": True, "parse_special": True})
    connection = _UnixConnection(path)
    try:
        connection.request("POST", "/tokenize", body, {"authorization": f"Bearer {key}"})
        answer = connection.getresponse()
        data = answer.read()
        if answer.status != 200:
            raise EngineError(FailureKind.RUNTIME, f"llama.cpp: no tokens ({answer.status})")
        return [int(token) for token in json.loads(data)["tokens"]]
    except (OSError, HTTPException, ValueError, KeyError) as error:
        raise EngineError(
            FailureKind.RUNTIME, f"llama.cpp: no tokens ({type(error).__name__})"
        ) from error
    finally:
        connection.close()
