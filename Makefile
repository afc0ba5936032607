# Every target only calls the command line tool or a test runner in .venv; `make help` lists them.
PYTHON ?= python3
BOARD ?= rpi_pico
PORT ?= build/board
RT := .venv/bin/ridethrough
.DEFAULT_GOAL := help

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' Makefile

run: .venv/ready  ## two runs: a legacy meter's false alert, and the reference riding through
	@$(RT) demo --output build

test: .venv/ready-test  ## every test
	@.venv/bin/python -m pytest -n auto --dist worksteal

lint: .venv/ready-test  ## ruff, strict types for tools/, firmware/ and boards/ against the MicroPython stubs
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/mypy
	@.venv/bin/python host_tests/lint/check_stubs.py

flash: .venv/ready  ## the firmware onto a board: make flash BOARD=rpi_pico PORT=/dev/ttyACM0
	@$(RT) flash --board $(BOARD) --port $(PORT)

bench: .venv/ready-test  ## cost of an update, a boot, a sweep, a rule and a capture, as ratios within one run
	@.venv/bin/python host_tests/benchmarks/bench.py
	@.venv/bin/python host_tests/benchmarks/bench_rules.py

budget: .venv/ready-test  ## memory and size on the VM, against the limits in board.toml
	@.venv/bin/python host_tests/benchmarks/budget.py

sweep: .venv/ready-test  ## every fault to the fixpoint on two boards, and every pair of cuts unmerged (an hour)
	@$(RT) sweep --size 8192 --cuts 1 --guest micropython
	@$(RT) sweep --size 8192 --board rpi_pico
	@$(RT) sweep --size 8192 --board latch_pico
	@.venv/bin/python host_tests/benchmarks/pairs.py

gallery: .venv/ready  ## rules, meters, matrix and audits on one page, for people who have to agree (two minutes)
	@$(RT) rules gallery -o build/gallery.html

pictures: .venv/ready  ## the pictures in docs/, made anew; pages looked at in headless Chromium, if there is one
	@$(RT) run --picture docs/pictures/ride-through.svg --quiet
	@$(RT) run legacy_long_reboot --picture docs/pictures/legacy.svg --quiet || test $$? -eq 1
	@for board in boards/*/; do name=$$(basename $$board); $(RT) board show $$name --svg docs/pictures/wiring-$$name.svg > build/$$name.txt; done
	@.venv/bin/python host_tests/benchmarks/browser.py docs/pictures

fuzz: .venv/ready-test  ## each parser of foreign bytes under a coverage-guided fuzzer, a minute each
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[fuzz]'
	@.venv/bin/python host_tests/fuzz/fuzz.py

table: .venv/ready  ## the table of every scenario on every board in docs/, made anew
	@$(RT) scenarios --table docs/scenario-table.md
	@.venv/bin/python -m ridethrough.guests.cpython.catalogue > docs/simulated.md
	@.venv/bin/python -m ridethrough.testing.reference > docs/testing-reference.md

clean:  ## remove what the other targets made
	rm -rf .venv .stubs build

.venv/ready: pyproject.toml
	@$(PYTHON) tools/setup.py .venv .
	@touch $@

.venv/ready-test: .venv/ready
	@$(PYTHON) tools/setup.py .venv '.[test,lint]' --stubs .stubs
	@touch $@

.PHONY: help run test lint flash bench budget sweep gallery pictures table fuzz clean
