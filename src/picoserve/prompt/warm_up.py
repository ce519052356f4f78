"""What every prompt with a certain system message begins with."""

import os.path

from picoserve.engine.engine import Capability, EngineInfo
from picoserve.prompt.served_model import ServedModel
from picoserve.prompt.turns import Turn


def warm_prompt(model: ServedModel, system: str, info: EngineInfo) -> str:
    """The beginning that conversations with this system message share, or "" without a cache."""
    if not info.can(Capability.GENERATION):
        return ""
    # Found in any case: what is wrong with it is to be in the log before a request comes.
    template = model.template(info)
    if not (system and info.context_cache):
        return ""
    return os.path.commonprefix(  # noqa: RUF071  # characters are what is meant
        [
            template.render([Turn("system", system), Turn("user", user)])
            for user in ("Good morning", "3 times")
        ]
    )
