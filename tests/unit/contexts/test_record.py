"""What a record knows of its prompt."""

from picoserve.contexts.record import ContextRecord, digest_of


def record_of(beginning: str) -> ContextRecord:
    return ContextRecord(
        id="ctx_" + "0" * 24,
        model="m",
        name="n",
        created=1,
        prompt_tokens=2,
        bytes=3,
        characters=len(beginning),
        digest=digest_of(beginning),
        identity="i",
    )


def test_a_prompt_begins_with_it_only_where_it_goes_on() -> None:
    record = record_of("Grüße. ")

    assert record.begins("Grüße. Und mehr")
    assert not record.begins("Grüße. ")
    assert not record.begins("Grüsse. Und mehr")
    assert not record.begins("")


def test_it_holds_just_its_own_beginning() -> None:
    record = record_of("Hello")

    assert record.holds("Hello")
    assert not record.holds("Hello!")
    assert not record.holds("Hallo")
