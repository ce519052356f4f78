import re
import subprocess
import sys
from typing import NamedTuple

CODE = """
import resource
from picoserve.app.open_files import make_room_for
resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))
room = make_room_for({connections}, engines={engines})
print(resource.getrlimit(resource.RLIMIT_NOFILE)[0], room)
"""


class Outcome(NamedTuple):
    """The limit of open files afterwards, for how many connections that is, and what was said."""

    limit: int
    room: int
    said: str


def outcome(*, soft: int, hard: int, connections: int, engines: int = 1) -> Outcome:
    code = CODE.format(soft=soft, hard=hard, connections=connections, engines=engines)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30
    )
    *said, last = done.stdout.splitlines()
    limit, room = last.split()
    return Outcome(int(limit), int(room), "\n".join([*said, done.stderr]))


def test_limit_is_raised_as_far_as_it_is_needed() -> None:
    assert outcome(soft=200, hard=1000, connections=500) == (700, 500, "")
    assert outcome(soft=900, hard=1000, connections=500) == (900, 500, "")
    assert outcome(soft=200, hard=1000, connections=500, engines=4) == (724, 500, "")


def test_where_the_system_allows_too_few_there_are_fewer_connections() -> None:
    limit, room, said = outcome(soft=200, hard=400, connections=500)

    assert limit == 400
    assert 250 < room < 300
    assert "fewer open files are allowed" in said
    assert f"max_connections={room}" in re.sub(r"\x1b\[\d*m", "", said)


def test_there_is_room_for_one_connection_always() -> None:
    assert outcome(soft=64, hard=64, connections=500)[:2] == (64, 1)
