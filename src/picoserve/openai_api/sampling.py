"""Request fields that chat completions and text completions share, with OpenAI's limits."""

from typing import Annotated

from pydantic import Field

from picoserve.openai_api.lists import Several
from picoserve.openai_api.messages import WireModel
from picoserve.openai_api.request_body import RequestBody

Count = Annotated[int, Field(ge=1)]


class StreamOptions(WireModel):
    """What a stream carries besides the text."""

    include_usage: bool | None = None
    include_obfuscation: bool | None = None


class SamplingFields(RequestBody):
    """How to generate."""

    model: str
    max_tokens: Count | None = None
    temperature: Annotated[float, Field(ge=0, le=2)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    presence_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    frequency_penalty: Annotated[float, Field(ge=-2, le=2)] | None = None
    seed: Annotated[int, Field(ge=-(2**63), le=2**63 - 1)] | None = None
    stop: Annotated[Several[str], Field(max_length=4)] | str | None = None
    n: Annotated[int, Field(ge=1, le=128)] | None = None
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    logit_bias: dict[str, object] | None = None
    user: str | None = None
    timings: bool | None = None

    @property
    def stop_phrases(self) -> tuple[str, ...]:
        """`stop` as a tuple, empty phrases left out."""
        stop = [self.stop] if isinstance(self.stop, str) else self.stop or []
        return tuple(phrase for phrase in stop if phrase)
