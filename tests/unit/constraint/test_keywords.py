import itertools

import pytest

from picoserve.constraint import SchemaError, keywords
from picoserve.constraint.samples import FORMATS
from picoserve.constraint.schema import prepare_schema


def test_each_keyword_is_in_one_group() -> None:
    groups = (
        keywords.MAPS, keywords.LISTS, keywords.SINGLES, keywords.PLAIN, keywords.DEFERRED,
        keywords.UNSUPPORTED,
    )  # fmt: skip
    for one, other in itertools.combinations(groups, 2):
        assert not one & other
    assert keywords.SMALL | keywords.LARGE <= keywords.PLAIN


def test_every_format_has_a_sample() -> None:
    assert set(FORMATS) == keywords.FORMATS


@pytest.mark.parametrize("keyword", sorted(keywords.UNSUPPORTED))
def test_every_unsupported_keyword_is_named(keyword: str) -> None:
    with pytest.raises(SchemaError) as caught:
        prepare_schema({"properties": {"a": {keyword: {}}}}, strict=True)

    assert caught.value.path == f"properties.a.{keyword}"
