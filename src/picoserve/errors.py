"""The error tree. Each class carries its HTTP face: status, type, code, param.

    PicoserveError                   500 server_error
    ├── InvalidRequestError          400 invalid_request_error
    │   ├── UnsupportedParameterError    unsupported_parameter
    │   ├── UnsupportedValueError        unsupported_value
    │   ├── UnknownParameterError        unknown_parameter
    │   ├── ContextLengthError           context_length_exceeded
    │   └── ContextsFullError            contexts_full
    ├── AuthenticationError          401 invalid_request_error
    ├── NotFoundError                404 invalid_request_error
    │   └── ModelNotFoundError           model_not_found
    ├── MethodNotAllowedError        405 invalid_request_error
    ├── RequestTimeoutError          408 invalid_request_error
    ├── PayloadTooLargeError         413 invalid_request_error
    ├── UnsupportedMediaTypeError    415 invalid_request_error
    ├── RateLimitError               429 rate_limit_error
    ├── HeadersTooLargeError         431 invalid_request_error
    ├── UnavailableError             503 service_unavailable_error
    │   ├── OverloadedError              server_is_overloaded
    │   ├── DrainingError                server_is_shutting_down
    │   ├── ModelUnavailableError        model_unavailable
    │   └── EngineMemoryError            engine_out_of_memory
    ├── EngineFailedError            500 server_error
    ├── ClientGoneError              nobody is left to read an answer
    └── ConfigError                  the server does not start

Bodies and codes follow OpenAI's recorded answers; `code` is a string or null, never a number.
"""

from typing import ClassVar


class PicoserveError(Exception):
    """Root of everything that picoserve raises on purpose.

    Attributes:
        message: Text for the client. Never holds a secret or a prompt.
        param: The request field at fault, in OpenAI's spelling (`messages[0].content`).
        code: Machine-readable reason, or None.
        retry_after: Seconds after which trying again makes sense, or None.
        limit: The setting that the request went beyond, for log and metrics; "" for none.
    """

    status: ClassVar[int] = 500
    type: ClassVar[str] = "server_error"
    default_code: ClassVar[str | None] = None

    def __init__(
        self,
        message: str,
        *,
        param: str | None = None,
        code: str | None = None,
        retry_after: float | None = None,
        limit: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.code = code if code is not None else self.default_code
        self.retry_after = retry_after
        self.limit = limit


class InvalidRequestError(PicoserveError):
    """The request cannot be served as it is written."""

    status = 400
    type = "invalid_request_error"


class UnsupportedParameterError(InvalidRequestError):
    """A field whose meaning would be lost."""

    default_code = "unsupported_parameter"


class UnsupportedValueError(InvalidRequestError):
    """A known field with a value that this model or engine cannot honour."""

    default_code = "unsupported_value"


class UnknownParameterError(InvalidRequestError):
    """A field nobody knows, where the configuration wants those rejected."""

    default_code = "unknown_parameter"


class ContextLengthError(InvalidRequestError):
    """The prompt does not fit into the model's context."""

    default_code = "context_length_exceeded"


class ContextsFullError(InvalidRequestError):
    """No more saved contexts are kept; one has to be deleted first."""

    default_code = "contexts_full"


class AuthenticationError(PicoserveError):
    """No key, or a wrong one."""

    status = 401
    type = "invalid_request_error"


class NotFoundError(PicoserveError):
    """Nothing lives at that address."""

    status = 404
    type = "invalid_request_error"


class ModelNotFoundError(NotFoundError):
    """The model is not configured here."""

    default_code = "model_not_found"


class MethodNotAllowedError(PicoserveError):
    """The address exists, the method does not."""

    status = 405
    type = "invalid_request_error"


class RequestTimeoutError(PicoserveError):
    """The request took too long to arrive."""

    status = 408
    type = "invalid_request_error"
    default_code = "request_timeout"


class PayloadTooLargeError(PicoserveError):
    """The body is larger than the server reads."""

    status = 413
    type = "invalid_request_error"
    default_code = "payload_too_large"


class UnsupportedMediaTypeError(PicoserveError):
    """The body is compressed, not in UTF-8, or comes from a browser as something but JSON."""

    status = 415
    type = "invalid_request_error"
    default_code = "unsupported_media_type"


class RateLimitError(PicoserveError):
    """The key has asked for more than its limits allow; without `retry_after` it always will."""

    status = 429
    type = "rate_limit_error"
    default_code = "rate_limit_exceeded"


class HeadersTooLargeError(PicoserveError):
    """The request line and the headers are larger than the server reads."""

    status = 431
    type = "invalid_request_error"
    default_code = "headers_too_large"


class UnavailableError(PicoserveError):
    """The server cannot take this request now, but may later."""

    status = 503
    type = "service_unavailable_error"


class OverloadedError(UnavailableError):
    """The line is full."""

    default_code = "server_is_overloaded"


class DrainingError(UnavailableError):
    """The server finishes what it has and takes nothing new."""

    default_code = "server_is_shutting_down"


class ModelUnavailableError(UnavailableError):
    """No engine of the model works."""

    default_code = "model_unavailable"


class EngineMemoryError(UnavailableError):
    """The engine ran out of memory on this job; a shorter one may do."""

    default_code = "engine_out_of_memory"


class EngineFailedError(PicoserveError):
    """The engine failed on this job."""

    default_code = "engine_error"


class ClientGoneError(PicoserveError):
    """The client has left; nobody is there to read an answer."""


class ConfigError(PicoserveError):
    """The configuration cannot be used; the message says where and what to do."""
