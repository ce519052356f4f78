"""`GET /v1/models` and `GET /v1/models/{id}`; always at once, also while loading."""

from fastapi import APIRouter

from picoserve.openai_api.models import ModelCard, model_list
from picoserve.prompt.served_model import ServedModel, find_model
from picoserve.server.read_route import ReadRoute
from picoserve.server.state import ServerState, State

router = APIRouter(route_class=ReadRoute)


@router.get("/v1/models")
async def list_models(state: State) -> dict[str, object]:
    """Every model under its name and its aliases."""
    return model_list(
        [
            _card(state, model, name)
            for model in state.models
            for name in (model.name, *model.aliases)
        ]
    )


@router.get("/v1/models/{model_id:path}")
async def get_model(model_id: str, state: State) -> dict[str, object]:
    """One model; ids may contain slashes."""
    return _card(state, find_model(state.models, model_id), model_id).json()


def _card(state: ServerState, model: ServedModel, name: str) -> ModelCard:
    info = state.pool.models[model.name].info
    return ModelCard(
        id=name,
        created=model.created,
        description=model.description,
        context_length=info.context_length if info else None,
        capabilities=info.capabilities if info else (),
    )
