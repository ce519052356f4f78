"""The spine: a job through the pool and the parsers, as events. Knows no HTTP and no OpenAI."""
