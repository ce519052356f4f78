"""Images of requests: where they are, fetching them, and making them what engines read."""
