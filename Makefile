PYTHON ?= python3

.PHONY: all check test fmt serve example

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
