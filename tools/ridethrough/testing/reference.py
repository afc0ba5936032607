"""The kit's reference page, made of its docstrings: `python -m ridethrough.testing.reference`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

from ridethrough.testing import Bench, HostileWorld, strategies


def page() -> Iterator[str]:
    """The page's lines."""
    yield "# ridethrough.testing, call by call"
    yield ""
    yield "Made of the docstrings by `make table`. How it is used: [testing.md](testing.md)."
    yield from _class(Bench)
    yield from _class(HostileWorld)
    yield "\n## ridethrough.testing.strategies\n"
    for name, value in vars(strategies).items():
        if inspect.isfunction(value) and value.__module__ == strategies.__name__ and not name.startswith("_"):
            yield _line(name, value)


def _class(cls: type) -> Iterator[str]:
    yield f"\n## {cls.__name__}\n"
    yield _said(cls)
    yield ""
    for name, value in vars(cls).items():
        if name.startswith("_"):
            continue
        if isinstance(value, property):
            yield f"- `{name}`: {_said(value)}"
        elif callable(value) or isinstance(value, classmethod):
            yield _line(name, getattr(cls, name))


def _line(name: str, value: Callable[..., Any]) -> str:
    arguments = [
        p.name if p.default is p.empty or p.default is None else f"{p.name}={p.default!r}"
        for p in inspect.signature(value).parameters.values()
        if p.name != "self"
    ]
    return f"- `{name}({', '.join(arguments)})`: {_said(value)}"


def _said(value: object) -> str:
    # without examples
    text = (inspect.getdoc(value) or "").partition(">>>")[0]
    lines = [line for line in text.splitlines() if not line.startswith("    ")]
    return " ".join(" ".join(lines).replace("::", ".").split())


if __name__ == "__main__":
    print("\n".join(page()))
