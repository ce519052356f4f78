"""Servers that do nothing but answer: what HTTP itself costs on this machine."""
