"""What differs between two configurations."""

from collections.abc import Iterator

from picoserve.config.schema import Location, spelled
from picoserve.config.table import Table


def changed_keys(old: Table, new: Table) -> list[str]:
    """The keys whose values differ, as a person writes them; a list of tables is one key."""
    return [spelled(place) for place in _changed(old, new, ())]


def _changed(old: Table, new: Table, place: Location) -> Iterator[Location]:
    for name in type(old).model_fields:
        before, after = getattr(old, name), getattr(new, name)
        if before == after:
            continue
        if isinstance(before, Table) and isinstance(after, Table):
            yield from _changed(before, after, (*place, name))
        else:
            yield (*place, name)
