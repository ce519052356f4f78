import asyncio

import pytest

from picoserve.errors import ModelUnavailableError, OverloadedError
from picoserve.pool.line import AGEING_SECONDS, Line, Priority, Waiter

HIGH, STANDARD, LOW = Priority.HIGH, Priority.STANDARD, Priority.LOW


def waiter(priority: Priority = STANDARD, since: float = 0.0, *, front: bool = False) -> Waiter:
    return Waiter("prompt", priority, since, front, asyncio.get_running_loop().create_future())


def line_of(*waiters: Waiter, max_jobs: int = 10) -> Line:
    line = Line(max_jobs)
    for one in waiters:
        line.join(one, retry_after=1.0)
    return line


async def test_first_come_first_served_within_a_class() -> None:
    first, second, third = (waiter(since=at) for at in (1.0, 2.0, 3.0))

    assert line_of(second, third, first).ordered(4.0) == [first, second, third]


async def test_higher_class_goes_first() -> None:
    low, standard, high = waiter(LOW, 1.0), waiter(STANDARD, 2.0), waiter(HIGH, 3.0)

    assert line_of(low, standard, high).ordered(4.0) == [high, standard, low]


async def test_waiting_long_enough_is_worth_a_class() -> None:
    old, fresh = waiter(LOW, 0.0), waiter(STANDARD, AGEING_SECONDS + 1)

    assert line_of(old, fresh).ordered(AGEING_SECONDS + 1)[0] is old


async def test_job_whose_engine_died_goes_before_everybody() -> None:
    high, moved = waiter(HIGH, 0.0), waiter(LOW, 9.0, front=True)

    assert line_of(high, moved).ordered(100.0) == [moved, high]


async def test_full_line_refuses_an_equal_with_an_estimate() -> None:
    line = line_of(waiter(), waiter(), max_jobs=2)

    with pytest.raises(OverloadedError) as error:
        line.join(waiter(), retry_after=7.0)

    assert error.value.retry_after == 7.0
    assert len(line) == 2


async def test_higher_class_takes_the_place_of_the_youngest_of_the_lowest() -> None:
    standard = waiter(STANDARD, 5.0)
    older, younger = waiter(LOW, 1.0), waiter(LOW, 2.0)
    line = line_of(standard, older, younger, max_jobs=3)
    newcomer = waiter(HIGH, 9.0)

    line.join(newcomer, retry_after=1.0)

    assert line.ordered(9.0) == [newcomer, standard, older]
    assert isinstance(younger.lease.exception(), OverloadedError)


async def test_job_whose_engine_died_finds_a_place_in_a_full_line() -> None:
    line = line_of(waiter(), max_jobs=1)

    line.join(waiter(front=True), retry_after=1.0)

    assert len(line) == 2


async def test_who_leaves_is_gone_and_may_leave_twice() -> None:
    one, other = waiter(), waiter()
    line = line_of(one, other)

    line.leave(one)
    line.leave(one)

    assert line.ordered(0.0) == [other]


async def test_everybody_is_told_when_nobody_can_be_served() -> None:
    one, left = waiter(), waiter()
    line = line_of(one, left)
    left.lease.cancel()

    line.fail_all(ModelUnavailableError("gone"))

    assert len(line) == 0
    assert isinstance(one.lease.exception(), ModelUnavailableError)
