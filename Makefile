PYTHON ?= python3

.PHONY: all check test fmt serve example clients image-check page-check bench bench-peers fuzz audit \
	soak

all: check test

serve:
	$(PYTHON) -m picoserve serve

check:
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy
	$(PYTHON) -c "from importlinter.cli import lint_imports_command as run; run()"
	@if $(PYTHON) -m codespell_lib --version >/dev/null 2>&1; then \
		$(PYTHON) -m codespell_lib README.md ARCHITECTURE.md CONTRIBUTING.md src; \
	fi

test:
	$(PYTHON) -m pytest

fmt:
	$(PYTHON) -m ruff check --fix .
	$(PYTHON) -m ruff format .

example:
	$(PYTHON) scripts/write_docs.py

# Ten minutes; `make bench BENCH="streams-1 short --rounds 3"` for a part of it.
bench:
	$(PYTHON) -m benchmarks $(BENCH)

# llama-cpp-python's server, which `make bench` compares with where it is installed; compiles.
bench-peers:
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/pip install -q 'llama-cpp-python[server]'

# Thousands of hostile requests, by hypothesis and schemathesis; PICOSERVE_FUZZ=N tries N of each.
fuzz: export PICOSERVE_FUZZ ?= 500
fuzz:
	$(PYTHON) -m pytest -s tests/fuzz

# Known vulnerabilities of what is installed; asks a service outside.
audit:
	$(PYTHON) -m pip install -q pip-audit
	$(PYTHON) -m pip_audit --skip-editable --strict

# Every fault many times, then 20,000 requests: a quarter of an hour. What it may cost and what it
# has measured stands in tests/soak/README.md.
soak:
	$(PYTHON) -m tests.soak $(SOAK)

# Needs root, buildah and debootstrap; not part of `all`.
image-check:
	scripts/image-check.sh

# Needs chromium and chromedriver (Debian's chromium-driver) and the extra `page`.
page-check:
	$(PYTHON) -m pytest tests/page -m page

# Other stock clients, in environments of their own; two, for some cannot share one openai-python.
clients:
	$(PYTHON) -m venv .venv-clients
	.venv-clients/bin/pip install -q -e '.[clients]'
	PICOSERVE_NODE_CLIENTS=1 .venv-clients/bin/python -m pytest -q tests/clients tests/examples
	$(PYTHON) -m venv .venv-older-clients
	.venv-older-clients/bin/pip install -q -e '.[older-clients]'
	.venv-older-clients/bin/python -m pytest -q tests/clients
