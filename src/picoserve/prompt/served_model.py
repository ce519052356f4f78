"""A configured model as requests meet it: names, template, default sampling."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from picoserve.engine.engine import Capability, EngineInfo, EngineKind
from picoserve.errors import ConfigError, ModelNotFoundError
from picoserve.logs import get_logger
from picoserve.prompt.chat_template import (
    FALLBACK_FAMILY,
    VISION_FAMILY,
    ChatTemplate,
    SequenceTokens,
    TemplateError,
    family_for,
    template_from_source,
    template_named,
)

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class DefaultSampling:
    """What is used where a request says nothing."""

    temperature: float = 1.0
    top_p: float = 1.0
    presence_penalty: float = 0.0
    frequency_penalty: float = 0.0
    max_tokens: int | None = None


@dataclass(slots=True)
class ServedModel:
    """A model under its name.

    Attributes:
        chat_template: A family's name or Jinja source from the configuration, or "" for what
            the model file says.
        thinking: Whether a model that can think before it replies does so where a request does
            not say.
        image_side: The longest side in pixels that images for it are scaled down to.
        file_name: The model file's name, the last hint to the family.
        template_problem: Why the template in the model file is not used, once one was looked for;
            "" where it is, or where there is none.
    """

    name: str
    kind: EngineKind
    file_name: str
    aliases: tuple[str, ...] = ()
    description: str = ""
    created: int = 0
    chat_template: str = ""
    thinking: bool = True
    image_side: int = 1024
    default_sampling: DefaultSampling = field(default_factory=DefaultSampling)
    template_problem: str = ""
    _template: ChatTemplate | None = None

    def configured_template(self, info: EngineInfo | None = None) -> ChatTemplate | None:
        """The template that the configuration names.

        Args:
            info: What the engine says of the model's tokens, once there is one.

        Raises:
            ConfigError: There is no such family, or the Jinja source is broken.
        """
        try:
            if not self.chat_template:
                return None
            if "{" in self.chat_template:
                return _of_source(self.chat_template, f"{self.name} (configured)", info)
            return template_named(self.chat_template)
        except TemplateError as error:
            raise ConfigError(f"models '{self.name}', chat_template: {error}") from error

    def template(self, info: EngineInfo) -> ChatTemplate:
        """The template in use, found once: configured, the model's own, by name, plain."""
        if self._template is None:
            self._template = (
                self.configured_template(info)
                or self._embedded(info)
                or family_for(info.model)
                or family_for(self.file_name)
                or template_named(VISION_FAMILY if info.can(Capability.VISION) else FALLBACK_FAMILY)
            )
            if self.template_problem:
                _log.warning(
                    "the model file's chat template cannot be used",
                    model=self.name,
                    problem=self.template_problem,
                    used=self._template.name,
                )
            if not self.thinking:
                self._template = self._without_thinking(self._template)
        return self._template

    def _without_thinking(self, template: ChatTemplate) -> ChatTemplate:
        if template.least_effort:
            _log.warning(
                "thinking = false: the model always thinks, if as little as it can", model=self.name
            )
        elif template.thoughts and not template.can_leave_thinking:
            _log.warning(
                "thinking = false has no effect: the template has no switch for it", model=self.name
            )
        return template.without_thinking()

    def _embedded(self, info: EngineInfo) -> ChatTemplate | None:
        if not info.chat_template:
            return None
        try:
            return _of_source(info.chat_template, info.model, info)
        except TemplateError as error:
            self.template_problem = str(error)
            return None


def _of_source(source: str, name: str, info: EngineInfo | None) -> ChatTemplate:
    if info is None:
        return template_from_source(source, name=name)
    tokens = SequenceTokens(info.bos_token, info.eos_token, engine_begins=info.adds_bos)
    return template_from_source(source, name=name, tokens=tokens)


def find_model(models: Sequence[ServedModel], name: str) -> ServedModel:
    """The model of that name or alias.

    Raises:
        ModelNotFoundError: There is none.
    """
    for model in models:
        if name == model.name or name in model.aliases:
            return model
    raise ModelNotFoundError(
        f"The model `{name[:200]}` does not exist or you do not have access to it.", param="model"
    )
