"""What a user did that cannot be done, said in one line.

Everything that reads what people write or bring raises `BadInput`; the CLI prints it and ends with
status 2. It is never used for a defect of ours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable


class Param:
    """A parameter of the library, in an error or a doubt, with the value that is wrong or that would help. Each front
    end has its own spelling for it: the command line an option."""

    # no dataclass: their module is half of a short command's time
    __slots__ = ("name", "value")

    def __init__(self, name: str, value: str = "") -> None:
        self.name, self.value = name, value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Param) and (self.name, self.value) == (other.name, other.value)

    def __hash__(self) -> int:
        return hash((self.name, self.value))

    def __repr__(self) -> str:
        return f"Param({self.name!r}, {self.value!r})"

    def __str__(self) -> str:
        return f"{self.name} {self.value}".rstrip()


class BadInput(Exception):
    """One line: what is wrong, where, and how to mend it. Its parts are texts and the parameters that they are
    about."""

    def __init__(self, *parts: str | Param) -> None:
        super().__init__(*parts)

    def __str__(self) -> str:
        return self.spelled(str)

    def spelled(self, spell: Callable[[Param], str]) -> str:
        """The line, with the parameters as a front end calls them."""
        return "".join(spell(part) if isinstance(part, Param) else part for part in self.args)


def suggestion(word: str, known: Iterable[str]) -> str:
    """`; did you mean 'x'?` for the nearest of `known`, else a list of them all, else nothing."""
    import difflib

    names = sorted(known)
    near = difflib.get_close_matches(word, names, n=1, cutoff=0.6)
    if near:
        return f"; did you mean '{near[0]}'?"
    return f"; known: {', '.join(names)}" if names else ""
