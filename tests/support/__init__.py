"""Helpers that tests share: running servers, ports, waiting."""
