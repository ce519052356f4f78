"""What llama.cpp needs to load a model: its package, the file's header, a device, parameters."""

from pathlib import Path
from typing import Any, Final

from picoserve.engine.engine import EngineError, EngineSpec, FailureKind
from picoserve.engine.gguf_header import GGUFError, GGUFHeader, load_gguf_header

# A model trained for 128k tokens would take gigabytes of memory unasked.
_DEFAULT_CONTEXT: Final = 8192
_FALLBACK_CONTEXT: Final = 2048
# llama.cpp rounds a slot's context up to a multiple of this.
_CONTEXT_STEP: Final = 256
# The prompt is evaluated in batches of this many tokens; a cancelled job waits for one.
_BATCH_TOKENS: Final = 256
_ALL_LAYERS: Final = 999
# Of llama.cpp's levels of logging: warnings and errors. The one above has seven lines for each
# job, a third of the time to the tiny model's first token.
_WARNINGS: Final = 2


def import_xllamacpp() -> Any:
    """The `xllamacpp` package. Raises EngineError where it or a system library is missing."""
    try:
        import xllamacpp  # noqa: PLC0415  # optional, and heavy
    except ImportError as error:
        if "libgomp" in str(error):
            message = (
                "llama.cpp needs the system library libgomp.so.1: "
                "install it (Debian and Ubuntu: apt-get install libgomp1)"
            )
        else:
            message = (
                "the llama.cpp engine is not installed: pip install 'picoserve[llamacpp]' "
                f"({error})"
            )
        raise EngineError(FailureKind.MISSING_PACKAGE, message) from error
    return xllamacpp


def read_header(path: Path) -> GGUFHeader:
    """The head of a model file. Raises EngineError where it cannot be read."""
    try:
        return load_gguf_header(path)
    except GGUFError as error:
        raise EngineError(FailureKind.MODEL_FILE, f"model file '{path}': {error}") from error
    except OSError as error:
        reason = error.strerror or "cannot be opened"
        raise EngineError(FailureKind.MODEL_FILE, f"model file '{path}': {reason}") from error


def slot_context(wanted: int, trained: int) -> int:
    """Tokens of context that a slot will have.

    Args:
        wanted: What is configured; 0 for what the model says.
        trained: What the model was trained for, beyond which llama.cpp does not go; 0 where its
            file does not say.
    """
    wanted = wanted or min(trained or _FALLBACK_CONTEXT, _DEFAULT_CONTEXT)
    rounded = -(-wanted // _CONTEXT_STEP) * _CONTEXT_STEP
    return min(rounded, trained) if trained else rounded


def load_params(xllamacpp: Any, spec: EngineSpec, context: int) -> Any:
    """What the model is loaded with. Raises EngineError where there is no such device."""
    params = xllamacpp.CommonParams()
    params.model.path = spec.path
    params.n_parallel = spec.slots
    params.n_ctx = context * spec.slots
    # llama.cpp's own default is 8 GiB.
    params.cache_ram_mib = spec.prompt_cache_mib if spec.context_cache else 0
    params.kv_unified = params.cache_idle_slots = False
    params.n_batch = params.n_ubatch = _BATCH_TOKENS
    params.ui = params.endpoint_slots = params.endpoint_props = False
    params.n_threads_http = 1
    # It would fit layers and context to the memory that is free, and both are given.
    params.fit_params = False
    if not spec.verbose:
        params.verbosity = _WARNINGS
    device, _, number = spec.device.partition(":")
    if device == "gpu":
        _place_on_gpu(xllamacpp, params, number)
    else:
        params.cpuparams.n_threads = params.cpuparams_batch.n_threads = int(number or 1)
        # A build for GPUs puts all of these on one, unless it is told not to.
        params.n_gpu_layers = 0
        params.no_kv_offload = params.no_op_offload = True
    return params


def _place_on_gpu(xllamacpp: Any, params: Any, number: str) -> None:
    """All layers on GPU `number`, or spread over all GPUs where none is named.

    llama.cpp counts the GPUs of all its backends, in their order, integrated ones only where
    there is no other (`llama_model_load_from_file` and `main_gpu` in its documentation). A build
    without GPUs would run on the CPU and not say so.
    """
    listed = xllamacpp.get_device_info()
    kinds = [device["type"].name.rpartition("_")[2] for device in listed]
    found = kinds.count("GPU") or kinds.count("IGPU")
    if int(number or 0) >= found:
        names = ", ".join(str(device["name"]) for device in listed)
        raise EngineError(
            FailureKind.DEVICE,
            f"llama.cpp finds no device 'gpu:{number or 0}' (it finds {names}): install an "
            'xllamacpp that is built for the GPU, or use devices = "cpu"',
        )
    params.n_gpu_layers = _ALL_LAYERS
    if number:
        params.split_mode = xllamacpp.llama_split_mode.LLAMA_SPLIT_MODE_NONE
        params.main_gpu = int(number)
