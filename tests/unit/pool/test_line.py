import asyncio

import pytest

from picoserve.errors import ModelUnavailableError, OverloadedError
from picoserve.pool.line import AGEING_SECONDS, Line, LineLimits, Priority, Waiter

HIGH, STANDARD, LOW = Priority.HIGH, Priority.STANDARD, Priority.LOW


def waiter(
    priority: Priority = STANDARD, since: float = 0.0, *, front: bool = False, tokens: int = 2
) -> Waiter:
    lease = asyncio.get_running_loop().create_future()
    return Waiter("four" * tokens, priority, since, front, lease)


def line_of(*waiters: Waiter, max_jobs: int = 10, max_tokens: int = 0) -> Line:
    line = Line(LineLimits(max_jobs, max_tokens))
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


async def test_line_full_of_tokens_refuses_what_does_not_fit_and_takes_what_does() -> None:
    line = line_of(waiter(tokens=60), max_tokens=100)

    with pytest.raises(OverloadedError) as error:
        line.join(waiter(tokens=41), retry_after=7.0)
    line.join(waiter(tokens=40), retry_after=7.0)

    assert (error.value.limit, error.value.retry_after) == ("max_waiting_tokens", 7.0)
    assert (len(line), line.tokens) == (2, 100)


async def test_prompt_longer_than_the_line_may_wait_alone() -> None:
    line = line_of(waiter(tokens=500), max_tokens=100)

    with pytest.raises(OverloadedError):
        line.join(waiter(tokens=1), retry_after=1.0)

    assert line.tokens == 500


async def test_higher_class_takes_as_many_places_as_its_prompt_needs() -> None:
    oldest, older, young = (waiter(LOW, at, tokens=30) for at in (1.0, 2.0, 3.0))
    line = line_of(oldest, older, young, max_tokens=100)
    newcomer = waiter(HIGH, 9.0, tokens=70)

    line.join(newcomer, retry_after=1.0)

    assert line.ordered(9.0) == [newcomer, oldest]
    assert isinstance(older.lease.exception(), OverloadedError)
    assert isinstance(young.lease.exception(), OverloadedError)


async def test_nobody_is_sent_away_for_a_newcomer_that_does_not_fit_anyway() -> None:
    standard, low = waiter(STANDARD, 1.0, tokens=60), waiter(LOW, 2.0, tokens=30)
    line = line_of(standard, low, max_tokens=100)

    with pytest.raises(OverloadedError):
        line.join(waiter(STANDARD, 9.0, tokens=50), retry_after=1.0)

    assert len(line) == 2
    assert not low.lease.done()


async def test_job_whose_engine_died_is_not_sent_away() -> None:
    moved = waiter(LOW, 1.0, front=True)
    line = line_of(moved, max_jobs=1)

    with pytest.raises(OverloadedError):
        line.join(waiter(HIGH, 9.0), retry_after=1.0)

    assert not moved.lease.done()


@pytest.mark.parametrize(
    ("tokens", "fits"), [([], True), ([500], True), ([60, 40], True), ([60, 41], False)]
)
def test_line_knows_what_it_could_hold(tokens: list[int], fits: bool) -> None:
    line = Line(LineLimits(max_jobs=2, max_tokens=100))

    assert line.could_hold(["four" * count for count in tokens]) is fits
    assert not line.could_hold(["a", "b", "c"])


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
