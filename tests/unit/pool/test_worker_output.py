from typing import Any

import pytest
from structlog.testing import capture_logs

from picoserve.pool.worker_output import WorkerOutput


def logged(*lines: str, secret: str = "") -> list[Any]:
    """The log lines that these lines of output become."""
    output = WorkerOutput("engine-7", secret)
    with capture_logs() as entries:
        for line in lines:
            output.take(line)
    return list(entries)


@pytest.mark.parametrize(
    ("line", "level"),
    [
        ("0.00.006.788 I srv          init: loading model", "debug"),
        ("0.00.006.788 W load: special token is not marked", "warning"),
        ("0.00.006.788 E srv    load_model: failed to load model", "error"),
        ("0.04.410.259 W slot   operator(): id  3 | task 6 | n_past was set to 9", "debug"),
        ("a line of no known form with E in it", "debug"),
        ("/src/ggml.c:12: GGML_ASSERT(ok) failed", "error"),
    ],
)
def test_a_line_keeps_the_importance_that_its_writer_gave_it(line: str, level: str) -> None:
    (entry,) = logged(line + "\n")

    assert (entry["log_level"], entry["engine"], entry["line"]) == (level, "engine-7", line)


def test_a_crash_report_is_an_error_to_its_last_line() -> None:
    entries = logged(
        "Fatal Python error: Segmentation fault",
        "",
        "Current thread 0x01 (most recent call first):",
        '  File "worker.py", line 3 in run',
        "0.00.006.788 I srv: an ordinary line",
    )

    assert [entry["log_level"] for entry in entries] == ["error", "error", "error", "debug"]


def test_no_line_shows_the_secret() -> None:
    (entry,) = logged("activating the-access-key== failed", secret="the-access-key==")

    assert entry["line"] == "activating *** failed"
