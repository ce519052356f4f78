"""The model that a request names, and what its engines say of themselves."""

from picoserve.engine.engine import EngineInfo
from picoserve.errors import ModelUnavailableError
from picoserve.prompt.served_model import ServedModel, find_model
from picoserve.server.request_facts import RequestFacts
from picoserve.server.state import ServerState


def ready_model(
    state: ServerState, name: str, facts: RequestFacts
) -> tuple[ServedModel, EngineInfo]:
    """The model and its engine's facts.

    Args:
        facts: Where the model's name is noted.

    Raises:
        ModelNotFoundError: No such model.
        ModelUnavailableError: None of its engines has loaded yet, or none can.
    """
    model = find_model(state.models, name)
    facts.model = model.name
    pool = state.pool.models[model.name]
    info = pool.info
    if info is None:
        problem = pool.problem()
        reason = f"cannot be loaded: {problem}" if problem else "is still loading"
        raise ModelUnavailableError(f"The model '{model.name}' {reason}.", retry_after=2.0)
    return model, info
