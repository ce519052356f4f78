import pytest

from picoserve.engine.engine import EngineInfo
from picoserve.generation import Job
from picoserve.worker.jobs import JobTable
from picoserve.worker.messages import Accepted, Generate, Piece, Ready, Report

JOB = Job("prompt")
INFO = EngineInfo("model", "1", 2048, 1, "cpu:1")


def table() -> tuple[JobTable, list[Report]]:
    sent: list[Report] = []
    return JobTable(sent.append), sent


def test_commands_are_taken_in_order() -> None:
    jobs, _ = table()
    commands = [Generate(number, JOB) for number in (1, 2, 3)]
    for command in commands:
        jobs.put(command)

    assert [jobs.take() for _ in commands] == commands


def test_running_job_sends_what_its_engine_says() -> None:
    jobs, sent = table()
    jobs.put(Generate(1, JOB))
    job = jobs.begin(1)

    job.engine_changed(INFO)
    job.accepted(5, 2)
    job.piece(b"x")

    assert sent == [Ready(INFO), Accepted(1, 5, 2), Piece(1, b"x")]


def test_cancelled_job_says_nothing_more() -> None:
    jobs, sent = table()
    jobs.put(Generate(1, JOB))
    job = jobs.begin(1)

    jobs.cancel(1)
    job.piece(b"x")

    assert job.cancelled
    assert sent == []


def test_job_cancelled_before_it_begins_is_still_cancelled_then() -> None:
    jobs, _ = table()
    jobs.put(Generate(1, JOB))
    jobs.cancel(1)

    assert jobs.begin(1).cancelled


def test_interrupt_is_only_for_a_cancelled_job_that_runs() -> None:
    jobs, _ = table()
    interrupts: list[int] = []

    def interrupt() -> None:
        interrupts.append(1)

    jobs.put(Generate(1, JOB))
    jobs.put(Generate(2, JOB))
    jobs.begin(1)
    jobs.cancel(2)
    assert not jobs.interrupt_cancelled(interrupt)
    jobs.cancel(1)
    assert jobs.interrupt_cancelled(interrupt)
    jobs.end(1)
    assert not jobs.interrupt_cancelled(interrupt)
    jobs.begin(2)
    assert jobs.interrupt_cancelled(interrupt)
    assert interrupts == [1, 1]


@pytest.mark.parametrize("number", [1, 99])
def test_cancelling_a_job_that_is_gone_does_nothing(number: int) -> None:
    jobs, _ = table()
    jobs.put(Generate(1, JOB))
    jobs.begin(1)
    jobs.end(1)

    jobs.cancel(number)

    assert not jobs.interrupt_cancelled(lambda: None)


def test_stop_cancels_everything_and_ends_every_thread() -> None:
    jobs, _ = table()
    jobs.put(Generate(1, JOB))
    running = jobs.begin(1)
    jobs.take()

    jobs.stop()

    assert running.cancelled
    assert [jobs.take() for _ in range(3)] == [None] * 3
