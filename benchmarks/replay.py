"""Compare samplers and early stopping in a minute: real search code, on networks that were trained once and for all.

    python benchmarks/replay.py --output replay.html

A trial looks its learning curve up in a table (`replay_table.py` trained it) instead of training. Everything else is a
search as `kdsearch run` makes it: proposals, rungs, early stopping, two workers side by side. What is counted are the
epochs that the trials would have trained, those of stopped trials up to their stop, and how soon the networks that were
found span 95 % of the hypervolume of the best ones in the table.
"""

import argparse
import csv
import heapq
import html
import itertools
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np
import optuna
from numpy.typing import NDArray
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.storages import InMemoryStorage, RDBStorage
from sqlalchemy import create_engine

from kdsearch.record import Cost, CurvePoint, Reference, TrialRecord
from kdsearch.report.front import log_hypervolume, non_dominated
from kdsearch.report.style import FONT, GREY, INK, blank_figure
from kdsearch.study.driver import Driver
from kdsearch.study.fresh import FreshSampler
from kdsearch.study.objectives import OBJECTIVES
from kdsearch.study.parameters import Choice, Scalar
from kdsearch.study.runner import run_search
from kdsearch.study.search import Asked
from kdsearch.study.space import SearchSpace
from kdsearch.study.stopping import Rung
from kdsearch.study.store import StoredTrial, StudyMeta, StudyStore
from kdsearch.study.worker import Bench

TABLE = Path(__file__).parent / "replay_los_loop.csv"
EPOCHS = 16
CORNER = (3.7281, 244_330_631.0)
"""Reference point: validation MAE of last value on los-loop (the calendar profile's is 4.2701), and the teacher's
FLOPs; both as `kdsearch teacher --dataset los-loop` gives them."""
TARGET, ENOUGH = 0.95, 0.99
"""Shares of the best hypervolume: the one whose epochs are counted, and the one at which a replay ends."""
BUDGET = 3200
"""Epochs after which a replay ends all the same: 200 trials in full, of the 324 in the table."""
WORKERS = 2

Cell = tuple[Scalar, ...]
Point = tuple[float, float]
BenchT = TypeVar("BenchT")
Job = TypeVar("Job")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Network:
    """A row of the table: FLOPs, validation MAE, and the learning curve after each eighth of the epochs."""

    flops: int
    mae: float
    curve: tuple[float, ...]

    def record(self, params: dict[str, Any], eighths: int) -> TrialRecord:
        """What is known of it after some eighths of its epochs."""
        complete = eighths == len(self.curve)
        points = [
            CurvePoint(epoch=eighth * EPOCHS // 8, phase="train", cpu_seconds=0, train_loss=0, val_mae=error)
            for eighth, error in enumerate(self.curve[:eighths], 1)
        ]
        return TrialRecord(
            state="COMPLETE" if complete else "PRUNED",
            route="student",
            params=params,
            seed=0,
            metrics={"val": {"mae": {"all": self.mae}}} if complete else {},
            cost=Cost(parameters=0, stored_numbers=0, flops=self.flops, product_flops=self.flops),
            curve=points,
        )


@dataclass(frozen=True)
class Table:
    """A grid of trained networks. The space to search is the grid: every configuration is a row."""

    names: tuple[str, ...]
    networks: dict[Cell, Network]

    @classmethod
    def read(cls, path: Path) -> "Table":
        """Read what `replay_table.py` wrote; the columns before `parameters` are the grid."""
        with path.open(newline="") as file:
            rows = list(csv.DictReader(file))
        names = tuple(itertools.takewhile(lambda name: name != "parameters", rows[0]))
        curve = [f"val_mae_{eighth * EPOCHS // 8}" for eighth in range(1, 9)]
        return cls(
            names,
            {
                tuple(row[name] for name in names): Network(
                    int(row["flops"]), float(row["val_mae"]), tuple(float(row[name]) for name in curve)
                )
                for row in rows
            },
        )

    def space(self) -> SearchSpace:
        """The grid as a search space of choices."""
        columns = zip(self.names, zip(*self.networks, strict=True), strict=True)
        parameters = tuple(Choice(name=name, choices=tuple(dict.fromkeys(column))) for name, column in columns)
        return SearchSpace(name="replay", dataset="los-loop", protocol="stgcn", parameters=parameters)

    def network(self, params: dict[str, Any]) -> Network:
        """The row of a configuration."""
        return self.networks[tuple(params[name] for name in self.names)]

    def best(self) -> float:
        """Hypervolume of the best networks."""
        return volume([(network.mae, float(network.flops)) for network in self.networks.values()])

    def front(self) -> set[Cell]:
        """Networks that no other one betters and that have a claim: they are inside the reference point."""
        inside = {
            cell: (network.mae, float(network.flops))
            for cell, network in self.networks.items()
            if network.mae < CORNER[0] and network.flops < CORNER[1]
        }
        return {cell for cell, best in zip(inside, non_dominated(list(inside.values())), strict=True) if best}


def volume(points: Sequence[Point]) -> float:
    """Hypervolume of errors and FLOPs, decades of the latter."""
    return log_hypervolume(points, CORNER, (False, True)) if points else 0.0


class _Memory(InMemoryStorage):
    """What the search asks of a database beside Optuna's own; nobody else writes to this one."""

    engine = create_engine("sqlite://")

    def record_heartbeat(self, trial_id: int) -> None:
        """No other process watches."""

    def _get_stale_trial_ids(self, study_id: int) -> list[int]:  # noqa: ARG002
        return []


class _MemoryStore(StudyStore):
    """A study in memory: ten times as fast as one in SQLite, and a replay is made of some thousand trials."""

    def __init__(self, space: SearchSpace, seed: int) -> None:
        memory = _Memory()
        self.storage = cast(RDBStorage, memory)
        self.url, self.owner = "memory", "replay"
        self.meta = StudyMeta(
            study="replay",
            dataset=space.dataset,
            protocol=space.protocol,
            objectives=["mae", "flops"],
            data_hash="",
            protocol_hash="",
            teacher_hash=None,
            space_name=space.name,
            space_text="",
            sampler="",
            seed=seed,
            data_note="",
            protocol_text="",
            command="",
            created="",
            versions={},
        )
        self.optuna_study = optuna.create_study(storage=memory, study_name="replay", directions=["minimize"] * 2)
        self._rungs: list[Rung] = []

    def save_record(self, number: int, record: TrialRecord, weights: bytes | None) -> None:
        """Nobody will read it."""

    def save_rung(self, rung: Rung) -> None:
        """Keep it."""
        self._rungs.append(rung)

    def rungs(self, eighth: int) -> list[Rung]:
        """Those kept at an eighth."""
        return [rung for rung in self._rungs if rung.eighth == eighth]

    def trials(self) -> list[StoredTrial]:
        """None when the driver counts, before the first."""
        return []

    def references(self) -> list[Reference]:
        """None."""
        return []


@dataclass
class Replay:
    """An executor whose workers train on a clock of epochs; also what one search found.

    Attributes:
        best: Hypervolume of the best networks of the table.
        sampler: To be used in place of the search's own.
        until: Share of the best hypervolume at which the search is over.
        epochs: Trained so far by all workers.
        volumes: Epochs and share of the best hypervolume after each finished trial.
        proposed: Configurations in the order in which they were tried.
        stopped: Those that did not come to their end.
    """

    table: Table
    store: StudyStore
    best: float
    sampler: BaseSampler | None = None
    until: float = ENOUGH
    epochs: int = 0
    volumes: list[Point] = field(default_factory=list)
    proposed: list[Cell] = field(default_factory=list)
    stopped: list[Cell] = field(default_factory=list)

    def search(self, driver: Driver, bench: Bench) -> None:  # noqa: ARG002 - the table is the bench
        """Run trials until the best networks are found, all have been tried, or the budget is spent."""
        if self.sampler is not None:
            self.store.optuna_study.sampler = self.sampler
        found: list[Point] = []
        events = [(0, worker, self._begin(driver)) for worker in range(WORKERS)]
        while self.epochs < BUDGET and len(set(self.proposed)) < len(self.table.networks):
            clock, worker, (asked, network, eighth) = heapq.heappop(events)
            record = network.record(asked.params, eighth + 1)
            self.epochs += EPOCHS // 8
            goes_on = record.state == "PRUNED" and driver.goes_on(asked.number, record, (eighth + 1) / 8)
            if record.state == "COMPLETE":
                driver.finish(asked.number, record, None)
                found.append((network.mae, float(network.flops)))
                self.volumes.append((self.epochs, volume(found) / self.best))
                if self.volumes[-1][1] >= self.until:
                    break
            elif not goes_on:
                self.stopped.append(self._cell(asked))
            following = (asked, network, eighth + 1) if goes_on else self._begin(driver)
            heapq.heappush(events, (clock + EPOCHS // 8, worker, following))

    def map(
        self, function: Callable[[BenchT, Job], Result], bench: BenchT, jobs: Sequence[Job]
    ) -> Iterator[tuple[Job, Result | None, str]]:
        """Run a function for every job."""
        for job in jobs:
            yield job, function(bench, job), ""

    def reached(self, share: float) -> float:
        """Epochs after which a share of the best hypervolume was reached; infinite where it was not."""
        return next((epochs for epochs, found in self.volumes if found >= share), math.inf)

    def _begin(self, driver: Driver) -> tuple[Asked, Network, int]:
        asked = driver.next()
        assert asked is not None
        self.proposed.append(self._cell(asked))
        return asked, self.table.network(asked.params), 0

    def _cell(self, asked: Asked) -> Cell:
        return tuple(asked.params[name] for name in self.table.names)


@dataclass(frozen=True)
class Arm:
    """A way to search.

    Attributes:
        name: For people.
        sampler: One of the search's own samplers.
        stopping: Whether the search stops hopeless trials.
        colour: In the figure; "" for those that it leaves out.
        own: Another sampler in place of it.
        slow: Whether it is left out unless it is asked for.
    """

    name: str
    sampler: str
    stopping: bool
    colour: str = ""
    own: Callable[[int, SearchSpace], BaseSampler] | None = None
    slow: bool = False


def plain_tpe(seed: int, space: SearchSpace) -> BaseSampler:  # noqa: ARG001
    """Optuna's default for several objectives: parameters one by one, repeated configurations included."""
    return TPESampler(seed=seed)


def fresh_tpe(seed: int, space: SearchSpace) -> BaseSampler:
    """The same without the repeats."""
    return FreshSampler(TPESampler(seed=seed), RandomSampler(seed=seed), space)


DEFAULT = Arm("tpe, stopping (default)", "tpe", True, "#0072B2")
PLAIN = Arm("plain TPE", "random", False, "#E69F00", plain_tpe)
RANDOM = Arm("random", "random", False, GREY)
ARMS = (
    DEFAULT,
    Arm("tpe", "tpe", False, "#56B4E9"),
    PLAIN,
    Arm("plain TPE, no repeats", "random", False, "", fresh_tpe),
    RANDOM,
    Arm("random, stopping", "random", True),
    Arm("nsga2", "nsga2", False),
    Arm("nsga2, stopping", "nsga2", True),
    Arm("gp", "gp", False, slow=True),
    Arm("gp, stopping", "gp", True, slow=True),
)


def replay(table: Table, arm: Arm, seed: int, *, until: float = ENOUGH) -> Replay:
    """One search over a table."""
    space = table.space()
    store = _MemoryStore(space, seed)
    run = Replay(table, store, table.best(), arm.own(seed, space) if arm.own else None, until)
    run_search(
        store,
        space,
        [OBJECTIVES["mae"], OBJECTIVES["flops"]],
        cast(Bench, table),
        run,
        trials=None,
        budget_seconds=math.inf,
        seed=seed,
        sampler=arm.sampler,
        progress=lambda _: None,
        stopping=arm.stopping,
    )
    return run


@dataclass(frozen=True)
class Outcome:
    """What one replay leaves.

    Attributes:
        reached: Epochs to `TARGET`; infinite where it was not reached.
        volumes: Epochs and share of the best hypervolume after each finished trial.
        trials: How many there were.
        repeated: How many of them had been proposed before.
        stopped: How many were stopped.
        front: How many networks of the table's front were proposed, and how many of them stopped.
    """

    reached: float
    volumes: list[Point]
    trials: int
    repeated: int
    stopped: int
    front: tuple[int, int]


def outcome(table: Table, arm: Arm, seed: int) -> Outcome:
    """Replay, and keep what can be sent between processes."""
    run = replay(table, arm, seed)
    front = table.front()
    return Outcome(
        run.reached(TARGET),
        run.volumes,
        len(run.proposed),
        len(run.proposed) - len(set(run.proposed)),
        len(run.stopped),
        (len(front & set(run.proposed)), len(front & set(run.stopped))),
    )


def quartiles(outcomes: Sequence[Outcome]) -> list[float]:
    """First quartile, median and third of the epochs to `TARGET`; infinite where too few searches came there."""
    reached = [one.reached for one in outcomes]
    return [float(value) for value in np.quantile(reached, (0.25, 0.5, 0.75), method="higher")]


def shares(outcomes: Sequence[Outcome], epochs: NDArray[np.float64]) -> NDArray[np.float64]:
    """Share of the best hypervolume ``(seed, epoch)`` that each search had found by then."""
    found = []
    for one in outcomes:
        times, volumes = zip((0.0, 0.0), *one.volumes, strict=True)
        found.append(np.asarray(volumes)[np.searchsorted(times, epochs, side="right") - 1])
    return np.stack(found)


HEADER = ("arm", "epochs to 95 %", "quartiles", "default needs", "trials", "stopped", "repeated", "front stopped")


def rows(results: dict[Arm, list[Outcome]]) -> Iterator[tuple[str, ...]]:
    """The table of results, of which `HEADER` names the columns."""
    default = quartiles(results[DEFAULT])[1] if DEFAULT in results else math.nan
    for arm, outcomes in results.items():
        low, median, high = quartiles(outcomes)
        trials = sum(one.trials for one in outcomes)
        proposed, stopped = (sum(one.front[part] for one in outcomes) for part in (0, 1))
        yield (
            arm.name,
            _epochs(median),
            f"{_epochs(low)} to {_epochs(high)}",
            f"{default / median:.2f} of it" if math.isfinite(median) else f"< {default / BUDGET:.2f} of it",
            f"{trials / len(outcomes):.0f}",
            f"{sum(one.stopped for one in outcomes) / trials:.0%}",
            f"{sum(one.repeated for one in outcomes) / trials:.0%}",
            f"{stopped} of {proposed}",
        )


def _epochs(value: float) -> str:
    return f"{value:.0f}" if math.isfinite(value) else f"> {BUDGET}"


def write_page(results: dict[Arm, list[Outcome]], seeds: int, path: Path) -> None:
    """One file with the figure and the table, which loads nothing from anywhere."""
    import plotly.io  # noqa: PLC0415 - half a second that the table alone does not pay

    figure = blank_figure("training epochs, all trials of a search together", "share of the best hypervolume")
    epochs = np.arange(0.0, BUDGET + 1, 8.0)
    for arm, outcomes in results.items():
        if not arm.colour:
            continue
        low, median, high = np.quantile(shares(outcomes, epochs), (0.25, 0.5, 0.75), axis=0)
        band = {"mode": "lines", "line": {"width": 0, "shape": "hv"}, "showlegend": False, "hoverinfo": "skip"}
        figure.add_scatter(x=epochs, y=low, **band)
        figure.add_scatter(x=epochs, y=high, fill="tonexty", fillcolor=_pale(arm.colour), **band)
        line = {"color": arm.colour, "width": 2, "shape": "hv"}
        figure.add_scatter(x=epochs, y=median, mode="lines", line=line, name=arm.name)
    figure.add_hline(y=TARGET, line={"color": INK, "width": 1, "dash": "dot"})
    figure.update_yaxes(range=[0, 1.02], tickformat=".0%").update_xaxes(range=[0, epochs[-1]])
    drawn = plotly.io.to_html(figure, include_plotlyjs=True, full_html=False, config={"displaylogo": False})
    cells = "".join(f"<tr>{''.join(f'<td>{html.escape(cell)}</td>' for cell in row)}</tr>" for row in rows(results))
    head = "".join(f"<th>{name}</th>" for name in HEADER)
    style = f"body{{font:15px/1.5 {FONT};color:{INK};max-width:960px;margin:32px auto;padding:0 16px}}"
    style += "table{border-collapse:collapse;font-size:13px}td,th{padding:4px 12px 4px 0;text-align:left}"
    style += "th{border-bottom:1px solid #b6bcc2}p{max-width:70ch}"
    path.write_text(
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Replay of searches</title><style>{style}</style>'
        "<h1>How soon each search finds the best networks</h1>"
        f"<p>Searches over a table of trained networks, {seeds} seeds each: median and quartiles. Dotted: "
        f"{TARGET:.0%} of the hypervolume of the best networks in the table.</p>{drawn}"
        f"<table><thead><tr>{head}</tr></thead><tbody>{cells}</tbody></table></html>",
        encoding="utf-8",
    )


def _pale(colour: str) -> str:
    red, green, blue = (int(colour[start : start + 2], 16) for start in (1, 3, 5))
    return f"rgba({red},{green},{blue},0.13)"


def main() -> None:
    """Replay every arm with every seed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", type=Path, default=TABLE)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--arm", action="append", choices=[arm.name for arm in ARMS], help="leave the others out")
    parser.add_argument("--workers", type=int, default=2, help="processes that replay side by side")
    parser.add_argument("--output", type=Path, help="an HTML file for the figure")
    options = parser.parse_args()
    table = Table.read(options.table)
    results: dict[Arm, list[Outcome]] = {}
    with get_context("spawn").Pool(options.workers) as pool:
        for arm in ARMS:
            if arm.slow if options.arm is None else arm.name not in options.arm:
                continue
            results[arm] = pool.map(partial(outcome, table, arm), range(options.seeds), chunksize=1)
            print(*list(rows(results))[-1], sep=" | ", flush=True)
    print()
    for row in (HEADER, *rows(results)):
        print("".join(f"{cell:24}" if column == 0 else f"{cell:>16}" for column, cell in enumerate(row)))
    if options.output is not None:
        write_page(results, options.seeds, options.output)


if __name__ == "__main__":
    main()
