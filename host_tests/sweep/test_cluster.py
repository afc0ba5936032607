"""One process, several, a Dask cluster; killed workers, schedulers that go away: the same result, or one line."""

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from distributed import Client
from ridethrough import BadInput, Scenario
from ridethrough.cli import main
from ridethrough.crews import cluster
from ridethrough.crews.named import crews
from ridethrough.reports.sweep import as_json
from ridethrough.sweep.batch import Sweeping
from ridethrough.sweep.explore import sweep
from ridethrough.sweep.saved import identity, keeper, load
from ridethrough.sweep.setting import Setting
from support import LATCH, PATIENCE_S, PICO, REFERENCE

FAULTS = ["reset"]
HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def here():
    return Setting.load(Scenario.load("update").with_image_bytes(8192), PICO, REFERENCE)


def told(result):
    """All that a user sees of it, byte for byte, and what stands behind the largest merge."""
    return json.dumps(as_json(result, lambda ident: ident)), sorted(result.keys.items()), result.to_json()


@pytest.fixture(scope="module")
def alone(here):
    return told(sweep(here, 1, FAULTS))


@contextmanager
def standing(workers):
    """A cluster in a process of its own; gives it and its address."""
    command = [sys.executable, HERE / "standing.py", str(workers)]
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    try:
        yield process, process.stdout.readline().strip()
    finally:
        process.stdin.close()
        try:
            process.wait(PATIENCE_S)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)


def test_processes_change_nothing(here, alone):
    assert told(sweep(here, 1, FAULTS, jobs=2)) == alone
    assert json.loads(alone[0])["boots"] > 130


def test_a_cluster_changes_nothing_and_a_killed_worker_costs_its_work_only(here, alone):
    killed = []

    def progress(result, waiting):
        # when both have work; Dask starts another one
        if result.boots > 1 and not killed:
            processes = psutil.Process().children(recursive=True)
            victim = next(p for p in processes if "spawn_main" in " ".join(p.cmdline()) and not p.children())
            killed.append(victim.pid)
            victim.kill()

    with crews(1, "local:2") as crew:
        assert told(sweep(here, 1, FAULTS, crew=crew, progress=progress)) == alone
        # the same workers, for another sweep
        other = Setting.load(Scenario.load("update").with_image_bytes(8192), LATCH, REFERENCE)
        assert sweep(other, 1, FAULTS, crew=crew).boots > 130
    assert killed


def test_the_scheduler_holds_no_states(here):
    def bytes_of_tasks(dask_scheduler):
        import pickle

        # what tasks were given stands in their specifications; what they gave is on the workers
        return sum(len(pickle.dumps(task.run_spec)) for task in dask_scheduler.tasks.values() if task.run_spec)

    held = []
    with standing(1) as (_, address), crews(1, address) as crew, Client(address, set_as_default=False) as other:
        sweep(here, 1, FAULTS, crew=crew, progress=lambda *_: held.append(other.run_on_scheduler(bytes_of_tasks)))
    assert held and 0 < max(held) < 4_000, held


def test_a_scheduler_that_goes_away_ends_in_one_line_and_the_sweep_goes_on_elsewhere(
    here, alone, tmp_path, monkeypatch
):
    monkeypatch.setattr(cluster, "_ANSWER_S", 3)
    which = identity(here, 1, frozenset(FAULTS))
    kept = tmp_path / "kept.zip"
    keep = keeper(kept, which)

    with standing(2) as (process, address):

        def progress(result, waiting):
            if kept.exists() and process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait(PATIENCE_S)

        with pytest.raises(BadInput, match="went away: --resume FILE goes on") as e, crews(1, address) as crew:
            sweep(here, 1, FAULTS, crew=crew, progress=progress, keep=keep)
    assert "\n" not in str(e.value)
    begun = load(kept, which)
    assert begun.level == 1
    assert told(sweep(here, 1, FAULTS, begun=begun, keep=keep)) == alone
    # a sweep that is over is over
    assert told(sweep(here, 1, FAULTS, begun=load(kept, which))) == alone


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("local:0", "--on local:0: 1 to 256 workers expected"),
        ("local:9999", "1 to 256 workers"),
        ("local:", "local:N or tcp://HOST:PORT"),
        ("http://here:1", "local:N or tcp://HOST:PORT"),
        ("tcp://127.0.0.1:1", "no Dask scheduler answers there"),
        ("tcp://127.0.0.1:99999", "--on tcp://127.0.0.1:99999"),
    ],
)
def test_a_bad_address_is_one_line(address, says, capsys, monkeypatch):
    monkeypatch.setattr(cluster, "_ANSWER_S", 1)
    assert main(["sweep", "--size", "8192", "--cuts", "1", "--on", address]) == 2
    captured = capsys.readouterr()
    assert says in captured.err and captured.err.count("\n") == 1 and captured.out == "", captured


def test_a_cluster_without_workers_or_without_us_is_one_line(here, monkeypatch):
    monkeypatch.setattr(cluster, "_ANSWER_S", 2)
    with standing(0) as (_, address):
        with pytest.raises(BadInput, match="the scheduler has no worker") as e, crews(1, address):
            pass
        assert "\n" not in str(e.value)
    monkeypatch.setattr(cluster, "VERSION", "99.0")
    with standing(1) as (_, address), pytest.raises(BadInput, match="install the same on both") as e:  # noqa: SIM117
        with crews(1, address) as crew, crew(Sweeping(here)):
            pass
    assert "\n" not in str(e.value)


def test_without_dask_it_says_what_to_install(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "ridethrough.crews.cluster", None)
    assert main(["sweep", "--on", "local:2"]) == 2
    assert capsys.readouterr().err == "ridethrough: --on needs Dask: pip install 'ridethrough[cluster]'\n"
