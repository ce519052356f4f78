"""A load test as one HTML file: numbers, and curves as inline SVG. Nothing is loaded."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

from picoserve.client.summary import LATENCIES, PERCENTILES, percentile

_WIDTH: Final = 420
_HEIGHT: Final = 150
_POINTS: Final = 100

_PAGE: Final = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title>
<meta name="viewport" content="width=device-width">
<style>
:root {{ color-scheme: light dark; --line: light-dark(#2f6f5e, #7cc4ae);
  --soft: light-dark(#00000018, #ffffff22); --dim: light-dark(#5c6662, #9aa5a0); }}
body {{ font: 15px/1.55 system-ui, sans-serif; max-width: 60rem; margin: 3rem auto;
  padding: 0 1.5rem; background: light-dark(#fbfbf9, #151917); color: light-dark(#1c2220, #e6eae8); }}
h1 {{ font-size: 1.4rem; }} h2 {{ font-size: 1rem; margin: 0 0 .5rem; }}
dl {{ display: flex; flex-wrap: wrap; gap: 1rem 2.5rem; }} dt {{ color: var(--dim); font-size: .85rem; }}
dd {{ margin: 0; font-size: 1.25rem; font-variant-numeric: tabular-nums; }}
main {{ display: grid; grid-template-columns: repeat(auto-fit, minmax(22rem, 1fr)); gap: 2.5rem; margin-top: 2.5rem; }}
svg {{ width: 100%; height: auto; overflow: visible; }} p {{ color: var(--dim); margin: .5rem 0 0; font-size: .85rem; }}
polyline {{ fill: none; stroke: var(--line); stroke-width: 2; stroke-linejoin: round; }}
line {{ stroke: var(--soft); }} text {{ font-size: 11px; fill: var(--dim); }}
</style></head><body><h1>{title}</h1><dl>{facts}</dl><main>{charts}</main></body></html>
"""  # noqa: E501
_FACTS: Final = {
    "completed": "completed",
    "failed": "failed",
    "duration": "seconds",
    "request_throughput": "requests per second",
    "request_goodput": "good requests per second",
    "output_throughput": "output tokens per second",
}


def chart_page(
    title: str, numbers: Mapping[str, object], latencies: Mapping[str, Sequence[float]]
) -> str:
    """The file's text.

    Args:
        numbers: What `summary` gives.
        latencies: Measured times in milliseconds, by name.
    """
    facts = "".join(
        f"<div><dt>{label}</dt><dd>{escape(str(numbers[name]))}</dd></div>"
        for name, label in _FACTS.items()
        if name in numbers
    )
    charts = "".join(
        _chart(LATENCIES[name], sorted(values)) for name, values in latencies.items() if values
    )
    return _PAGE.format(title=escape(title), facts=facts, charts=charts)


def _chart(title: str, ordered: Sequence[float]) -> str:
    """The share of requests, upwards, that took at most a time, to the right."""
    most = ordered[-1] or 1.0
    shares = range(_POINTS + 1)
    line = " ".join(
        f"{percentile(ordered, share) / most * _WIDTH:.1f},{_HEIGHT * (1 - share / _POINTS):.1f}"
        for share in shares
    )
    grid = "".join(
        f'<line x1="0" x2="{_WIDTH}" y1="{y}" y2="{y}"/>'
        f'<text x="{_WIDTH + 6}" y="{y + 4}">{share}%</text>'
        for share, y in ((share, _HEIGHT * (100 - share) / 100) for share in (0, 50, 90))
    )
    tails = " · ".join(f"p{p} {percentile(ordered, p):.1f} ms" for p in PERCENTILES)
    return (
        f"<section><h2>{title}</h2>"
        f'<svg viewBox="0 -6 {_WIDTH + 40} {_HEIGHT + 26}" role="img" '
        f'aria-label="{title}: {tails}">{grid}<polyline points="{line}"/>'
        f'<text x="0" y="{_HEIGHT + 16}">0</text>'
        f'<text x="{_WIDTH}" y="{_HEIGHT + 16}" text-anchor="end">{most:.1f} ms</text></svg>'
        f"<p>{tails}</p></section>"
    )
