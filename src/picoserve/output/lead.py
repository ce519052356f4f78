"""What a model writes between the end of a prompt and its first word; nobody wants to see it."""


class LeadFilter:
    """Drops a lead where a reply begins with it, however it is cut into pieces.

    Bytes are held back while they could be its beginning.

    Attributes:
        dropped: What was dropped: the lead, or nothing.
    """

    def __init__(self, lead: str) -> None:
        self._lead = lead.encode()
        self._held = b""
        self.dropped = b""

    def feed(self, data: bytes) -> bytes:
        """Take bytes; returns what does not belong to the lead for certain."""
        if not self._lead:
            return data
        data = self._held + data
        self._held = b""
        if data.startswith(self._lead):
            self.dropped = self._lead
        elif self._lead.startswith(data):
            self._held = data
            return b""
        self._lead = b""
        return data[len(self.dropped) :]

    def finish(self) -> bytes:
        """No more bytes come: what was held back was no lead."""
        held, self._held, self._lead = self._held, b"", b""
        return held
