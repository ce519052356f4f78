"""Templates of unknown origin run, and cannot do harm."""

import pytest

from picoserve.prompt import sandbox
from picoserve.prompt.sandbox import compile_template
from picoserve.prompt.turns import TemplateError


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("{% for x in xs %}\n  {% if x > 1 %}\n{{ x }}\n  {% endif %}\n{% endfor %}", "2\n3\n"),
        ("{{ {'é': '<'} | tojson }}", '{"é": "<"}'),
        ("{{ [1, 2] | tojson(indent=1) }}", "[\n 1,\n 2\n]"),
        ("{% for x in xs %}{% if x == 2 %}{% break %}{% endif %}{{ x }}{% endfor %}", "1"),
        ("{% for x in xs %}{{ loop.last }}{{ loop.length }}{% endfor %}", "False3False3True3"),
        ("{% for x in xs recursive %}{{ x }}{% endfor %}", "123"),
        ("{% for k, v in {'a': 1}.items() %}{{ k }}{{ v }}{% else %}-{% endfor %}", "a1"),
        ("{% for x in xs if x is odd %}{{ x }}{% endfor %}", "13"),
        ("a{% generation %}b{{ xs[0] }}{% endgeneration %}c", "ab1c"),
        ("{{ 3 * 2 }} {{ 7 % 4 }} {{ missing is defined }}", "6 3 False"),
        ("{{ strftime_now('%Y') | length }}", "4"),
        (
            "{% macro m(x) %}<{{ x }}>{% endmacro %}{% for x in xs %}{{ m(x) }}{% endfor %}",
            "<1><2><3>",
        ),
    ],
)
def test_what_templates_are_used_to(source: str, text: str) -> None:
    assert compile_template(source)(xs=[1, 2, 3]) == text


@pytest.mark.parametrize(
    "source",
    [
        "{{ ''.__class__.__mro__ }}",
        "{{ xs.append(1) }}",
        "{{ cycler.__init__.__globals__.os.system('id') }}",
        "{{ self._TemplateReference__context.environment }}",
        "{% include 'secret' %}",
        "{{ 'x' * 1000000000 }}",
        "{{ xs * 1000000000 }}",
        "{{ 9 ** 999999999 }}",
        "{{ '%999999999d' % 1 }}",
        "{{ 'x'.ljust(999999999) }}",
        "{% for x in range(999999999) %}{% endfor %}",
        "{% for x in range(99999) %}{% for y in range(99999) %}{% endfor %}{% endfor %}",
        "{% set r = range(99999) %}{% for x in r %}{% for y in r %}{% endfor %}{% endfor %}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{{ raise_exception('no') }}",
        "{{ missing.attribute }}",
        "{{ 1 / 0 }}",
        "{{ xs[0].x.y }}",
        "{{ {} + 1 }}",
    ],
)
def test_what_templates_cannot_do(source: str) -> None:
    with pytest.raises(TemplateError, match="The chat template failed: "):
        compile_template(source)(xs=[1, 2, 3])


@pytest.mark.parametrize("name", ["raise_exception.__globals__", "xs.__class__", "''.center"])
def test_hidden_names_are_not_there(name: str) -> None:
    assert compile_template(f"{{{{ {name} is defined }}}}")(xs=[]) == "False"


def test_output_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "MAX_OUTPUT_CHARACTERS", 100)
    render = compile_template("{% for x in range(n) %}x{% endfor %}")

    assert render(n=100) == "x" * 100
    with pytest.raises(TemplateError, match="more text than is allowed"):
        render(n=101)


def test_each_render_has_a_loop_budget_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "MAX_LOOP_ROUNDS", 10)
    render = compile_template("{% for x in range(n) %}{% endfor %}")

    assert [render(n=10) for _ in range(3)] == [""] * 3
    with pytest.raises(TemplateError, match="loop rounds"):
        render(n=11)


@pytest.mark.parametrize("source", ["{% if %}", "{{ x", "{% nonsense %}", "{{ x | nonsense }}"])
def test_malformed_sources_are_refused(source: str) -> None:
    with pytest.raises(TemplateError, match="malformed"):
        compile_template(source)
