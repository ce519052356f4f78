"""Fixtures that load the stand-in library; a conftest.py imports what it needs."""

from pathlib import Path

import pytest
from tests.standin.build import build_library


@pytest.fixture(scope="session")
def standin_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled stand-in library, to pass as `library_path` to picollm."""
    # Next to the folders of the single runs, and so kept from one run to the next.
    return build_library(tmp_path_factory.getbasetemp().parent / "standin")
