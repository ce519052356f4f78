"""picoserve: an OpenAI-compatible HTTP server over a pool of local engines.

A request walks down the rooms and its answer walks back up:

    server      HTTP: routes, auth, errors, event streams
    openai_api  OpenAI's JSON as data: requests, responses, chunks
    prompt      messages → the text an engine reads
    pipeline    the spine: a job through the pool and the parsers, as events
    pool        the line, the leases, one handle per worker process
    worker      the child process around one engine
    engine      what runs the model: picoLLM, llama.cpp
    output      engine text → events
    constraint  what JSON may still follow

This module imports nothing: every worker process imports it.
"""

__version__ = "0.1.0"
