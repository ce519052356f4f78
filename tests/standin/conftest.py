"""Lends the stand-in library to its own tests."""

from tests.standin.fixtures import standin_library

__all__ = ["standin_library"]
