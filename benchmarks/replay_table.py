"""Train every network of a grid once, and keep its learning curve: the table that `replay.py` searches in seconds.

    KDSEARCH_DATA=... python -m benchmarks.replay_table los-loop benchmarks/replay_los_loop.csv --workers 2
    KDSEARCH_DATA=... python -m benchmarks.replay_table bikenyc benchmarks/replay_bikenyc.csv --workers 2

Each row is a student of the best recipe on real readings, one seed. The same command again resumes: rows in the file
are not trained again.
"""

import argparse
import csv
import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from kdsearch.pipeline.dataset import split_dataset
from kdsearch.pipeline.setup import trained_teacher
from kdsearch.study.space.files import load_space
from kdsearch.trial.run import TrialRunner

EPOCHS = 16
"""Eight points of the learning curve, one after every second epoch."""

MEASURED = ["parameters", "flops", "latency_ratio", "cpu_seconds", "val_mae"]


@dataclass(frozen=True)
class Grid:
    """The networks of a table.

    Attributes:
        space: Search space whose protocol and teacher they have.
        values: Column -> values. "input" is raw readings, or deviations from a profile of that kind; "teaching" is loss
            and beta; other columns are params of a trial.
        metrics: Metrics whose curves are kept.
        fixed: Params of every network.
    """

    space: str
    values: dict[str, tuple[Any, ...]]
    metrics: tuple[str, ...] = ("mae",)
    fixed: dict[str, Any] = field(default_factory=dict)

    @property
    def curve(self) -> list[str]:
        """Columns of the learning curves."""
        epochs = range(EPOCHS // 8, EPOCHS + 1, EPOCHS // 8)
        return [f"val_{metric}_{epoch}" for metric in self.metrics for epoch in epochs]

    def rows(self) -> Iterator[dict[str, Any]]:
        """List every cell of the grid."""
        for values in itertools.product(*self.values.values()):
            yield dict(zip(self.values, values, strict=True))


INPUTS = ("raw", "low-rank", "table")
GRIDS = {
    "los-loop": Grid(
        "stgcn",
        {
            "width": (1, 2, 4),
            "decoding": ("direct", "iterated"),
            "input": INPUTS,
            "teaching": ("none", "rd-l2 0.3", "rd-l2 0.7"),
            "error": ("absolute", "squared"),
            "learning_rate": (1e-3, 3e-3, 1e-2),
        },
    ),
    "bikenyc": Grid(
        "st-resnet",
        {
            "width": (4, 8, 16),
            "depth": (1, 2),
            "input": INPUTS,
            "teaching": ("none", "rd-l2 0.5"),
            "error": ("absolute", "squared"),
            "learning_rate": (1e-3, 3e-3),
        },
        ("mae", "rmse"),
        {"family": "st-resnet", "batch": 32},
    ),
}


def params_of(row: dict[str, Any], grid: Grid) -> dict[str, Any]:
    """Turn a cell into the params of a trial."""
    loss, _, beta = row["teaching"].partition(" ")
    params = {name: value for name, value in row.items() if name not in ("teaching", "input")}
    params |= {"route": "student", "loss": loss, "epochs": EPOCHS} | grid.fixed
    if beta:
        params["beta"] = float(beta)
    return params | ({"input": "raw"} if row["input"] == "raw" else {"input": "deviation", "profile": row["input"]})


_shared: tuple[TrialRunner, Grid] | None = None


def _adopt(runner: TrialRunner, grid: Grid) -> None:
    global _shared  # noqa: PLW0603 - a process pool hands its initialiser no other place
    _shared = runner, grid


def _train(row: dict[str, Any]) -> dict[str, Any]:
    assert _shared is not None
    runner, grid = _shared
    record, _ = runner.evaluate(params_of(row, grid), seed=0)
    assert record.cost is not None
    validated = [point.val_errors for point in record.curve if point.val_errors]
    curve = [errors[metric] for metric in grid.metrics for errors in validated]
    measured = [
        record.cost.parameters,
        record.cost.flops,
        f"{record.cost.latency_ratio:.4f}",
        f"{sum(record.seconds.values()):.2f}",
        f"{record.metrics['val']['mae']['all']:.4f}",
    ]
    return (
        row
        | dict(zip(MEASURED, measured, strict=True))
        | {name: f"{value:.4f}" for name, value in zip(grid.curve, curve, strict=True)}
    )


def main() -> None:
    """Train the networks missing from the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset", choices=list(GRIDS))
    parser.add_argument("table", type=Path)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    grid = GRIDS[options.dataset]
    columns = [*grid.values, *MEASURED, *grid.curve]
    known = set()
    if options.table.exists():
        with options.table.open(newline="") as file:
            known = {tuple(row[name] for name in grid.values) for row in csv.DictReader(file)}
    else:
        options.table.write_text(",".join(columns) + "\n")
    missing = [row for row in grid.rows() if tuple(map(str, row.values())) not in known]
    space = load_space(grid.space)
    series, _ = split_dataset(options.dataset, space.protocol, None)
    teacher, record = trained_teacher(series, "best", space.teacher, 0)
    print(f"teacher: validation MAE {record.metrics['val']['mae']['all']:.4f}; {len(missing)} networks to train")
    with (
        get_context("spawn").Pool(options.workers, _adopt, (TrialRunner(series, teacher), grid)) as pool,
        options.table.open("a", newline="") as file,
    ):
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        for done, row in enumerate(pool.imap_unordered(_train, missing), 1):
            writer.writerow(row)
            file.flush()
            print(f"{done} of {len(missing)}: {row}", flush=True)


if __name__ == "__main__":
    main()
