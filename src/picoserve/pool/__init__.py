"""The server's side of the worker processes: the line, the leases, one handle per worker."""
