"""The coverage-guided fuzzer: each target of targets.py for a while, from its seeds and its corpus.

    .venv/bin/python host_tests/fuzz/fuzz.py                 each for a minute, going on where it stopped (make fuzz)
    .venv/bin/python host_tests/fuzz/fuzz.py --ci [SECONDS]  the same, with one seed and from nothing (make fuzz-ci)
    .venv/bin/python host_tests/fuzz/fuzz.py sigrok [-max_total_time=600]     one target, libFuzzer's options
    .venv/bin/python host_tests/fuzz/fuzz.py sigrok FILE     an input that broke something, again; needs no atheris

What it finds is kept in build/corpus/TARGET; an input that breaks something in build/fuzz, and what replays it is said.
host_tests/fuzz/corpus/TARGET holds inputs that once broke something: every run begins with them, and so does make test.
"""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

SECONDS = 60
BROKEN = Path("build") / "fuzz"
_SEED = 20_240_401
_FALLBACK = "host_tests/fuzz/test_fuzz.py"


def one(name: str, options: list[str]) -> None:
    """Fuzzes one target in this process; does not return."""
    import atheris

    with atheris.instrument_imports(include=["ridethrough", "esme"]):
        import targets

        for module in ("esme.image", "esme.bootrec"):
            targets.firmware(module)
    corpus = Path("build/corpus") / name
    corpus.mkdir(parents=True, exist_ok=True)
    for i, seed in enumerate((*targets.seeds(name), *targets.corpus(name))):
        (corpus / f"seed-{i}").write_bytes(seed)
    # a folder in the options comes first: what is found goes there
    atheris.Setup([sys.argv[0], *options, str(corpus)], targets.named(name))
    atheris.Fuzz()


def again(name: str, path: Path) -> None:
    """One input, as it is; raises what it raises."""
    import targets

    targets.named(name)(path.read_bytes())
    print(f"fuzz {name}: {path} breaks nothing")


def every(seconds: int, ci: bool) -> int:
    """Each target in turn, a line each; 1 if anything broke."""
    import targets

    if importlib.util.find_spec("atheris") is None:
        print(f"fuzz: no atheris for this Python or platform: Hypothesis draws the inputs ({_FALLBACK})", flush=True)
        return subprocess.call([sys.executable, "-m", "pytest", "-q", _FALLBACK])
    BROKEN.mkdir(parents=True, exist_ok=True)
    return max([_told(target.__name__, seconds, ci) for target in targets.TARGETS])


def _told(name: str, seconds: int, ci: bool) -> int:
    options = [f"-max_total_time={seconds}", "-max_len=8192", "-rss_limit_mb=2048", "-timeout=20",
               f"-artifact_prefix={BROKEN}/{name}-", "-print_final_stats=1"]  # fmt: skip
    with tempfile.TemporaryDirectory() as nothing:
        if ci:
            # the same inputs on each machine, as far as its speed goes
            options += [f"-seed={_SEED}", nothing]
        done = subprocess.run([sys.executable, __file__, name, *options], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace", check=False)  # fmt: skip
    runs = re.search(r"number_of_executed_units: *(\d+)", done.stdout)
    if done.returncode == 0 and runs:
        print(f"fuzz {name}: {seconds} s, {runs[1]} inputs, nothing broke", flush=True)
        return 0
    saved = re.search(r"Test unit written to (\S+)", done.stdout)
    what = re.search(r"Uncaught Python exception: ===\n(.*)", done.stdout)
    why = what[1] if what else (done.stdout.strip().splitlines() or ["no word"])[-1]
    words = [os.path.relpath(sys.executable), os.path.relpath(__file__), name, *([saved[1]] if saved else [])]
    print(f"fuzz {name}: BROKEN: {why[:200]}; again: {shlex.join(words)}", flush=True)
    return 1


def main(arguments: list[str]) -> int:
    """Fuzzes the named target, or each in turn; not 0 if anything broke."""
    sys.path.insert(0, str(Path(__file__).parents[1]))  # targets.py needs support.py
    if arguments and not arguments[0].startswith("-"):
        if len(arguments) == 2 and Path(arguments[1]).is_file():
            again(arguments[0], Path(arguments[1]))
            return 0
        one(arguments[0], arguments[1:])
    ci = arguments[:1] == ["--ci"]
    return every(int(arguments[1]) if ci and arguments[1:] else SECONDS, ci)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
