# Every command a person needs. `make` alone lists them; each target says after ## what it does.
# Variables of `make run`: PORT, DICOM_PORT, DATA, PEOPLE. PYTHON chooses the interpreter of `make setup`.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PORT ?= 8042
DICOM_PORT ?= 4242
DATA ?= run

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q
# Every file that starts like a shell script, whatever its name.
SHELL_SCRIPTS = $(shell grep -rlIE -m1 '^\#!.*[/ ](ba)?sh$$' --exclude-dir=.git --exclude-dir=.venv --exclude-dir=.node --exclude-dir=dist --exclude-dir=node_modules . | \
	xargs awk 'FNR == 1 && /^\#!/ { print FILENAME } { nextfile }')

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: setup
setup: .venv/installed ## make .venv with the pinned packages and the command .venv/bin/pacsberry

.PHONY: web
web: server/pacsberry/http/app/index.html ## build the web pages (Node is taken from PyPI where the machine has none)

.PHONY: run
run: setup ## start the server with a demo study and print its address (PORT=8042 DICOM_PORT=4242 DATA=run PEOPLE=yes)
	@$(MAKE) --no-print-directory web || echo 'The web pages cannot be built here; a minimal page is shown.' >&2
	$(BIN)/pacsberry serve --demo $(if $(filter yes,$(PEOPLE)),--people) --http-port $(PORT) --dicom-port $(DICOM_PORT) --data $(DATA)

.PHONY: test
test: .venv/tools-installed web/node_modules/installed ## run every test but the long proofs
	.ci/system-packages test
	$(BIN)/python -m pytest -q
	.ci/npm test

.PHONY: test-web
test-web: .venv/tools-installed web ## try the pages in a real browser: iPad sizes, fingers, pictures of each page in tests/web/screens
	.ci/system-packages browser
	.ci/npm run test-web

.PHONY: pictures
pictures: .venv/tools-installed web ## take the pictures of the pages that the README shows: web/pictures
	.ci/system-packages browser
	.ci/npm run pictures

.PHONY: proofs
proofs: .venv/tools-installed ## run the long proofs: crashes by the hundred, long fuzzing
	.ci/system-packages test
	$(BIN)/python -m pytest -q -m proof

.PHONY: check
check: .venv/tools-installed web/node_modules/installed check-ansible ## read the code: ruff, mypy, import-linter, shellcheck, yamllint, ansible-lint, names of targets
	.ci/system-packages test
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	shellcheck $(SHELL_SCRIPTS)
	$(BIN)/yamllint --strict .
	.ci/npm run check
	$(BIN)/python -m pytest -q tests/test_ground.py

.PHONY: check-ansible
check-ansible: .venv/ansible/installed ## read the roles: ansible-lint with its strictest profile, the playbook's syntax
	cd ansible && PATH="$$PWD/../.venv/ansible/bin:$$PATH" ansible-lint --offline -q
	cd ansible && ../.venv/ansible/bin/ansible-playbook --syntax-check --inventory localhost, site.yml >/dev/null

.PHONY: deploy
deploy: .venv/ansible/installed ## install Pacsberry on a Debian or Raspberry Pi OS over SSH: HOST=pi@192.168.1.20 (BOX=yes ARGS=…)
	@[[ -n "$(HOST)" ]] || { echo 'Which computer? make deploy HOST=user@address' >&2; exit 2; }
	ansible/deploy "$(HOST)" $(if $(filter yes,$(BOX)),--extra-vars pacsberry_is_box=true) $(ARGS)

.PHONY: format
format: .venv/tools-installed ## put the code into the project's form
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
	.ci/npm run format

.PHONY: bench
bench: .venv/tools-installed ## measure beside Debian's Orthanc and write tests/bench/RESULTS.md
	.ci/system-packages bench
	$(BIN)/python -m tests.bench
	$(BIN)/python -m tests.bench.wear
	$(BIN)/python -m tests.bench.packing

.PHONY: bench-class
bench-class: .venv/tools-installed ## measure a class of thirty on one slow link beside Orthanc, and write it there, too
	.ci/system-packages bench
	$(BIN)/python -m tests.bench.classroom

.PHONY: bench-recycling
bench-recycling: .venv/tools-installed ## measure what recycling costs a sender that never stops, and write it there, too
	.ci/system-packages bench
	$(BIN)/python -m tests.bench.recycling

.PHONY: bench-backup
bench-backup: .venv/tools-installed ## measure backup and restore, also while a sender streams, and write it there, too
	.ci/system-packages bench
	$(BIN)/python -m tests.bench.backing_up

.PHONY: image
image: .venv/ansible/installed ## build the file to flash, as root: dist/pacsberry-….img.zst (COMPRESSION=xz for a release)
	.ci/system-packages image
	image-build/build

.PHONY: test-image
test-image: .venv/tools-installed ## boot the built image in QEMU, join its Wi-Fi, pull its plug (needs make image)
	.ci/system-packages image
	$(BIN)/python -m pytest -v -m image -n 3 --dist loadgroup --no-loadscope-reorder \
		-o faulthandler_timeout=2400 -o tmp_path_retention_policy=failed tests/image

.PHONY: lock
lock: ## choose the versions of all packages anew and write the two lock files
	.ci/lock

.PHONY: clean
clean: ## remove everything that make made, but no data
	rm -rf .venv .node web/node_modules server/pacsberry/http/app .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis dist
	find server appliance tests -name __pycache__ -prune -exec rm -rf {} +

# pip compiles .pyc files as it installs; what it does not make is the -OO level and the project's own.
# Without them the same server takes twice the memory at its start, because it compiles what it imports.
# The last line does it for what the server needs of Python's own library, where that may be written to (as root).
.venv/installed: requirements.lock pyproject.toml
	@echo 'Setting up: the pinned packages go into .venv.'
	.ci/system-packages run
	[[ -x $(BIN)/pip ]] || "$$(.ci/find-python)" -m venv .venv
	$(PIP) install --requirement requirements.lock
	$(PIP) install --no-deps --editable .
	$(BIN)/python -m compileall -q -o 2 .venv/lib
	$(BIN)/python -m compileall -q -o 0 -o 2 server/pacsberry appliance/pacsberry_appliance
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -OO -P -c 'import pacsberry.cli.server, pacsberry.app, pynetdicom'
	touch $@

# Ansible has an environment of its own: nothing of it gets onto a box, and its packages are not the project's.
.venv/ansible/installed: ansible/requirements.lock
	@echo 'Setting up: Ansible goes into .venv/ansible.'
	.ci/system-packages run
	[[ -x .venv/ansible/bin/pip ]] || "$$(.ci/find-python)" -m venv .venv/ansible
	.venv/ansible/bin/python -m pip --disable-pip-version-check -q install --requirement $<
	touch $@

.venv/tools-installed: requirements-dev.lock .venv/installed
	@echo 'Setting up: the pinned tools for tests and checks go into .venv as well.'
	$(PIP) install --requirement requirements-dev.lock
	touch $@

web/node_modules/installed: web/package-lock.json web/node.txt
	@echo 'Setting up: the pinned packages for the web pages go into web/node_modules.'
	.ci/npm ci --ignore-scripts --loglevel=error
	touch $@

server/pacsberry/http/app/index.html: web/node_modules/installed $(shell find web -name node_modules -prune -o -type f -print)
	.ci/npm run build
	touch $@
