"""Commands `kdsearch cache list` and `clean`."""

import json
import re
import time
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from kdsearch.cache.contents import KINDS, Entry, clean, entries
from kdsearch.cache.folders import cache_dir
from kdsearch.cli.options import Json
from kdsearch.errors import StudyError

__all__ = ["cache_app"]

cache_app = typer.Typer(help="The cache of trained teachers: what is in it, and delete it.", no_args_is_help=True)

UNIT_SECONDS = {"m": 60, "h": 3600, "d": 86400}


@cache_app.command("list")
def cache_list(as_json: Json = False) -> None:
    """List what the cache holds: how many of each kind, their size, and when they were last used.

    Example: kdsearch cache list
    """
    from kdsearch.cli.display import print_table

    found = {kind: entries(kind) for kind in KINDS}
    if as_json:
        kinds = [{"kind": kind, **_facts(own)} for kind, own in found.items()]
        typer.echo(json.dumps({"cache_dir": str(cache_dir()), "kinds": kinds}, indent=2))
        return
    rows = [
        [kind, str(len(own)), _size(sum(one.size_bytes for one in own)), *_ages([one.used for one in own])]
        for kind, own in found.items()
    ]
    print_table(f"Cache {cache_dir()}", ["kind", "number", "size", "last used, newest", "oldest"], rows)


@cache_app.command("clean")
def cache_clean(
    older_than: Annotated[
        str | None, typer.Option(help="What was not used for so long: 30d, 12h, 90m; 30d if left out.")
    ] = None,
    kind: Annotated[list[str] | None, typer.Option(help=f"Of this kind alone: {', '.join(KINDS)}; repeatable.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="Whenever it was last used.")] = False,
) -> None:
    """Delete what was not used for 30 days, and say what that freed; what a process uses stays.

    What is missing later is made again: a teacher trains again, which can take hours.

    Example: kdsearch cache clean --older-than 7d --kind tables
    """
    if everything and older_than is not None:
        raise StudyError(f"--all and --older-than {older_than} say two things; leave one of them out")
    age_seconds = 0.0 if everything else _seconds(older_than or "30d")
    for one in kind or ():
        if one not in KINDS:
            raise StudyError(f"there is no --kind {one!r}; choose one of {', '.join(KINDS)}")
    now, deleted, kept = time.time(), list[Entry](), 0
    for entry in (one for own in kind or KINDS for one in entries(own)):
        if everything or now - entry.used >= age_seconds:
            if clean(entry):
                deleted.append(entry)
            else:
                kept += 1
    numbers = {own: sum(one.kind == own for one in deleted) for own in KINDS}
    what = ", ".join(f"{own} {number}" for own, number in numbers.items() if number) or "there was nothing to delete"
    typer.echo(f"freed {_size(sum(one.size_bytes for one in deleted))}: {what}")
    if kept:
        typer.echo(f"{kept} in use by a process, and kept", err=True)


def _seconds(age: str) -> float:
    """Read "30d", "12h" or "90m" as seconds.

    Raises:
        StudyError: Where it is none of these.
    """
    match = re.fullmatch(r"(\d{1,6})([dhm])", age.strip(), re.ASCII)
    if match is None:
        raise StudyError(f"--older-than {age!r} is no age; write 30d, 12h or 90m")
    return float(match[1]) * UNIT_SECONDS[match[2]]


def _facts(own: list[Entry]) -> dict[str, Any]:
    """Give number, bytes, and the times of last use, newest and oldest."""
    used = sorted(datetime.fromtimestamp(one.used, UTC).isoformat(timespec="seconds") for one in own)
    ends = {"newest_use": used[-1], "oldest_use": used[0]} if used else {"newest_use": None, "oldest_use": None}
    return {"number": len(own), "bytes": sum(one.size_bytes for one in own), **ends}


def _size(size_bytes: int) -> str:
    """Write bytes as people read them: 12 kB, 340 MB, 1.25 GB."""
    from kdsearch.report.numbers import magnitude

    number, _, letter = magnitude(size_bytes).partition(" ")
    return f"{number} {letter}B"


def _ages(used: list[float]) -> list[str]:
    """Write how long ago the newest and the oldest of these times were."""
    from kdsearch.report.numbers import duration

    if not used:
        return ["", ""]
    seconds = [max(0.0, time.time() - when) for when in (max(used), min(used))]
    return [f"{one / 86400:.0f} days ago" if one >= 2 * 86400 else f"{duration(one)} ago" for one in seconds]
