"""Reproductions of tables by name: train the missing networks, then fill in lines, cells and claims."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, Field

from kdsearch.data.protocols import SplitSeries
from kdsearch.pipeline.setup import trained_teacher
from kdsearch.record import Baseline, Metrics
from kdsearch.report.published.catalog import PUBLISHED, comparable_with
from kdsearch.report.published.izadi import TABLE_3
from kdsearch.reproduce.arms import CLAIMS, LOSSES, TABLES, Arm, Row, arms_of, source_of_settings
from kdsearch.reproduce.attention import teacher_share
from kdsearch.reproduce.claims import ClaimLine, claim_lines
from kdsearch.reproduce.input_and_decoding import ROOM_CLAIMS, ROOM_ROWS, room_arms, room_settings, room_training
from kdsearch.reproduce.results import ArmResult, row_metrics
from kdsearch.reproduce.runs import (
    PAPER_CHANNEL,
    Listener,
    ReproduceOptions,
    Setup,
    open_study,
    paper_setup,
    run_arms,
    with_paper_channel,
)
from kdsearch.study.storage.meta import StudyMeta

__all__ = ["Cell", "Line", "Reproduction", "cell_of", "head_of", "reproduce_table"]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True)


class Cell(_Model):
    """One number of a table.

    Attributes:
        mean: Mean over the seeds, on the test split.
        standard_deviation: Standard deviation of the sample of seeds; None with one seed.
        published: The paper's number, on its own data.
    """

    mean: float
    standard_deviation: float | None = None
    published: float | None = None


class Line(_Model):
    """One row of a table.

    Attributes:
        seeds: Number of trainings in its means.
        cells: metric -> horizon in minutes -> number; "attention" -> "share" in Table 3; "mae-measured" is over
            measured readings alone, where the source filled some in.
    """

    title: str
    parameters: int | None
    seeds: int
    cells: dict[str, dict[str, Cell]]
    reason: str | None = None


class Reproduction(_Model):
    """Reproduction of a table.

    Attributes:
        head: Sentences that belong above the numbers: data, protocol, amount of training.
        published: Dataset whose published numbers stand beside ours; None where there are none.
        study: Name of the study that holds every training.
    """

    table: str
    title: str
    head: list[str]
    published: str | None
    lines: list[Line]
    claims: list[ClaimLine] = Field(default_factory=list)
    study: str
    unit: str


MEASURED = "test-measured"
"""Split of the errors over measured readings alone: the tables take the file as published."""

TITLES = {
    "table2": "Table 2: response losses and SKD",
    "table3": "Table 3: share of attention to the teacher",
    "table4": "Table 4: ablation of the loss",
    "table5": "Table 5: the whole loss",
    "table7": "Table 7: the pruned student and the fixed one, 3 % of the teacher",
    "table8": "Table 8: the base pruned, with and without distillation",
    "claims": "What the paper claims",
    "room": "Readings, decoding, distillation and size",
}


@dataclass(frozen=True)
class _Asked:
    """Plan of a table.

    Attributes:
        setup: Common settings of its arms, and the claims on them.
        arms: Arms by name; all of them are trained.
        rows: Rows of the table.
        published: Dataset whose published numbers stand beside ours; None where the paper has none.
    """

    setup: Setup
    arms: Mapping[str, Arm]
    rows: tuple[Row, ...]
    published: str | None


def reproduce_table(table: str, options: ReproduceOptions, to: Listener) -> Reproduction:
    """Reproduce one of Tables 2 to 5, 7 and 8, all their rows and claims ("claims"), or the open question ("room").

    Args:
        table: One of `TITLES`.
        options: Options of the command.
        to: Receives messages and events.

    Raises:
        KdsearchError: With one sentence that names the mistake and its remedy.
    """
    level = options.level  # an unknown one is refused before anything is read
    trained = room_training(options.fidelity) if table == "room" else level.words
    options = with_paper_channel(options)
    series, note = options.split_dataset()
    asked = _asked_room(series, options) if table == "room" else _asked_of_paper(table, series, options)
    results = run_arms(options, asked.setup, asked.arms, to)
    store = open_study(options, asked.setup.what)
    meta, baselines = store.meta, store.baselines()
    store.close()
    lines = [_line(row, results, baselines, asked.published) for row in asked.rows]
    if table == "table3":
        lines = _attention(lines, asked, series, options)
    return Reproduction(
        table=table,
        title=TITLES[table],
        head=head_of(options, trained, note, series, meta),
        published=asked.published,
        lines=lines,
        claims=claim_lines(asked.setup.claims, results),
        study=meta.study,
        unit=series.unit,
    )


def _asked_of_paper(table: str, series: SplitSeries, options: ReproduceOptions) -> _Asked:
    arms, rows = arms_of(series.source.name, options.level), TABLES.get(table, _every_row())
    there = {row.source for row in rows}
    claims = [claim for claim in CLAIMS if there.issuperset((*claim.better, *claim.worse))]
    wanted = {name: arm for name, arm in arms.items() if name in there}
    return _Asked(paper_setup(options.level, claims), wanted, rows, source_of_settings(series.source.name))


def _asked_room(series: SplitSeries, options: ReproduceOptions) -> _Asked:
    setup = Setup("room", "best", room_settings(series), {}, ROOM_CLAIMS)
    return _Asked(setup, room_arms(options.fidelity), ROOM_ROWS, None)


def _every_row() -> tuple[Row, ...]:
    """List all rows of all tables, each once."""
    return tuple(dict.fromkeys(row for rows in TABLES.values() for row in rows))


def _line(row: Row, results: Mapping[str, ArmResult], baselines: Sequence[Baseline], published_of: str | None) -> Line:
    metrics = row_metrics(row, results, baselines)
    printed = next((one.metrics for one in PUBLISHED if (one.dataset, one.name) == (published_of, row.published)), {})
    cells = {name: _cells(metrics, "test", name, printed.get(name, {})) for name in ("mae", "rmse", "mape")}
    if metrics and all(MEASURED in one for one in metrics):
        cells["mae-measured"] = _cells(metrics, MEASURED, "mae", {})
    result = results.get(row.source)
    lines = {line.name: line for line in baselines}
    cost = result.cost if result is not None else lines[row.source].cost if row.source in lines else None
    return Line(
        title=row.title,
        parameters=None if cost is None else cost.parameters,
        seeds=len(metrics),
        cells=cells,
        reason=None if result is None else result.reason,
    )


def _cells(metrics: Sequence[Metrics], split: str, name: str, printed: Mapping[str, float]) -> dict[str, Cell]:
    """Summarise a metric over trainings, by horizon; empty without one."""
    horizons = list(metrics[0][split][name]) if metrics else []
    return {one: cell_of([each[split][name][one] for each in metrics], printed.get(one)) for one in horizons}


def cell_of(values: Sequence[float], published: float | None = None) -> Cell:
    """Summarise a number over seeds by mean and standard deviation."""
    std = statistics.stdev(values) if len(values) > 1 else None
    return Cell(mean=statistics.fmean(values), standard_deviation=std, published=published)


def _attention(lines: Sequence[Line], asked: _Asked, series: SplitSeries, options: ReproduceOptions) -> list[Line]:
    """Fill in Table 3: the share of the targets that each row's alpha1 gives to the teacher, in per cent."""
    teacher, _ = trained_teacher(series, asked.setup.preset, dict(asked.setup.teacher), 0, device=options.device)
    found = []
    for line, row in zip(lines, asked.rows, strict=True):
        params, seeds = asked.arms[row.source].params, range(options.seeds)
        alpha1, batch = float(params["alpha1"]), int(params["batch"])
        shares = [100 * teacher_share(series, teacher, alpha1=alpha1, batch=batch, seed=seed) for seed in seeds]
        cells = {"attention": {"share, %": cell_of(shares, _printed_share(asked.published, row.source))}}
        found.append(line.model_copy(update={"cells": cells, "seeds": len(shares)}))
    return found


def _printed_share(dataset: str | None, loss: str) -> float:
    return next(one.teacher_percent for one in TABLE_3 if (one.dataset, one.loss) == (dataset, LOSSES[loss]))


def head_of(options: ReproduceOptions, trained: str, note: str, series: SplitSeries, meta: StudyMeta) -> list[str]:
    """Write the sentences that a reader needs before the numbers."""
    source = source_of_settings(series.source.name)
    own = series.source.name == source and series.source.channels[series.protocol.channel or 0] == PAPER_CHANNEL
    whose = (
        f"{'' if comparable_with(meta) else 'a part of '}the paper's data ({source})" if own else "not the paper's data"
    )
    return [
        f"Data: {note}; {whose}.",
        f"{meta.protocol_text[:1].upper()}{meta.protocol_text[1:]}.",
        f"Fidelity {options.fidelity}: {trained}; {options.seeds} seeds, of the teacher and the base one.",
    ]
