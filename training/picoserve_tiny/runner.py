"""Completions from a GGUF file through llama.cpp, as the server gets them."""

import json
import urllib.request
from pathlib import Path
from typing import Any

import xllamacpp

Answer = dict[str, Any]


class Runner:
    """A loaded model that answers prompts one by one, without chance."""

    def __init__(self, path: Path, *, threads: int = 1, context: int = 2048) -> None:
        options = xllamacpp.CommonParams()
        options.model.path = str(path)
        options.n_ctx = context
        options.n_parallel = 1
        options.cpuparams.n_threads = threads
        options.cpuparams_batch.n_threads = threads
        options.warmup = False
        options.verbosity = 2  # warnings: the figures stand alone
        self._server = xllamacpp.Server(options)

    def complete(self, prompt: str, limit: int = 200) -> tuple[str, bool, Answer]:
        """The text that follows, whether it ended by itself, and llama.cpp's timings."""
        pieces: list[str] = []
        last: Answer = {}

        def take(answer: Answer) -> bool:
            last.clear()
            last.update(answer)
            pieces.extend(choice["text"] for choice in answer.get("choices", ()))
            return False

        request = {"prompt": prompt, "n_predict": limit, "temperature": 0.0, "stream": True}
        self._server.handle_completions(request, take)
        if "error" in last:
            raise RuntimeError(last["error"]["message"])
        ended = last["choices"][0]["finish_reason"] == "stop"
        return "".join(pieces), ended, last.get("timings", {})

    def tokens(self, text: str) -> list[int]:
        """The numbers of a text's tokens, control tokens included."""
        body = json.dumps({"content": text, "parse_special": True}).encode()
        request = urllib.request.Request(f"{self._server.listening_address}/tokenize", body)  # noqa: S310
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            return [int(token) for token in json.load(answer)["tokens"]]
