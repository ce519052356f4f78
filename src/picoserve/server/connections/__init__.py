"""What one connection may take: its place among the others, time and space for a request."""
