"""Traces of requests, for OpenTelemetry. The only room that knows its packages."""
