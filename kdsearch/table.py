"""Tables of what kdsearch can be extended by: a name, and a small frozen row that says everything about it.

Validation, help, refusals, legends, the page and the tests read these tables. Modules of users add rows to them.
"""

import difflib
import inspect
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any, Generic, Protocol, TypeVar

from kdsearch.errors import KdsearchError, SpaceError

__all__ = ["NAME", "Table", "check_row", "unknown_name"]

NAME = r"[A-Za-z][A-Za-z0-9_-]*"
"""Form of a row's name: it is typed in commands, lists and limits, and stands in the names of files."""


class _Named(Protocol):
    @property
    def name(self) -> str:
        """Key of the row."""


Row = TypeVar("Row", bound=_Named)


class Table(Mapping[str, Row], Generic[Row]):
    """Rows by name, in the order in which they were added.

    >>> from kdsearch import LOSSES
    >>> LOSSES["rd-l2"].teacher
    'outputs'
    >>> LOSSES.choose("rd-l3")
    Traceback (most recent call last):
        ...
    kdsearch.errors.SpaceError: there is no loss 'rd-l3'; did you mean 'rd-l2'? There are none, rd-l2, ...

    Args:
        kind: What a row is, as messages call it: "loss".
        rows: Those that come with kdsearch.
        mistake: What a wrong name raises.
    """

    def __init__(self, kind: str, rows: Iterable[Row], *, mistake: type[KdsearchError]) -> None:
        self.kind, self._mistake = kind, mistake
        self._rows = dict[str, Row]()
        for row in rows:
            self.add(row)
        self._own = frozenset(self._rows)

    def __getitem__(self, name: str) -> Row:
        return self._rows[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __repr__(self) -> str:
        return f"<Table of {len(self)} rows, each a {self.kind}: {', '.join(self)}>"

    def add(self, row: Row) -> Row:
        """Add a row, or put it in the place of an earlier one of the user's own, as a notebook does that runs again.

        Returns:
            The row.

        Raises:
            KdsearchError: Where kdsearch has a row of that name, or it is no name that can be typed everywhere.
        """
        if not re.fullmatch(NAME, row.name):
            raise self._mistake(
                f"{row.name!r} is no name for a {self.kind}; begin with a letter, then use letters, digits, - and _"
            )
        if row.name in getattr(self, "_own", self._rows):
            raise self._mistake(f"the {self.kind} {row.name!r} comes with kdsearch; give yours another name")
        self._rows[row.name] = row
        return row

    def ships(self, name: str) -> bool:
        """Tell whether a row comes with kdsearch; the others are the user's."""
        return name in self._own

    def choose(self, name: str) -> Row:
        """Find a row by a name that a user gave.

        Raises:
            KdsearchError: Where there is none of that name; the message lists them all, the nearest one first.
        """
        if name in self._rows:
            return self._rows[name]
        raise self._mistake(unknown_name(self.kind, name, self._rows))


def unknown_name(kind: str, name: str, known: Collection[str]) -> str:
    """Say in one sentence that there is nothing of a name: the nearest known one, then all."""
    near = difflib.get_close_matches(name, known, n=1)
    guess = f"did you mean {near[0]!r}? There are" if near else "choose one of"
    return f"there is no {kind} {name!r}; {guess} {', '.join(known)}"


def check_row(kind: str, name: str, sentence: str, function: Callable[..., Any], arguments: tuple[str, ...]) -> None:
    """Refuse a row that is only half there, when it is made: at import.

    Args:
        kind: What the row is, as messages call it.
        name: The row's name.
        sentence: What help texts say of it.
        function: What it stands for.
        arguments: What the function is called with, by place.

    Raises:
        SpaceError: With what is missing.
    """
    if not sentence.strip():
        raise SpaceError(f"the {kind} {name!r} needs a sentence that says what it does")
    try:
        inspect.signature(function).bind(*arguments)
    except ValueError:
        return  # a function in C that does not say what it takes
    except TypeError:
        raise SpaceError(f"the {kind} {name!r} needs a function of ({', '.join(arguments)})") from None
