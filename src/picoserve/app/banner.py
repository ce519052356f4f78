"""What is printed at the start: where the server listens and the lines to paste."""

import sys

from picoserve import __version__
from picoserve.app.planning import Plan
from picoserve.config.settings import Settings


def banner(settings: Settings, plan: Plan) -> None:
    """Write the start-up lines to standard error."""
    base_url = f"http://{_reachable(settings.server.host)}:{settings.server.port}/v1"
    first = plan.models[0].name
    lines = [f"picoserve {__version__} on {base_url}", ""]
    if plan.is_default:
        lines += [
            f"No model is configured: serving the shipped demo model '{first}' on llama.cpp.",
            "For picoLLM: set PICOVOICE_ACCESS_KEY and start with --model FILE.pllm,",
            "or see `picoserve config example`.",
            "",
        ]
    lines += [f"  {name}: {len(engines.specs)} engine(s)" for name, engines in plan.engines.items()]
    lines += [
        "",
        "Try it:",
        f"  curl {base_url}/chat/completions -H 'content-type: application/json' \\",
        f'    -d \'{{"model": "{first}", "stream": true, '
        '"messages": [{"role": "user", "content": "Hello!"}]}\'',
        f'  LiveKit: inference.LLM("{first}", base_url="{base_url}", '
        'api_key="any", api_secret="any")',
        "",
    ]
    sys.stderr.write("\n".join(lines) + "\n")


def _reachable(host: str) -> str:
    """A host that can be pasted into a client on this machine."""
    if host in {"0.0.0.0", "::"}:  # noqa: S104  # compared, not bound
        return "127.0.0.1"
    return f"[{host}]" if ":" in host else host
