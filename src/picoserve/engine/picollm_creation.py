"""How a picoLLM engine comes to be: the package, then the native handle."""

from typing import Any

from picoserve.engine.engine import EngineError, EngineSpec, FailureKind
from picoserve.engine.picollm_errors import (
    engine_error,
    redacted,
    says_no_reason,
    speaks_of_caching,
)


def import_picollm() -> Any:
    """The `picollm` package. Raises EngineError where it does not know the machine."""
    try:
        import picollm  # noqa: PLC0415  # fails to import on machines it does not know
    except (ImportError, NotImplementedError, RuntimeError, ValueError) as error:
        raise EngineError(
            FailureKind.MISSING_PACKAGE, f"picollm cannot be used on this machine: {error}"
        ) from error
    return picollm


def create(module: Any, spec: EngineSpec) -> tuple[Any, bool]:
    """A native handle, and whether it caches contexts: a model without may refuse to start so.

    Raises:
        EngineError: picoLLM refuses key, file or device, or its library cannot be used.
    """
    if not spec.context_cache:
        return create_without_caching(module, spec), False
    try:
        return _create(module, spec, caching=True), True
    except module.PicoLLMInvalidArgumentError as error:
        if not (speaks_of_caching(error) or says_no_reason(error)):
            raise _error(error, spec) from None
    except module.PicoLLMError as error:
        raise _error(error, spec) from None
    return create_without_caching(module, spec), False


def create_without_caching(module: Any, spec: EngineSpec) -> Any:
    """A native handle that evaluates every prompt anew. Raises EngineError."""
    try:
        return _create(module, spec, caching=False)
    except module.PicoLLMError as error:
        raise _error(error, spec) from None


def _create(module: Any, spec: EngineSpec, *, caching: bool) -> Any:
    try:
        return module.create(
            access_key=spec.access_key,
            model_path=spec.path,
            device=spec.device,
            enable_context_caching=caching,
            library_path=spec.library_path or None,
        )
    except (OSError, AttributeError, ValueError) as error:
        # What loading a library raises that is none, is for another machine or lacks a function.
        library = f" '{spec.library_path}'" if spec.library_path else ""
        reason = redacted(str(error), spec.access_key)
        raise EngineError(
            FailureKind.MISSING_PACKAGE, f"the picoLLM library{library} cannot be used: {reason}"
        ) from None


def _error(error: Any, spec: EngineSpec) -> EngineError:
    return engine_error(error, "start", secret=spec.access_key, device=spec.device)
