"""`config.example.toml`, written from the settings classes and the text under each of their keys.

Lines that begin with `# ` are words; lines that begin with `#` and a key become settings once
the sign is taken away.
"""

import json
import textwrap
from typing import Final

from pydantic_core import PydanticUndefined

from picoserve.config.environment import PREFIX, variable_name
from picoserve.config.schema import Key, keys_of, spelled
from picoserve.config.settings import Settings
from picoserve.config.table import Table

_WIDTH: Final = 98
_HEAD: Final = (
    "The configuration of picoserve: every key with its default, or with an example where there "
    "is none. Printed by `picoserve config example` and read by `picoserve serve --config FILE`.",
    "Every key can also be set in the environment: server.port is "
    f"{variable_name(('server', 'port'))}; lists and tables are given as JSON. The environment "
    "wins over the file, and the command line over both. A key or a variable beginning with "
    f"{PREFIX} that names nothing is an error.",
)


def example_toml() -> str:
    """The text of `config.example.toml`."""
    head = "#\n".join(_words(paragraph) for paragraph in _HEAD)
    return f"{head}\n{_keys(Settings, (), within_list=False)}".rstrip("\n") + "\n"


def _keys(table: type[Table], prefix: tuple[str, ...], *, within_list: bool) -> str:
    """The plain keys of a table first, as TOML wants, then the tables in it."""
    keys = keys_of(table, prefix)
    plain = [_key(key) for key in keys if not (key.table or key.items)]
    tables = [_table(key, within_list=within_list) for key in keys if key.table or key.items]
    return "".join(plain + tables)


def _key(key: Key) -> str:
    return f"{_words(key.field.description)}#{key.name} = {_toml(_shown_value(key))}\n\n"


def _table(key: Key, *, within_list: bool) -> str:
    name = spelled(key.path)
    # A table inside a list of tables exists only where its list does, so its header is optional.
    optional = within_list or key.items is not None
    header = f"[[{name}]]" if key.items else f"[{name}]"
    inner = key.items or key.table
    body = _keys(inner, key.path, within_list=optional) if inner else ""
    return f"{_words(key.field.description)}{'#' if optional else ''}{header}\n\n{body}"


def _shown_value(key: Key) -> object:
    """The default; where there is none worth showing, an example."""
    if key.field.examples:
        return key.field.examples[0]
    default = key.field.default
    return "" if default is PydanticUndefined else default


def _words(description: str | None) -> str:
    text = " ".join((description or "").split())
    return "".join(f"# {line}\n" for line in textwrap.wrap(text, _WIDTH))


def _toml(value: object) -> str:
    if isinstance(value, tuple | list):
        return f"[{', '.join(_toml(item) for item in value)}]"
    if value is None:
        raise TypeError("TOML has no null; give the key an example")
    return json.dumps(value, ensure_ascii=False)
