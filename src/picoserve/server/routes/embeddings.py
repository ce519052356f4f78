"""`POST /v1/embeddings`."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from picoserve.engine.engine import Capability
from picoserve.errors import InvalidRequestError, UnsupportedParameterError, UnsupportedValueError
from picoserve.openai_api.embeddings import EmbeddingsRequest, embeddings_answer
from picoserve.openai_api.validation import parse_body
from picoserve.pipeline.embeddings import Embeddings
from picoserve.prompt.limits import check_capability, check_certain_overflow
from picoserve.prompt.text import checked_text
from picoserve.server.body import read_body
from picoserve.server.direct_route import DirectRoute
from picoserve.server.disconnect import until_disconnect
from picoserve.server.model_lookup import ready_model
from picoserve.server.placement import placement_for
from picoserve.server.request_facts import facts_of
from picoserve.server.state import State
from picoserve.server.unknown_fields import ignored_fields, ignored_header

router = APIRouter(route_class=DirectRoute)


@router.post("/v1/embeddings")
async def create_embeddings(request: Request, state: State) -> Response:
    """The vectors of one text or of many."""
    body = parse_body(EmbeddingsRequest, await read_body(request, state.limits))
    ignored = ignored_fields(body, state.limits.unknown_fields)
    facts = facts_of(request.scope)
    model, info = ready_model(state, body.model, facts)
    check_capability(info, Capability.EMBEDDINGS)
    texts = _texts(body)
    for index, text in enumerate(texts):
        check_certain_overflow(text, info, _field(body, index))
    facts.reserve_tokens(texts)
    placement = placement_for(request, model.name, key=body.user)
    embeddings = Embeddings(state.pool, placement, texts)
    facts.records, facts.prompts = embeddings.records, len(embeddings.records)
    outcomes = await until_disconnect(request, embeddings.run())
    return Response(
        embeddings_answer(
            body,
            [outcome.embedding for outcome in outcomes],
            sum(outcome.prompt_tokens for outcome in outcomes),
        ),
        headers=ignored_header(ignored),
        media_type="application/json",
    )


def _texts(body: EmbeddingsRequest) -> list[str]:
    if body.dimensions is not None:
        raise UnsupportedParameterError(
            "Unsupported parameter: 'dimensions' is not supported with this model.",
            param="dimensions",
        )
    texts = []
    for index, text in enumerate([body.input] if isinstance(body.input, str) else body.input):
        field = _field(body, index)
        if not isinstance(text, str):
            raise UnsupportedValueError(
                "Unsupported value: 'input' must be text; token ids are not supported "
                "with this model.",
                param="input",
            )
        if not text:
            raise InvalidRequestError(f"Invalid '{field}': it is empty.", param=field)
        texts.append(checked_text(text, field))
    return texts


def _field(body: EmbeddingsRequest, index: int) -> str:
    return "input" if isinstance(body.input, str) else f"input[{index}]"
