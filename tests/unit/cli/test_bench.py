import json
from pathlib import Path

from tests.support.command_line import picoserve
from tests.support.server import RunningServer


def test_a_load_test_prints_a_table_and_writes_numbers_and_a_chart(
    server: RunningServer, tmp_path: Path
) -> None:
    numbers, chart = tmp_path / "numbers.json", tmp_path / "chart.html"

    result = picoserve(
        *("bench", "--base-url", server.base_url, "-n", "6", "-c", "2", "--max-tokens", "5"),
        *("--prompt-tokens", "8", "--goodput", "ttft:60000", "--json", str(numbers)),
        *("--html", str(chart)),
    )

    assert result.returncode == 0, result.stderr
    assert "Time to first token (TTFT)" in result.stdout
    assert "\x1b[" not in result.stdout + result.stderr
    measured = json.loads(numbers.read_text())
    assert measured["completed"] == 6
    assert measured["request_goodput"] == measured["request_throughput"]
    assert {"p50_ttft_ms", "p90_tpot_ms", "p99_itl_ms", "mean_e2el_ms"} <= measured.keys()
    assert "<svg" in chart.read_text()


def test_a_load_that_nobody_answers_ends_with_status_1(server: RunningServer) -> None:
    result = picoserve("bench", "--base-url", server.base_url, "-n", "2", "--model", "nobody")

    assert result.returncode == 1
    assert "2 x HTTP 404" in result.stderr


def test_a_limit_that_is_none_is_a_wrong_call() -> None:
    for limit in ("ttft", "ttft:x", "speed:3"):
        result = picoserve("bench", "--goodput", limit)
        assert result.returncode == 2
        assert "ttft:MS" in result.stderr


def test_a_file_that_cannot_be_written_is_told_before_the_load(tmp_path: Path) -> None:
    for option in ("--json", "--html"):
        nobody = ("--base-url", "http://127.0.0.1:9")
        result = picoserve("bench", *nobody, option, str(tmp_path / "gone/file"))
        assert result.returncode == 2
        assert "cannot be written" in result.stderr
