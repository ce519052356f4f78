"""Settings from environment variables: `PICOSERVE_SERVER__PORT` is `server.port`."""

import difflib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from picoserve.config.schema import Key, all_keys
from picoserve.config.settings import ACCESS_KEY_VARIABLE, Settings

PREFIX: Final = "PICOSERVE_"
CONFIG_VARIABLE: Final = "PICOSERVE_CONFIG"
# The key with which `chat`, `bench` and `status` ask a server.
CLIENT_KEY_VARIABLE: Final = "PICOSERVE_API_KEY"
_NO_SETTINGS: Final = frozenset({CONFIG_VARIABLE, CLIENT_KEY_VARIABLE})

# Kubernetes puts such variables into every container beside a service whose name begins with
# "picoserve". They are nobody's settings.
_SERVICE: Final = re.compile(
    r"PICOSERVE_(?!\w*__)(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT(_\d+_\w+)?)"
)


@dataclass(frozen=True, slots=True)
class Said:
    """A value that a variable gives to a key."""

    variable: str
    path: tuple[str, ...]
    value: object


def read_environment(environ: Mapping[str, str]) -> tuple[list[Said], list[str]]:
    """The values that the environment gives, outer tables first, and a line per problem.

    An empty variable counts as unset, as compose files leave them.
    """
    keys = {variable_name(key.path): key for key in all_keys(Settings)}
    said, problems = [], []
    variables: dict[str, str] = {}
    for variable, text in sorted(environ.items()):
        name = variable.upper()
        if not name.startswith(PREFIX) or name in _NO_SETTINGS or not text:
            continue
        if (first := variables.setdefault(name, variable)) != variable:
            problems.append(f"environment: {variable}: says the same as {first}; unset one of them")
            continue
        try:
            key = _key(name, text, keys)
            if key is not None:
                said.append(Said(variable, key.path, _value(key, text)))
        except ValueError as error:
            problems.append(f"environment: {variable}: {error}")
    return sorted(said, key=lambda one: len(one.path)), problems


def variable_name(path: tuple[str, ...]) -> str:
    """The variable that sets a key."""
    return PREFIX + "__".join(path).upper()


def _key(name: str, text: str, keys: Mapping[str, Key]) -> Key | None:
    """The key that a variable sets; None for a variable that is not meant for settings.

    Raises:
        ValueError: There is no such key.
    """
    if name in keys:
        return keys[name]
    if _SERVICE.fullmatch(name) and (not name.endswith("_PORT") or "://" in text):
        return None
    if name == f"{PREFIX}ACCESS_KEY":
        raise ValueError(f"no such setting; the AccessKey's variable is {ACCESS_KEY_VARIABLE}")
    for variable, key in keys.items():
        if key.is_list and name.startswith(f"{variable}__"):
            raise ValueError(f"a list has no variables of its own; give it as JSON in {variable}")
    last_part = f"__{name.removeprefix(PREFIX)}"
    nearest = [variable for variable in keys if variable.endswith(last_part)]
    nearest += difflib.get_close_matches(name, keys, n=1, cutoff=0.5)
    raise ValueError("no such setting" + (f"; did you mean {nearest[0]}?" if nearest else ""))


def _value(key: Key, text: str) -> object:
    """The variable's text, read as JSON where the key holds a table or a list.

    Raises:
        ValueError: It is not JSON.
    """
    if not (key.is_list or key.table):
        return text
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        kind = "list" if key.is_list else "table"
        raise ValueError(f"should be a {kind} in JSON") from None
    return value
