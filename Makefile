# make run      set everything up, then start Preheat. Options for it: make run ARGS="--port 8000"
# make test     set up what tests need, then check formatting, style and types, and run all tests
# make bench    set up what benchmarks need, then compare Preheat with llama-server
# make format   rewrite the sources as `make test` wants them
#
# Each is safe to run again, and quick the second time. PYTHON=/path/to/python chooses the interpreter.

BIN := .venv/bin
ARGS ?=

.PHONY: run test bench format install-run install-dev install-bench

run: install-run
	@exec $(BIN)/preheat serve $(ARGS)

test: install-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy --strict engine gui packaging benchmarks
	$(BIN)/pytest $(ARGS)

bench: install-bench
	$(BIN)/python -m benchmarks $(ARGS)

format: install-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

install-run: EXTRAS := starter
install-dev: EXTRAS := dev
install-bench: EXTRAS := bench

install-run install-dev install-bench:
	@sh packaging/make_venv.sh
	@$(BIN)/python packaging/install.py $(EXTRAS)
	@$(BIN)/python packaging/starter_models.py
