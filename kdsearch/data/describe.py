"""Proposals of a `dataset.toml` for a file: what each column was taken for, and what is not certain."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kdsearch.data.card import DatasetCard
from kdsearch.data.catalog import CARDS
from kdsearch.data.columns import QUANTITIES
from kdsearch.data.describe_graph import proposed_graph
from kdsearch.data.frame import Frame
from kdsearch.data.interval import interval_of, minutes_between
from kdsearch.data.layouts import readings_of
from kdsearch.data.places import must_be_a_file
from kdsearch.data.readers import read_array
from kdsearch.data.readings import Readings
from kdsearch.data.series_source import SeriesSource
from kdsearch.data.sources import check_suffix, is_table, read_source, read_tables
from kdsearch.data.time_columns import time_columns
from kdsearch.data.time_text import is_time
from kdsearch.errors import DataError, DataQuestion

__all__ = ["Proposal", "describe_file"]

MOST_QUESTIONS = 12

GATHERED = ("ignore", "missing_text")
"""Keys whose answers add up."""

ZEROS = 0.05
"""Share of readings that are zero from which on they may mean that nothing was measured."""

KINDS_OF_QUANTITY = {"flow": "count", "speed": "speed"}


@dataclass
class Proposal:
    """A proposed `dataset.toml`.

    Attributes:
        top: Keys at its top.
        series: Keys of `[series]`.
        graph: Keys of `[graph]`.
        certain: What was seen in the file, one sentence each.
        questions: What to look at, by key: a sentence each.
    """

    top: dict[str, Any]
    series: dict[str, Any]
    graph: dict[str, Any] = field(default_factory=dict)
    certain: list[str] = field(default_factory=list)
    questions: dict[str, str] = field(default_factory=dict)

    def toml(self) -> str:
        """Write it, with what is not certain as comments beside the keys."""
        lines = [f"# {sentence}" for sentence in self.certain] + self._table(self.top)
        for name in ("series", "graph"):
            if table := getattr(self, name):
                lines += ["", f"[{name}]", *self._table(table)]
        return "\n".join(lines) + "\n"

    def _table(self, keys: dict[str, Any]) -> list[str]:
        lines = []
        for key, value in keys.items():
            if key in self.questions:
                lines.append(f"# not certain: {self.questions[key]}")
            lines.append(f"{key} = {json.dumps(value, ensure_ascii=False)}")
        return lines


def describe_file(path: Path, *, graph: Path | None = None) -> Proposal:
    """Propose a `dataset.toml` for a file of readings.

    Args:
        path: The file.
        graph: The file of its roads; found in the same folder where None.

    Raises:
        DataError: The file cannot be read at all.
    """
    must_be_a_file(path)
    check_suffix(path)
    alike = _alike(path)
    try:
        proposal, readings = _read(path, alike)
    except DataError:
        if not alike:
            raise
        proposal, readings = _read(path, [])  # they are no continuation, such as one file for each quantity
    values = readings.values
    steps, nodes, channels = values.shape
    if len(proposal.top["channels"]) != channels:
        proposal.top["channels"] = [f"channel {number + 1}" for number in range(channels)]
        proposal.questions["channels"] = "the file does not name them"
    span = "" if readings.counted else f", {readings.times[0]} to {readings.times[-1]}"
    several = f" and {channels} channels" if channels > 1 else ""
    proposal.certain.append(f"{path.name}: {steps:,} steps of {nodes:,} sensor{'s' * (nodes != 1)}{several}{span}")
    proposal.certain += readings.notes
    proposal.certain += [
        f"the built-in dataset {card.name} has a file of this name: {card.title}"
        for card in CARDS.values()
        if path.name in {one.name for one in card.files}
    ]
    zeros = float((values == 0).mean())
    if zeros > ZEROS:
        proposal.certain.append(
            f"{100 * zeros:.1f} % of the readings are zero: write missing_value = 0 if zero means that nothing was "
            "measured"
        )
    proposal.graph, said = proposed_graph(path, graph, readings)
    proposal.questions |= said
    return proposal


def _read(path: Path, further: list[str]) -> tuple[Proposal, Readings]:
    """Read the file, and those that go on where it ends, and answer each question by its likeliest answer."""
    proposal = Proposal({"interval_minutes": 5, "unit": "?", "channels": ["readings"]}, {"file": path.name})
    if further:
        proposal.series["further"] = further
        proposal.questions["further"] = "these files have the same columns"
    proposal.questions["unit"] = 'the file does not say it; write such as "km/h" or "vehicles/5 min"'
    for _ in range(MOST_QUESTIONS):
        try:
            source = SeriesSource.model_validate(proposal.series)
            frame = read_tables(source, path.parent) if is_table(path) else None
            minutes = _array_interval(path, source) if frame is None else _table_interval(frame, source, proposal)
            for key in ("start", "interval_minutes"):
                proposal.questions.pop(key, None)
            if minutes is None:
                proposal.top["start"] = "2000-01-01T00:00"
                proposal.questions["start"] = "the file holds no times; write the local time of its first row"
                proposal.questions["interval_minutes"] = "the file holds no times"
            else:
                proposal.top["interval_minutes"] = minutes
                proposal.top.pop("start", None)
            card = DatasetCard.model_validate({"name": path.stem} | proposal.top)
            whole = read_source(card, source, path.parent) if frame is None else readings_of(frame, source, card)
            return proposal, whole
        except DataQuestion as question:
            table = proposal.series if question.table == "series" else proposal.top
            key, choice = question.key, question.choices[0]
            if key in table and key not in GATHERED:
                raise
            table[key] = [*table.get(key, []), *_listed(choice)] if key in GATHERED else choice
            proposal.questions[question.key] = question.what.replace(f"{path.parent}/", "")
    raise DataError(f"{path} leaves more than {MOST_QUESTIONS} questions; write its dataset.toml by hand")


def _alike(path: Path) -> list[str]:
    """List the files beside a text file that have its header."""
    if path.suffix.lower() not in (".csv", ".txt", ".tsv"):
        return []
    own = _first_line(path)
    if not any(letter.isalpha() for letter in own):
        return []
    beside = sorted(path.parent.glob(f"*{path.suffix}"))
    return [one.name for one in beside if one != path and one.is_file() and _first_line(one) == own]


def _first_line(path: Path) -> str:
    with path.open("rb") as file:
        return file.readline(1 << 20).decode("utf-8-sig", errors="replace")


def _table_interval(frame: Frame, source: SeriesSource, proposal: Proposal) -> int | None:
    """Find the interval of a table, and what its columns are called; None where it holds no times."""
    _name_quantity(frame, proposal)
    timed = time_columns(frame, source) or any(is_time(name) for name in frame.names or ())
    return interval_of(frame, source) if timed else None


def _array_interval(path: Path, source: SeriesSource) -> int | None:
    written = read_array(path, source.key, source.axes).written
    return None if written is None else minutes_between(written.clock, path)


def _listed(choice: object) -> list[object]:
    return list(choice) if isinstance(choice, list | tuple) else [choice]


def _name_quantity(frame: Frame, proposal: Proposal) -> None:
    """Name channel and unit by what the columns are called."""
    words = " ".join([*(frame.names or ()), Path(frame.file).stem])
    names = [name for name, pattern in QUANTITIES.items() if pattern.fullmatch(words)]
    if len(names) == 1:
        proposal.top["channels"] = names
        if names[0] in KINDS_OF_QUANTITY:
            proposal.top["quantity"] = KINDS_OF_QUANTITY[names[0]]
    if unit := re.search(r"\((?:(Veh)[^/)]*/\s*(\d+) Min[^)]*|(mph|km/h|kmh))\)", words, re.I):
        proposal.top["unit"] = f"vehicles/{unit[2]} min" if unit[1] else unit[3]
        proposal.questions.pop("unit", None)
