"""The settings classes as a list of keys: paths, fields, tables within tables."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import get_args, get_origin

from pydantic.fields import FieldInfo

from picoserve.config.table import Table

Path = tuple[str, ...]
Location = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Key:
    """One key of the configuration.

    Attributes:
        path: Names from the top (`("server", "port")`); those in a list of tables carry no index.
        table: The table's class where the key holds a table.
        items: The class of the tables where the key holds a list of them.
    """

    path: Path
    field: FieldInfo
    table: type[Table] | None
    items: type[Table] | None

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path[-1]

    @property
    def is_list(self) -> bool:
        """Whether the key holds nothing but a list."""
        return get_origin(self.field.annotation) is tuple


def keys_of(table: type[Table], prefix: Path = ()) -> list[Key]:
    """The keys directly in a table, in their order."""
    keys = []
    for name, field in table.model_fields.items():
        items = get_args(field.annotation)
        keys.append(
            Key(
                path=(*prefix, name),
                field=field,
                table=_as_table(field.annotation),
                items=_as_table(items[0]) if items else None,
            )
        )
    return keys


def all_keys(
    table: type[Table], prefix: Path = (), *, through_lists: bool = False
) -> Iterator[Key]:
    """The keys of a table and of the tables in it, each before what it contains."""
    for key in keys_of(table, prefix):
        yield key
        inner = key.table or (key.items if through_lists else None)
        if inner is not None:
            yield from all_keys(inner, key.path, through_lists=through_lists)


def table_at(root: type[Table], location: Location) -> type[Table] | None:
    """The class of the table at a place, indexes included; None where there is none."""
    table: type[Table] | None = root
    for part in location:
        if isinstance(part, int):
            continue
        found = next((key for key in keys_of(table) if key.name == part), None) if table else None
        table = (found.table or found.items) if found else None
    return table


def spelled(location: Location) -> str:
    """A place as a person writes it: `models[0].path`."""
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.removeprefix(".")


def _as_table(annotation: object) -> type[Table] | None:
    return annotation if isinstance(annotation, type) and issubclass(annotation, Table) else None
