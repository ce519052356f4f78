"""Writes what is generated: config.example.toml and the table of request fields in README.md.

python scripts/write_docs.py
"""

import re
from pathlib import Path
from typing import Final

from picoserve.config.example import example_toml
from picoserve.openai_api.fields import CHAT_FIELDS

ROOT: Final = Path(__file__).parent.parent
FIELDS: Final = re.compile(r"(<!-- fields -->\n).*?(<!-- /fields -->)", re.DOTALL)


def fields_table() -> str:
    """The table of chat completion fields, in Markdown."""
    rows = [f"| `{field.name}` | {field.treatment} | {field.note} |" for field in CHAT_FIELDS]
    return "\n".join(["| field | | |", "| --- | --- | --- |", *rows, ""])


def readme_with_tables(text: str) -> str:
    """The README with its generated parts written anew."""
    return FIELDS.sub(lambda match: match[1] + fields_table() + match[2], text)


def main() -> None:
    """Write the files."""
    (ROOT / "config.example.toml").write_text(example_toml(), encoding="utf-8")
    readme = ROOT / "README.md"
    readme.write_text(readme_with_tables(readme.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
