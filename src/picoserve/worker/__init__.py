"""The child process around one engine: threads, no event loop, nothing of the web."""
