"""What all tables of the configuration have in common, and the marks that their keys carry."""

from enum import Enum, auto
from pathlib import Path
from typing import Annotated

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
)


class Mark(Enum):
    """What a loader has to know of a key beyond its type."""

    RELATIVE = auto()
    """A path; a relative one starts at the folder of the file that says it."""

    RELATIVE_TEMPLATE = auto()
    """Like RELATIVE where it is a path at all; a family's name or Jinja text stays as it is."""


class Table(BaseModel):
    """A table of the configuration: frozen, and it takes no key that it does not know."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        use_attribute_docstrings=True,
        hide_input_in_errors=True,
        allow_inf_nan=False,
    )

    @field_validator("*", mode="before")
    @classmethod
    def _no_boolean_is_a_number(cls, value: object, info: ValidationInfo) -> object:
        field = cls.model_fields[str(info.field_name)]
        if isinstance(value, bool) and field.annotation is not bool:
            raise ValueError("should not be true or false")
        return value


def _usable_path(path: Path | None) -> Path | None:
    if path is not None and (path == Path() or "\0" in str(path)):
        raise ValueError("should name a file")
    return path


def _usable_folder(path: Path | None) -> Path | None:
    if path is not None and "\0" in str(path):
        raise ValueError("should name a folder")
    return path


File = Annotated[Path, AfterValidator(_usable_path), Mark.RELATIVE]
OptionalFile = Annotated[Path | None, AfterValidator(_usable_path), Mark.RELATIVE]
OptionalFolder = Annotated[Path | None, AfterValidator(_usable_folder), Mark.RELATIVE]
Seconds = Annotated[float, Field(gt=0)]


def read_text_file(path: Path, *, max_bytes: int = 1 << 20) -> str:
    """The text of a small file that the configuration names.

    Raises:
        ValueError: It cannot be read; the message names the file and the reason.
    """
    try:
        with path.open("rb") as file:
            data = file.read(max_bytes + 1)
    except OSError as error:
        raise ValueError(f"'{path}' cannot be read: {error.strerror}") from error
    if len(data) > max_bytes:
        raise ValueError(f"'{path}' is larger than {max_bytes} bytes")
    try:
        # Editors on Windows begin a file with a byte-order mark.
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise ValueError(f"'{path}' is not text in UTF-8") from None
