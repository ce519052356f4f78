"""The other end of the wire: what talks to any OpenAI-compatible server."""
