"""Running chat templates that somebody else wrote.

Templates arrive inside model files, so they run in Jinja's immutable sandbox with the names and
settings that Hugging Face gives them (transformers, `utils/chat_template_utils.py`), and with
limits of our own: on loop rounds, on widened texts and on the size of what they write. A template
that is out to waste memory can still do so; it cannot reach the process or loop for ever.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final, NoReturn

import jinja2
from jinja2 import meta, nodes
from jinja2.ext import Extension
from jinja2.parser import Parser
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from typing_extensions import override

from picoserve.prompt.json_text import JsonText
from picoserve.prompt.turns import TemplateError

MAX_OUTPUT_CHARACTERS: Final = 16_000_000
MAX_LOOP_ROUNDS: Final = 1_000_000

_NUMBERS: Final = (int, float)
_WIDENING: Final = frozenset({"center", "expandtabs", "ljust", "rjust", "zfill"})
_BUDGET: Final = "loop rounds left"
# Everything that a template's own mistake can raise; a bug of Python itself is not among them.
_RENDER_ERRORS: Final = (
    jinja2.TemplateError,
    ArithmeticError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)


class _GenerationBlock(Extension):
    """Accepts `{% generation %}`, which marks a reply for training, and writes what is in it."""

    tags = {"generation"}  # noqa: RUF012

    @override
    def parse(self, parser: Parser) -> list[nodes.Node]:
        """Replace the block by its own content."""
        next(parser.stream)
        return parser.parse_statements(("name:endgeneration",), drop_needle=True)


class _Sandbox(ImmutableSandboxedEnvironment):
    """Jinja's sandbox with a budget on loop rounds and on multiplication."""

    intercepted_binops = frozenset({"*", "**", "%"})

    @override
    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Multiply and divide numbers only: a repeated text is the cheapest way to fill memory."""
        if operator == "**" or not (isinstance(left, _NUMBERS) and isinstance(right, _NUMBERS)):
            raise jinja2.TemplateError(f"the operator {operator!r} is for small numbers only")
        return super().call_binop(context, operator, left, right)

    @override
    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Deny the methods of a text that widen it to any size."""
        widens = isinstance(obj, str) and attr in _WIDENING
        return not widens and super().is_safe_attribute(obj, attr, value)

    @override
    def _generate(
        self,
        source: nodes.Template,
        name: str | None,
        filename: str | None,
        defer_init: bool = False,
    ) -> str:
        for loop in list(source.find_all(nodes.For)):
            loop.iter = nodes.Filter(loop.iter, "counted", [], [], None, None, lineno=loop.lineno)
        return super()._generate(source, name, filename, defer_init)


@jinja2.pass_context
def _counted(context: Context, items: Iterable[object]) -> Iterator[object]:
    # `parent` holds what the render was started with, which a template's `set` cannot reach.
    budget = context.parent[_BUDGET]
    for item in items:
        budget[0] -= 1
        if budget[0] < 0:
            raise jinja2.TemplateError(f"more than {MAX_LOOP_ROUNDS} loop rounds")
        yield item


def _tojson(
    value: object,
    ensure_ascii: bool = False,
    indent: int | None = None,
    separators: tuple[str, str] | None = None,
    sort_keys: bool = False,
) -> str:
    if isinstance(value, JsonText):
        return value
    return json.dumps(
        value,
        ensure_ascii=ensure_ascii,
        indent=indent,
        separators=separators,
        sort_keys=sort_keys,
    )


def _raise_exception(message: str) -> NoReturn:
    raise jinja2.TemplateError(message)


def _strftime_now(form: str) -> str:
    return datetime.now().astimezone().strftime(form)


def _environment() -> _Sandbox:
    environment = _Sandbox(
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.loopcontrols", _GenerationBlock],
    )
    environment.filters["tojson"] = _tojson
    environment.filters["counted"] = _counted
    for name in ("center", "format"):
        del environment.filters[name]
    del environment.globals["lipsum"]
    environment.globals["raise_exception"] = _raise_exception
    environment.globals["strftime_now"] = _strftime_now
    return environment


_ENVIRONMENT: Final = _environment()


@contextmanager
def _malformed() -> Iterator[None]:
    try:
        yield
    except (jinja2.TemplateError, RecursionError, SyntaxError, ValueError) as error:
        raise TemplateError(f"The chat template is malformed: {error}") from error


def variables_of(source: str) -> frozenset[str]:
    """Names that a template asks of whoever renders it, beyond what the sandbox itself gives.

    Names that it may have set itself by then are among them.

    Raises:
        TemplateError: The source is no valid template.
    """
    with _malformed():
        names = meta.find_undeclared_variables(_ENVIRONMENT.parse(source))
    return frozenset(names - _ENVIRONMENT.globals.keys())


def compile_template(source: str) -> Callable[..., str]:
    """Compile a template; the result renders it with the variables it is called with.

    Rendering raises TemplateError when the template refuses, goes wrong or passes a limit.

    Raises:
        TemplateError: The source is no valid template.
    """
    with _malformed():
        template = _ENVIRONMENT.from_string(source)

    def render(**variables: object) -> str:
        pieces: list[str] = []
        size = 0
        try:
            for piece in template.generate({**variables, _BUDGET: [MAX_LOOP_ROUNDS]}):
                size += len(piece)
                if size > MAX_OUTPUT_CHARACTERS:
                    raise TemplateError("The chat template writes more text than is allowed.")
                pieces.append(piece)
        except _RENDER_ERRORS as error:
            raise TemplateError(f"The chat template failed: {error}") from error
        return "".join(pieces)

    return render
