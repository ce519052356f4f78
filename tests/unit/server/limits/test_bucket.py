import pytest
from tests.support.server import wait_until

from picoserve.server.limits.bucket import Bucket


def test_full_bucket_gives_all_it_has_at_once() -> None:
    bucket = Bucket(60)

    assert bucket.seconds_until(60) == 0
    bucket.take(60)
    assert 0.9 < bucket.seconds_until(1) <= 1
    assert 59 < bucket.seconds_until(60) <= 60


def test_what_is_owed_has_to_come_back_first() -> None:
    bucket = Bucket(60)
    bucket.take(90)

    assert bucket.level < 0
    assert 30 < bucket.seconds_until(1) <= 31


def test_bucket_fills_by_itself_and_never_beyond_its_size() -> None:
    bucket = Bucket(600_000, used=1000)
    assert not bucket.is_full

    wait_until(lambda: bucket.is_full)

    assert bucket.level == 600_000
    bucket.take(-5)
    assert bucket.level == 600_000


@pytest.mark.parametrize("used", [0, 3, 10, 25])
def test_bucket_may_begin_with_a_part_used(used: int) -> None:
    assert Bucket(10, used).level == pytest.approx(10 - used, abs=0.1)
