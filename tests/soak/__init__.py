"""Faults, floods and 20,000 requests against a real server, and what they cost, in figures."""
