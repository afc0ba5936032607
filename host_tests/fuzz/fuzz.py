"""The coverage-guided fuzzer (`make fuzz`): each target of targets.py for a while, from its seeds.

    .venv/bin/python host_tests/fuzz/fuzz.py image [-max_total_time=600]      one target, libFuzzer's options

What it finds is kept in build/corpus/TARGET; an input that breaks something is printed by name.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

SECONDS = 60


def one(name: str, options: list[str]) -> None:
    """Fuzzes one target in this process; does not return."""
    import atheris

    with atheris.instrument_imports(include=["ridethrough", "esme"]):
        import targets

        for module in ("esme.image", "esme.bootrec"):
            targets.firmware(module)
    target = next(t for t in targets.TARGETS if t.__name__ == name)
    corpus = Path("build/corpus") / name
    corpus.mkdir(parents=True, exist_ok=True)
    for i, seed in enumerate(targets.seeds(name)):
        (corpus / f"seed-{i}").write_bytes(seed)
    atheris.Setup([sys.argv[0], str(corpus), *options], target)
    atheris.Fuzz()


def main() -> int:
    """Fuzzes the named target, or each in turn for a minute; not 0 if anything broke."""
    sys.path.insert(0, str(Path(__file__).parents[1]))  # targets.py needs support.py
    if len(sys.argv) > 1:
        one(sys.argv[1], sys.argv[2:])
    import targets

    status = 0
    for target in targets.TARGETS:
        print(f"fuzz: {target.__name__} for {SECONDS} s", flush=True)
        options = [f"-max_total_time={SECONDS}", "-verbosity=0", "-print_final_stats=1", "-max_len=8192"]
        status |= subprocess.call([sys.executable, __file__, target.__name__, *options])
    return 1 if status else 0


if __name__ == "__main__":
    sys.exit(main())
