"""Model names for which LiveKit's client leaves request parameters out.

The client decides by the beginning of what follows the name's last slash, and says nothing; an
agent's temperature would be lost on its way here.
"""

from collections.abc import Iterable
from typing import Final

from picoserve.logs import get_logger
from picoserve.prompt.served_model import ServedModel

_SAMPLING: Final = (
    *("temperature", "top_p", "presence_penalty", "frequency_penalty"),
    *("logit_bias", "logprobs", "top_logprobs"),
)
_PENALTIES: Final = ("presence_penalty", "frequency_penalty", "stop")
_DROPPED: Final = {
    "o1": (*_SAMPLING, "n"),
    "o3": (*_SAMPLING, "n"),
    "o4": (*_SAMPLING, "n"),
    "gpt-5": (*_SAMPLING, "n"),
    "gpt-6": (*_SAMPLING, "stop"),
    "grok-4-1-fast-reasoning": _PENALTIES,
    "grok-4.20-0309-reasoning": _PENALTIES,
    "grok-4.20-multi-agent": _PENALTIES,
}

_log = get_logger(__name__)


def dropped_parameters(name: str) -> tuple[str, ...]:
    """The parameters that LiveKit's client does not send to a model of this name."""
    last = name.rpartition("/")[2]
    return next((lost for start, lost in _DROPPED.items() if last.startswith(start)), ())


def warn_of_names(models: Iterable[ServedModel]) -> None:
    """Tell in the log of names and aliases that would lose parameters."""
    for model in models:
        for name in (model.name, *model.aliases):
            lost = dropped_parameters(name)
            if lost:
                _log.warning(
                    "LiveKit's client drops parameters for models of this name; choose another",
                    model=model.name,
                    name=name,
                    dropped=",".join(lost),
                )
