"""A search over networks trained once in advance, for the comparison of searches in `replay.py`."""

import csv
import heapq
import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, cast

import optuna
from optuna.samplers import BaseSampler
from optuna.storages import InMemoryStorage, RDBStorage
from sqlalchemy import create_engine

from benchmarks.studies import bare_meta
from kdsearch.costs import Cost
from kdsearch.record import Baseline, CurvePoint, FinalPoint, TrialRecord
from kdsearch.report.front import log_hypervolume, non_dominated
from kdsearch.study.executors.worker import Evaluator
from kdsearch.study.search.ask_tell import AskedTrial
from kdsearch.study.search.driver import Driver
from kdsearch.study.space.parameters import Choice, Scalar
from kdsearch.study.space.space import SearchSpace
from kdsearch.study.storage.store import StoredTrial, StudyStore

EPOCHS = 16
CORNER = (3.7281, 244_330_631.0)
"""Baseline point: validation MAE of last value on los-loop (the calendar profile's is 4.2701), and the teacher's
FLOPs; both as `kdsearch teacher --dataset los-loop` gives them."""
TARGET, ENOUGH = 0.95, 0.99
"""Shares of the best hypervolume: the one whose epochs are counted, and the one at which a replay ends."""
BUDGET = 3200
"""Epochs after which a replay ends all the same: 200 trials in full, of the 324 in the table."""
WORKERS = 2

Cell = tuple[Scalar, ...]
Point = tuple[float, float]
EvaluatorT = TypeVar("EvaluatorT")
Job = TypeVar("Job")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Network:
    """A row of the table: FLOPs, validation MAE, and the learning curve after each eighth of the epochs."""

    flops: int
    mae: float
    curve: tuple[float, ...]

    def record(self, params: dict[str, Any], eighths: int) -> TrialRecord:
        """Make the network's record after some eighths of its epochs."""
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
        """Read the file of `replay_table.py`; the columns before `parameters` are the grid."""
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
        """Turn the grid into a search space of choices."""
        columns = zip(self.names, zip(*self.networks, strict=True), strict=True)
        parameters = tuple(Choice(name=name, choices=tuple(dict.fromkeys(column))) for name, column in columns)
        return SearchSpace(name="replay", dataset="los-loop", protocol="stgcn", parameters=parameters)

    def network(self, params: dict[str, Any]) -> Network:
        """Look up the row of a configuration."""
        return self.networks[tuple(params[name] for name in self.names)]

    def best(self) -> float:
        """Compute the hypervolume of the best networks."""
        return volume([(network.mae, float(network.flops)) for network in self.networks.values()])

    def front(self) -> set[Cell]:
        """Select the non-dominated networks with a claim: those inside the reference point."""
        inside = {
            cell: (network.mae, float(network.flops))
            for cell, network in self.networks.items()
            if network.mae < CORNER[0] and network.flops < CORNER[1]
        }
        return {cell for cell, best in zip(inside, non_dominated(list(inside.values())), strict=True) if best}


def volume(points: Sequence[Point]) -> float:
    """Compute the hypervolume of errors and FLOPs, decades of the latter."""
    return log_hypervolume(points, CORNER, (False, True)) if points else 0.0


class _Memory(InMemoryStorage):
    """A database for the search beside Optuna's own; nobody else writes to this one."""

    engine = create_engine("sqlite://")

    def record_heartbeat(self, trial_id: int) -> None:
        """Do nothing: no other process watches."""

    def _get_stale_trial_ids(self, study_id: int) -> list[int]:  # noqa: ARG002
        return []


class MemoryStore(StudyStore):
    """A study in memory: ten times as fast as one in SQLite; a replay has some thousand trials."""

    def __init__(self, space: SearchSpace) -> None:
        memory = _Memory()
        self.storage = cast(RDBStorage, memory)
        self.url, self.owner = "memory", "replay"
        self.meta = bare_meta(space, ["mae", "flops"])
        self.optuna_study = optuna.create_study(storage=memory, study_name="replay", directions=["minimize"] * 2)
        self._ends: list[FinalPoint] = []

    def save_record(self, number: int, record: TrialRecord, weights: bytes | None) -> None:
        """Drop the record: nobody will read it."""

    def save_final_point(self, end: FinalPoint) -> None:
        """Keep the point."""
        self._ends.append(end)

    def final_points(self) -> list[FinalPoint]:
        """Give the points kept."""
        return self._ends

    def trials(self) -> list[StoredTrial]:
        """Give none: the driver counts them before the first."""
        return []

    def baselines(self) -> list[Baseline]:
        """Give none."""
        return []


@dataclass
class Replay:
    """An executor whose workers train on a clock of epochs; also what one search found.

    Attributes:
        best: Hypervolume of the best networks of the table.
        table: The networks to search.
        store: The study of the search.
        best: Hypervolume of the best networks of the table.
        sampler: Sampler to be used in place of the search's own.
        until: Share of the best hypervolume at which the search is over.
        epochs: Epochs trained so far by all workers.
        volumes: Epochs and share of the best hypervolume after each finished trial.
        proposed: Configurations in the order of their trials.
        stopped: Configurations of stopped trials.
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

    def search(self, driver: Driver, evaluator: Evaluator) -> None:  # noqa: ARG002 - the table is the bench
        """Run trials until the best networks are found, all have been tried, or the budget is spent."""
        if self.sampler is not None:
            self.store.optuna_study.sampler = self.sampler
        found: list[Point] = []
        events = [(0, worker, self._begin(driver)) for worker in range(WORKERS)]
        while events and self.epochs < BUDGET:
            clock, worker, (asked, network, eighth) = heapq.heappop(events)
            record = network.record(asked.params, eighth + 1)
            self.epochs += EPOCHS // 8
            should_continue = record.state == "PRUNED" and driver.should_continue(
                asked.number, record, (eighth + 1) / 8
            )
            if record.state == "COMPLETE":
                driver.finish(asked.number, record, None)
                found.append((network.mae, float(network.flops)))
                self.volumes.append((self.epochs, volume(found) / self.best))
                if self.volumes[-1][1] >= self.until:
                    break
            elif not should_continue:
                self.stopped.append(self._cell(asked))
            if should_continue:
                heapq.heappush(events, (clock + EPOCHS // 8, worker, (asked, network, eighth + 1)))
            elif len(set(self.proposed)) < len(self.table.networks):
                heapq.heappush(events, (clock + EPOCHS // 8, worker, self._begin(driver)))

    def map(
        self, function: Callable[[EvaluatorT, Job], Result], evaluator: EvaluatorT, jobs: Iterable[Job]
    ) -> Iterator[tuple[Job, Result | None, str]]:
        """Run a function for every job."""
        for job in jobs:
            yield job, function(evaluator, job), ""

    def reached(self, share: float) -> float:
        """Find the epochs to a share of the best hypervolume; infinite where it was not reached."""
        return next((epochs for epochs, found in self.volumes if found >= share), math.inf)

    def _begin(self, driver: Driver) -> tuple[AskedTrial, Network, int]:
        asked = driver.next()
        assert asked is not None
        self.proposed.append(self._cell(asked))
        return asked, self.table.network(asked.params), 0

    def _cell(self, asked: AskedTrial) -> Cell:
        return tuple(asked.params[name] for name in self.table.names)
