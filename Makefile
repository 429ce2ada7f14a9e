# Everything runs from a clean clone with make and a Python of at least 3.10, without root:
# tools/venv.sh creates .venv, and the stamps in it make the second time quick.
# Another interpreter: make PYTHON=python3.12 test. More for pytest: make test ARGS="-k mime -x".

VENV = .venv
BENCH = .venv-bench
PY = $(VENV)/bin/python
# A process for each core; the tests of a file, or of a page, stay together. WORKERS=0: one process, for a debugger.
WORKERS = auto
# In the order of conftest.py: the files that take long come first.
PARALLEL = --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder
PYTEST = $(PY) -m pytest $(PARALLEL)
# Not plugins/_template: it is what `mailcore new-provider` writes.
PROJECTS = pyproject.toml plugins/[a-z]*/pyproject.toml
ARGS =
FUZZ_SECONDS = 5

# pytest rewrites the asserts of 500 files, in each of its processes: without the compiled files of the run before, `make
# test` takes half as long again as with them. `make clean` removes them.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help chaos demo demo-open test test-slow test-all coverage check lint types docs snippets features stable known-plugins packaging versions links hooks format bench fuzz mutate schemas live clean

help:
	@echo "make demo      mail out and events back through the local SES, over real HTTP; an outbox whose worker is killed"
	@echo "make test      the fast tests                make test-all   all of them"
	@echo "make coverage  all of them, and what of the code they run: below the floor it fails"
	@echo "make check     lint, types, docs, packaging  make format     let ruff rewrite the code"
	@echo "make docs      HTML into docs/_build/html    make features   write docs/features.md anew"
	@echo "make stable             write the names of docs/reference/stable.md anew"
	@echo "make known-plugins      write mailcore/registry/known_plugins.json anew"
	@echo "make versions  versions, changelogs, pins and placeholders; on the day of a release ARGS=--release"
	@echo "make links     the sources of facts and when they were read; ARGS=--check asks each, over the network"
	@echo "make hooks     git runs make lint before a commit, and make types before a push"
	@echo "make bench     compare with the peers        make clean      remove what all these made"
	@echo "make schemas   requests against the services' own descriptions, of the directory MAILCORE_ESP_SCHEMAS"
	@echo "make live      one message and one event with the services themselves, by the accounts of the file MAILCORE_LIVE"
	@echo "make mutate    faults planted in the modules that decide, and whether a test notices: tools/mutate.toml"
	@echo "make chaos     mail through outboxes and Celery while workers are killed and connections cut; ARGS=\"celery --messages 500\""
	@echo "make fuzz      hostile webhooks and mail by atheris, FUZZ_SECONDS=5 for each target"

demo: $(VENV)/.run
	$(PY) examples/demo.py
	@echo
	$(PY) examples/outbox.py

# The same, and the mailbox stays open in the browser.
demo-open: $(VENV)/.run
	$(PY) examples/demo.py --open

test: $(VENV)/.tests
	$(PYTEST) --hypothesis-profile fast -m "not slow" $(ARGS)

# Exit code 5 of pytest means that no test is marked slow.
test-slow: $(VENV)/.tests
	$(PYTEST) --leaks -m slow $(ARGS) || [ $$? -eq 5 ]

test-all: $(VENV)/.tests
	$(PYTEST) --leaks $(ARGS)

# All tests, with what of the code they run, branches too; the floor is fail_under in pyproject.toml.
coverage: $(VENV)/.coverage
	$(VENV)/bin/coverage erase
	$(VENV)/bin/coverage run -m pytest $(PARALLEL) $(ARGS)
	$(VENV)/bin/coverage combine --quiet
	$(VENV)/bin/coverage report

check: lint types docs snippets packaging

lint: $(VENV)/.check
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/zizmor --offline --quiet .github

types: $(VENV)/.check
	$(VENV)/bin/mypy
	$(PY) tools/typed_snippets.py

docs: $(VENV)/.check
	$(PY) -m sphinx --builder html --fresh-env --nitpicky --fail-on-warning --keep-going --quiet docs docs/_build/html
	@echo "docs/_build/html/index.html"

snippets: $(VENV)/.tests
	$(PYTEST) docs README.md plugins/[a-z]*/README.md mailcore plugins/[a-z]*/mailcore_* tests/test_docs.py

# The matrix of the providers in this repository, as tests/test_docs.py expects it.
features: $(VENV)/.run
	$(PY) -m mailcore features --format md > docs/features.md

# The public names, as tests/test_stable.py expects them on their page.
stable: $(VENV)/.tests
	$(PY) tools/stable_names.py

# The names that hints may give, as tests/test_known_plugins.py expects them.
known-plugins: $(VENV)/.tests
	$(PY) tools/known_plugins.py

packaging: $(VENV)/.check
	$(PY) tools/check_versions.py
	rm -rf dist
	for project in $(PROJECTS); do \
		$(PY) -m build --no-isolation --outdir dist "$$(dirname "$$project")" > $(VENV)/build.log 2>&1 \
			|| { cat $(VENV)/build.log; exit 1; }; \
	done
	$(PY) -m twine check --strict dist/*
	$(PY) tools/check_wheels.py dist
	$(PY) tools/check_resolving.py dist

# ARGS="--release mailcore-ses": what its release needs is wrong if it is lacking.
versions: $(VENV)/.tests
	$(PY) tools/check_versions.py $(ARGS)

links: $(VENV)/.run
	$(PY) tools/links.py $(ARGS)

hooks: $(VENV)/.hooks
	$(VENV)/bin/pre-commit install

format: $(VENV)/.check
	$(VENV)/bin/ruff check --fix
	$(VENV)/bin/ruff format

bench: $(BENCH)/.bench
	$(BENCH)/bin/python -m benchmarks $(ARGS)

fuzz: $(VENV)/.fuzz
	for target in events verification inbound finished; do \
		FUZZ_SECONDS=$(FUZZ_SECONDS) $(PY) -m fuzz $$target $(ARGS) || exit 1; \
	done

# 10,000 messages through each queue; some minutes each. PostgreSQL and Redis have to be installed.
chaos: $(VENV)/.tests
	$(PY) -m chaos $(ARGS)

# One or more groups of tools/mutate.toml: make mutate ARGS="http sns".
mutate: $(VENV)/.mutate
	$(PY) tools/mutate.py $(ARGS)

# MAILCORE_ESP_SCHEMAS names the directory with the descriptions: other people's files, which are not ours to keep.
schemas: $(VENV)/.schemas
	$(PY) -m pytest schemas $(ARGS)

# MAILCORE_LIVE names the file with the accounts: docs/how-to/live-tests.md.
live: $(VENV)/.tests
	$(PY) -m pytest live $(ARGS)

clean:
	rm -rf $(VENV) $(BENCH) build dist docs/_build demo-output .coverage .coverage.* .mutate
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name .git -prune -o -name __pycache__ -prune -exec rm -rf {} +

$(VENV)/.run: $(PROJECTS) tools/venv.sh
	sh tools/venv.sh $(VENV)
	@touch $@

# What installs more makes the stamps of what it has installed too: each run of pip takes half a minute.
$(VENV)/.tests: $(PROJECTS) tools/venv.sh
	sh tools/venv.sh $(VENV) tests
	@touch $(VENV)/.run $@

$(VENV)/.check: $(PROJECTS) tools/venv.sh
	sh tools/venv.sh $(VENV) tests lint types docs packaging
	@touch $(VENV)/.run $(VENV)/.tests $@

# For .ci/run, which needs it all.
$(VENV)/.all: $(PROJECTS) tools/venv.sh
	sh tools/venv.sh $(VENV) tests lint types docs packaging fuzz
	@touch $(VENV)/.run $(VENV)/.tests $(VENV)/.check $(VENV)/.fuzz $@

$(VENV)/.hooks: $(VENV)/.check
	sh tools/venv.sh $(VENV) hooks
	@touch $@

$(VENV)/.coverage: $(VENV)/.tests
	sh tools/venv.sh $(VENV) tests coverage
	@touch $@

$(VENV)/.schemas: $(VENV)/.tests
	sh tools/venv.sh $(VENV) tests schemas
	@touch $@

$(VENV)/.mutate: $(VENV)/.tests
	sh tools/venv.sh $(VENV) tests mutate
	@touch $@

$(VENV)/.fuzz: $(VENV)/.run
	sh tools/venv.sh $(VENV) fuzz
	@touch $@

$(BENCH)/.bench: $(PROJECTS) tools/venv.sh
	sh tools/venv.sh $(BENCH) bench
	@touch $@
