"""The tables [server], [pool] and [log]."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from picoserve.config.table import Seconds, Table


def _usable_host(host: str) -> str:
    if not host or not host.isprintable() or any(sign in host for sign in " /"):
        raise ValueError("should be a host name or an address, such as 127.0.0.1 or ::1")
    return host


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


class ServerSettings(Table):
    """Where the server listens and how it deals with requests."""

    host: Annotated[str, AfterValidator(_usable_host)] = "127.0.0.1"
    """The address to listen on: `0.0.0.0` is all of IPv4, `::` all of IPv6 and no more. Anything
    but loopback needs keys in [auth], or `allow_anonymous`."""

    port: int = Field(default=8080, ge=0, le=65535)
    """The TCP port; 0 takes a free one."""

    allow_anonymous: bool = False
    """Whether a server without keys may be reached from other machines."""

    page: bool = True
    """Whether there is a page at `/` to chat with the models and to watch the engines. The page
    is open; what it asks for needs the key."""

    max_body_bytes: int = Field(default=8 * 1024 * 1024, ge=1024)
    """The largest request body that is read; a larger one is answered with 413."""

    max_header_bytes: int = Field(default=32 * 1024, ge=1024)
    """The largest request line and headers together; larger ones are answered with 431."""

    header_seconds: Seconds = 10.0
    """How long they may take to arrive; then the connection is closed, with 408 if something has
    come."""

    body_seconds: Seconds = 60.0
    """How long a request body may take to arrive; then it is answered with 408."""

    send_seconds: Seconds = 30.0
    """The longest time a client may take nothing of its answer; then its connection is closed and
    its engine is free."""

    keep_alive_seconds: Seconds = 130.0
    """How long a connection stays open between two requests. LiveKit's clients keep theirs for
    120 seconds."""

    max_connections: int = Field(default=512, ge=1)
    """Most open connections. One more closes the one that has been idle longest; where all are
    busy it is answered with 503, but for /health."""

    unknown_fields: Literal["ignore", "reject"] = "ignore"
    """What happens to request fields that nobody knows: "ignore" serves the request and names
    them in the header x-picoserve-ignored, "reject" answers 400."""

    commit_seconds: Seconds = 1.0
    """How long a stream waits for its first event before it answers 200; up to then an error
    still chooses the HTTP status. A third of the client's read timeout, where it names a shorter
    one."""

    ping_seconds: Seconds = 2.0
    """The pause between the comments that keep a silent stream alive. LiveKit's client gives up
    after 5 to 10 silent seconds."""

    drain_seconds: float = Field(default=30.0, ge=0)
    """How long a stopping server lets running requests go on."""


class PoolSettings(Table):
    """The line before the engines, and how patient the pool is with an engine."""

    max_waiting: int = Field(default=256, ge=0)
    """Most requests that wait in one model's line, and as many that wait for their tokens to be
    counted; one more is answered with 503."""

    max_waiting_tokens: int = Field(default=1_000_000, ge=0)
    """Most tokens of the prompts that wait in one model's line, taken as one for every four
    bytes; what would make them more is answered with 503. 0 for no limit."""

    load_seconds: Seconds = 600.0
    """The longest time an engine may take to load its model."""

    interrupt_seconds: Seconds = 10.0
    """The longest time a job may go on after its interrupt; then its worker is replaced.
    Time while a prompt is read does not count: `first_piece_seconds` bounds that."""

    backoff_seconds: Seconds = 0.25
    """The pause before a dead worker is replaced. It doubles with every further death."""

    max_backoff_seconds: Seconds = 30.0
    """The longest such pause."""

    max_failures: int = Field(default=5, ge=1)
    """Deaths within `failure_window_seconds` after which the engine rests."""

    failure_window_seconds: Seconds = 120.0
    """How long a death counts."""

    cool_down_seconds: Seconds = 600.0
    """How long an engine rests then."""

    exit_when_broken: bool = True
    """Whether the server ends with status 3 when every engine rests after repeated deaths, so
    that Docker or Kubernetes starts it afresh. Failures of key, licence, file or device never
    end it."""

    heartbeat_seconds: Seconds = 5.0
    """The pause between two checks of a worker."""

    silence_seconds: Seconds = 20.0
    """The longest time a worker may show no sign of life; then it is replaced. At least twice
    `heartbeat_seconds`, since a worker without a job gives a sign at each check."""

    first_piece_seconds: Seconds = 600.0
    """The longest time from a job's start to its first piece. Long prompts on slow devices need
    minutes."""

    next_piece_seconds: Seconds = 60.0
    """The longest time between two pieces of a reply."""

    max_worker_memory_mib: int = Field(default=0, ge=0)
    """Resident memory in MiB at which a worker is replaced; 0 for no limit."""

    max_wait_seconds: Seconds = 120.0
    """The longest time a request waits in line; then it is answered with 503."""

    @model_validator(mode="after")
    def _checks_come_before_silence(self) -> Self:
        if self.silence_seconds < 2 * self.heartbeat_seconds:
            raise ValueError(
                f"silence_seconds ({self.silence_seconds:g}) should be at least twice "
                f"heartbeat_seconds ({self.heartbeat_seconds:g}), or engines that work are replaced"
            )
        return self


class ImageSettings(Table):
    """What the images of requests may cost."""

    max_bytes: int = Field(default=10 * 1024 * 1024, ge=1024)
    """The largest image file. One inside a request is bounded by `server.max_body_bytes` too, of
    which Base64 takes a third."""

    max_pixels: int = Field(default=40_000_000, ge=1, le=89_000_000)
    """The largest image, before it is scaled down; told by its header, before it is decoded."""

    decode_seconds: Seconds = 10.0
    """The longest time that decoding may take."""

    remote: bool = False
    """Whether images are fetched where a request gives an http(s) address: from public addresses
    only. Whoever may send requests can then have this server ask other hosts."""

    remote_seconds: Seconds = 5.0
    """The longest time that fetching may take, redirects included."""


class LogSettings(Table):
    """What is logged, on standard error."""

    level: Annotated[Literal["debug", "info", "warning", "error"], BeforeValidator(_lower)] = "info"
    """The least important lines that are shown. At `debug` llama.cpp tells of every job, which
    delays its first token; it does so from the start of an engine on."""

    format: Literal["console", "json"] = "console"
    """Text for people, or one JSON object per line."""

    prompts: bool = False
    """Whether prompts and answers are logged, at debug level. They are what people say in
    private."""
