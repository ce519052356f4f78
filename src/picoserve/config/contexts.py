"""The table [contexts]: saved contexts of picoLLM engines."""

from pydantic import Field

from picoserve.config.table import OptionalFolder, Table


class ContextSettings(Table):
    """Where the contexts are kept that `POST /v1/contexts` saves, and how many."""

    folder: OptionalFolder = Field(default=None, examples=["contexts"])
    """The folder for their files, made where there is none. Without it no context is saved. The
    files hold what the prompts say; only this server's user may read them."""

    max_count: int = Field(default=32, ge=1)
    """Most contexts; one more is refused."""

    max_mib: int = Field(default=4096, ge=1)
    """Most MiB of all their files together."""
