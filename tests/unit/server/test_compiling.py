import asyncio
import threading

import pytest

from picoserve.server.compiling import CompileDesk


async def test_caller_whose_work_takes_long_holds_up_only_itself() -> None:
    desk, go_on = CompileDesk(), threading.Event()
    slow = asyncio.create_task(desk.run("a", go_on.wait))
    behind = asyncio.create_task(desk.run("a", lambda: "behind"))

    for number in range(5):
        assert await desk.run("b", lambda number=number: number) == number  # type: ignore[misc]

    assert not behind.done()
    go_on.set()
    assert (await slow, await behind) == (True, "behind")


async def test_turn_lasts_as_long_as_the_thread_though_its_task_is_cancelled() -> None:
    desk, go_on, begun = CompileDesk(), threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        go_on.wait()

    left = asyncio.create_task(desk.run("a", work))
    while not begun.is_set():
        await asyncio.sleep(0)
    left.cancel()
    again = asyncio.create_task(desk.run("a", lambda: "again"))
    assert await desk.run("b", lambda: "other") == "other"

    assert not again.done()
    go_on.set()
    assert await again == "again"


async def test_work_of_those_who_leave_the_line_is_not_done() -> None:
    desk, go_on = CompileDesk(), threading.Event()
    done: list[int] = []
    slow = asyncio.create_task(desk.run("a", go_on.wait))
    waiting = [asyncio.create_task(desk.run("a", lambda: done.append(1))) for _ in range(9)]
    await asyncio.sleep(0)
    for task in waiting:
        task.cancel()
    go_on.set()

    await slow
    assert await desk.run("a", lambda: "last") == "last"
    assert done == []


async def test_error_of_the_work_is_that_of_the_caller() -> None:
    desk = CompileDesk()

    with pytest.raises(ZeroDivisionError):
        await desk.run("a", lambda: 1 // 0)
    assert await desk.run("a", lambda: 1) == 1
