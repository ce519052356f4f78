"""OpenAI's JSON as data: requests in, responses and chunks out. No behaviour but encoding."""
