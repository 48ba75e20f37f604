# make run          set up, then start Preheat in the tray; without a screen, the same as `make serve`
# make serve        set up, then start Preheat without windows. Options: make serve ARGS="--port 8000"
# make test         set up the test tools, then check format, style and types, run all tests, and check coverage.
#                   Some tests, without coverage: make test ARGS=tests/engine/residency
# make faults       run the long campaign of faults (tests/faults/README.md). Options: make faults ARGS="--minutes 5"
# make test-clients install agents and other clients from npm (600 MB), then run them against a real Preheat
# make bench        set up the benchmarks, then compare Preheat with llama-server
# make package      build the packages for this system into dist/. With models: make package ARGS=--starter-models
# make package-test try the packages in bare Debian systems (root), in clean environments, and the installer under Wine.
#                   Only some checks in Debian: make package-test ARGS="--only tray"
# make vulkan       build llama.cpp's library for graphics cards with Vulkan (once, 10 minutes or more), and install it
# make test-vulkan  make vulkan, then load real models on Mesa's software device (Debian: mesa-vulkan-drivers)
# make docs         update the generated pages, and build the documentation into site/
# make screenshots  update the pictures in docs/screenshots
# make lint         check shell scripts, workflows, the Dockerfile and manifests
# make format       format the sources
#
# Each can be repeated, and is quick the second time. PYTHON=/path/to/python chooses the interpreter.

BIN := .venv/bin
ARGS ?=

SCREEN := $(DISPLAY)$(WAYLAND_DISPLAY)$(filter Darwin,$(shell uname))

.PHONY: run serve test faults test-clients test-vulkan bench docs package package-test screenshots lint format vulkan
.PHONY: install-run install-serve install-dev install-docs install-bench install-package

ifneq ($(SCREEN),)
run: install-run
	@exec $(BIN)/preheat tray $(ARGS)
else
run: serve
endif

serve: install-serve
	@exec $(BIN)/preheat serve $(ARGS)

# Tests start thousands of processes: if the environment forbids bytecode, each compiles all sources again.
test: export PYTHONDONTWRITEBYTECODE :=

# A crash ends the run: a process started in its place may wait for its tests for ever.
test: install-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy --strict engine gui packaging benchmarks tests
	$(BIN)/pytest --numprocesses=auto --maxprocesses=4 --dist=loadfile --max-worker-restart=0 $(if $(ARGS),,--cov --cov-report=) $(ARGS)
	$(if $(ARGS),,$(BIN)/python packaging/development/check_coverage.py)

faults: install-dev
	$(BIN)/python -m tests.faults $(ARGS)

test-clients: install-dev
	npm install --prefix tests/clients --no-package-lock --no-audit --no-fund
	$(BIN)/pytest tests/clients $(ARGS)

bench: install-bench
	$(BIN)/python -m benchmarks $(ARGS)

vulkan: install-serve
	$(BIN)/python packaging/setup/build_vulkan.py

test-vulkan: install-dev vulkan
	$(BIN)/pytest tests/vulkan $(ARGS)

package: install-package
	$(BIN)/python packaging/package.py $(ARGS)

package-test: install-dev install-package
	$(BIN)/python packaging/linux/package_test.py $(ARGS)
	$(if $(ARGS),,$(BIN)/python packaging/pypi/install_test.py)
	$(if $(ARGS),,$(BIN)/python packaging/windows/wine_test.py)

docs: install-docs
	$(BIN)/python packaging/documentation/update_pages.py
	$(BIN)/python packaging/documentation/build_site.py

screenshots: install-dev
	$(BIN)/python packaging/pictures/screenshots.py $(ARGS)

lint: install-package
	$(BIN)/python packaging/development/lint.py

format: install-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

install-run: EXTRAS := starter gui
install-serve: EXTRAS := starter
install-dev: EXTRAS := dev
install-docs: EXTRAS := docs gui starter
install-bench: EXTRAS := bench
install-package: EXTRAS := package
install-run install-docs install-package: PACKAGES := gui
install-dev install-bench: PACKAGES := tests

install-run install-serve install-dev install-docs install-bench install-package:
	@sh packaging/setup/make_venv.sh
	@$(if $(PACKAGES),$(BIN)/python packaging/setup/system_packages.py $(PACKAGES))
	@$(BIN)/python packaging/setup/install.py $(EXTRAS)
	@$(BIN)/python packaging/setup/starter_models.py
