"""Starts the server of an image from its root folder, as a container engine would, and asks it.

Called by `image-check.sh` with the root, the image's description by buildah, and a port. The
server is process 1 of its own process space, runs as the image's user with the image's
environment and command line, and has to end with status 0 on the image's stop signal.
"""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any, Final

READY_SECONDS: Final = 120.0
STOP_SECONDS: Final = 45.0
KEY: Final = "a-key-for-the-check"


class Image:
    """An image whose root folder is mounted."""

    def __init__(self, root: Path, description: dict[str, Any]) -> None:
        self.root = root
        self.config = description["Docker"]["config"]

    def has(self, pattern: str) -> bool:
        """Whether something in the image matches."""
        return any(True for _ in self.root.glob(pattern))

    def start(self, command: list[str], **variables: str) -> subprocess.Popen[bytes]:
        """Run a command inside, in a process space of its own."""
        environment = dict(pair.split("=", 1) for pair in self.config["Env"]) | variables
        script = (
            'mount -t proc proc "$1/proc" && mount --bind /dev "$1/dev" && root=$1 user=$2 '
            '&& shift 2 && exec chroot --userspec="$user" "$root" "$@"'
        )
        inside = ["/bin/sh", "-c", f'cd {self.config["WorkingDir"]} && exec "$@"', "-"]
        return subprocess.Popen(
            [
                "unshare", "--mount", "--pid", "--fork", "--kill-child",
                "sh", "-c", script, "-", str(self.root), self.config["User"], *inside, *command,
            ],
            env=environment,
        )  # fmt: skip

    def health_status(self, port: str) -> int:
        """The exit status of the image's own health check."""
        command = self.config["Healthcheck"]["Test"]
        assert command[0] == "CMD", "the health check needs no shell"
        return self.start(command[1:], PICOSERVE_SERVER__PORT=port).wait(20)


def ask(url: str, *, key: str = "", body: object = None) -> tuple[int, Any]:
    """Status and JSON of an answer; status 0 while nobody listens."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"authorization": f"Bearer {key}"})
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)
    except OSError:
        return 0, None


def wait_until_ok(url: str, server: subprocess.Popen[bytes]) -> float:
    """Seconds until the server answered with 200."""
    began = time.monotonic()
    while ask(url)[0] != 200:
        assert server.poll() is None, "the server has ended"
        assert time.monotonic() - began < READY_SECONDS, "not in time"
        time.sleep(0.1)
    return time.monotonic() - began


def first_child(pid: int) -> int:
    """The only child of a process: process 1 of the space that `unshare` has made."""
    return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])


def check_answers(image: Image, url: str, port: str) -> None:
    """Strangers stay out, a key opens, the model answers."""
    chat = f"{url}/v1/chat/completions"
    body = {"model": "picoserve-tiny", "messages": [{"role": "user", "content": "Hello!"}]}
    assert image.health_status(port) == 0, "the health check fails"
    status, _ = ask(chat, key=KEY, body=body)
    assert status == 401, f"a stranger got {status}"
    keys = image.root / image.config["WorkingDir"].lstrip("/") / "keys.txt"
    keys.write_text(f"{KEY}\n")
    status, answer = ask(chat, key=KEY, body=body)
    assert status == 200, answer
    report(f"a stranger gets 401, a key gets: {answer['choices'][0]['message']['content']!r}")


def check_without_llamacpp(image: Image, url: str, port: str) -> None:
    """The shipped model has no engine here, and health says so."""
    deadline = time.monotonic() + READY_SECONDS
    while "failed" not in (states := [row["state"] for row in ask(f"{url}/health")[1]["engines"]]):
        assert time.monotonic() < deadline, states
        time.sleep(0.1)
    assert image.health_status(port) != 0, "healthy without an engine"
    report(f"no llama.cpp: {ask(f'{url}/health')[1]['engines'][0]['problem']}")


def check(image: Image, port: str) -> None:
    """Start, ask, stop."""
    url = f"http://127.0.0.1:{port}"
    tools = [name for name in ("cc", "gcc", "clang", "make") if image.has(f"usr/bin/{name}")]
    assert not tools, f"{tools} have no place in the image"
    has_llamacpp = image.has("opt/picoserve/lib/python3*/site-packages/xllamacpp")
    command = [*image.config["Entrypoint"], *image.config["Cmd"]]
    server = image.start(command, PICOSERVE_SERVER__PORT=port)
    try:
        path = "ready" if has_llamacpp else "live"
        report(f"{path} after {wait_until_ok(f'{url}/health/{path}', server):.1f} s")
        process = first_child(server.pid)
        owner = Path(f"/proc/{process}").stat().st_uid
        assert owner != 0, "the server runs as root"
        report(f"runs as user {owner}")
        (check_answers if has_llamacpp else check_without_llamacpp)(image, url, port)
        os.kill(process, signal.Signals[image.config.get("StopSignal", "SIGTERM")])
        status = server.wait(STOP_SECONDS)
        assert status == 0, f"ended with status {status}"
        report("ended with status 0 on its stop signal")
    finally:
        server.kill()


def report(line: str) -> None:
    """Tell the person who waits."""
    sys.stdout.write(f"   {line}\n")
    sys.stdout.flush()


def main() -> None:
    """Check the image that the arguments name."""
    root, description, port = sys.argv[1:]
    check(Image(Path(root), json.loads(Path(description).read_text())), port)


if __name__ == "__main__":
    main()
