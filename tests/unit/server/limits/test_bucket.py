import pytest
from tests.support.server import wait_until
from tests.unit.server.limits.refill import Refill

from picoserve.server.limits.bucket import Bucket


def test_full_bucket_gives_all_it_has_at_once() -> None:
    refill, bucket = Refill(), Bucket(60)

    assert bucket.seconds_until(60) == 0
    bucket.take(60)
    assert 0 <= 1 - bucket.seconds_until(1) <= refill.seconds
    assert 0 <= 60 - bucket.seconds_until(60) <= refill.seconds


def test_what_is_owed_has_to_come_back_first() -> None:
    refill, bucket = Refill(), Bucket(60)
    bucket.take(90)

    assert 0 <= bucket.level + 30 <= refill.most(60)
    assert 0 <= 31 - bucket.seconds_until(1) <= refill.seconds


def test_bucket_fills_by_itself_and_never_beyond_its_size() -> None:
    refill, bucket = Refill(), Bucket(600_000, used=1000)
    assert 0 <= bucket.level - 599_000 <= refill.most(600_000)

    wait_until(lambda: bucket.is_full)

    assert refill.most(600_000) >= 999
    assert bucket.level == 600_000
    bucket.take(-5)
    assert bucket.level == 600_000


@pytest.mark.parametrize("used", [0, 3, 10, 25])
def test_bucket_may_begin_with_a_part_used(used: int) -> None:
    refill = Refill()

    assert 0 <= Bucket(10, used).level - (10 - used) <= refill.most(10)
