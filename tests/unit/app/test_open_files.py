import subprocess
import sys

CODE = """
import resource
from picoserve.app.open_files import make_room_for
resource.setrlimit(resource.RLIMIT_NOFILE, ({soft}, {hard}))
make_room_for({connections})
print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


def limit_after(*, soft: int, hard: int, connections: int) -> tuple[int, str]:
    """The limit of open files afterwards, and what was said."""
    code = CODE.format(soft=soft, hard=hard, connections=connections)
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30
    )
    *said, limit = done.stdout.splitlines()
    return int(limit), "\n".join([*said, done.stderr])


def test_limit_is_raised_as_far_as_it_is_needed() -> None:
    assert limit_after(soft=200, hard=1000, connections=500) == (756, "")
    assert limit_after(soft=900, hard=1000, connections=500) == (900, "")


def test_system_that_allows_too_few_is_told_of() -> None:
    limit, said = limit_after(soft=200, hard=400, connections=500)

    assert limit == 400
    assert "fewer open files are allowed" in said
