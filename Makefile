# Needs Python 3.11 and make; everything else comes from the lock file.
UV := .boot/bin/uv
RUN := $(UV) run --frozen --all-extras

.PHONY: run test check bench clean postgres chromium java

.boot/bin/uv:
	python3 -m venv .boot
	.boot/bin/pip install --quiet --disable-pip-version-check "uv>=0.13,<0.14"

.venv/.synced: uv.lock pyproject.toml | .boot/bin/uv
	$(UV) sync --frozen --all-extras --compile-bytecode --quiet
	@touch $@

run: .venv/.synced      ## one night on the bundled sample
	$(RUN) boroughlink run

test: .venv/.synced postgres chromium java     ## every test, two files at a time
	$(RUN) pytest -n 2 --dist loadfile --no-loadscope-reorder

postgres:               ## PostgreSQL's server, for the tests that start one of their own
	@.ci/postgres

chromium:               ## a browser, for the tests of the review desk
	@.ci/chromium

java:                   ## Java, for the tests of the Spark engine
	@.ci/java

check: .venv/.synced    ## format, lint, types, imports, fast tests
	$(RUN) ruff format --check .
	$(RUN) ruff check .
	$(RUN) mypy
	$(RUN) lint-imports
	$(RUN) pytest -m "not slow and not flow and not postgres and not web and not spark"

bench: .venv/.synced    ## boroughlink beside its peers; ARGS="--quick" for the small sets
	$(RUN) python -m benchmarks $(ARGS)

clean:
	rm -rf .boot .venv data/home
