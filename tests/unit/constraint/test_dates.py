import datetime
import re

import pytest

from picoserve.constraint.dates import PATTERNS


@pytest.mark.parametrize("year", [1, 4, 100, 400, 1900, 1999, 2000, 2023, 2024, 9999])
def test_the_date_pattern_agrees_with_pythons_calendar(year: int) -> None:
    for month in range(14):
        for day in range(33):
            text = f"{year:04}-{month:02}-{day:02}"
            try:
                datetime.date.fromisoformat(text)
                exists = True
            except ValueError:
                exists = False
            assert bool(re.search(PATTERNS["date"], text)) == exists, text


def test_year_zero_and_second_sixty_do_not_exist() -> None:
    assert not re.search(PATTERNS["date"], "0000-01-01")
    assert not re.search(PATTERNS["time"], "23:59:60Z")
    assert re.search(PATTERNS["date-time"], "2024-02-29T23:59:59.123456+02:00")
