"""Saved contexts: their files, and what is known of each."""
