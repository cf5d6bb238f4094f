"""Train every network of a grid once, and keep its learning curve: the table that `replay.py` searches in seconds.

    KDSEARCH_DATA=... python -m benchmarks.replay_table los-loop benchmarks/replay_los_loop.csv --workers 2

Each row is a student of the best recipe on real readings, one seed. The same command again resumes: rows in the file
are not trained again.
"""

import argparse
import csv
import itertools
from collections.abc import Iterator
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from kdsearch.pipeline.setup import split_dataset, trained_teacher
from kdsearch.trial.run import TrialRunner

EPOCHS = 16
"""Eight points of the learning curve, one after every second epoch."""

GRID: dict[str, tuple[Any, ...]] = {
    "width": (1, 2, 4),
    "decoding": ("direct", "iterated"),
    "input": ("raw", "low-rank", "table"),  # the last two: deviations from a profile of that kind
    "teaching": ("none", "rd-l2 0.3", "rd-l2 0.7"),  # loss and beta
    "error": ("absolute", "squared"),
    "learning_rate": (1e-3, 3e-3, 1e-2),
}
MEASURED = ["parameters", "flops", "latency_ratio", "cpu_seconds", "val_mae"]
CURVE = [f"val_mae_{epoch}" for epoch in range(EPOCHS // 8, EPOCHS + 1, EPOCHS // 8)]


def rows() -> Iterator[dict[str, Any]]:
    """List every cell of the grid."""
    for values in itertools.product(*GRID.values()):
        yield dict(zip(GRID, values, strict=True))


def params_of(row: dict[str, Any]) -> dict[str, Any]:
    """Turn a cell into the params of a trial."""
    loss, _, beta = row["teaching"].partition(" ")
    params = {name: row[name] for name in ("width", "decoding", "error", "learning_rate")}
    params |= {"route": "student", "loss": loss, "epochs": EPOCHS}
    if beta:
        params["beta"] = float(beta)
    return params | ({"input": "raw"} if row["input"] == "raw" else {"input": "deviation", "profile": row["input"]})


_runner: TrialRunner | None = None


def _adopt(runner: TrialRunner) -> None:
    global _runner  # noqa: PLW0603 - a process pool hands its initialiser no other place
    _runner = runner


def _train(row: dict[str, Any]) -> dict[str, Any]:
    assert _runner is not None
    record, _ = _runner.evaluate(params_of(row), seed=0)
    assert record.cost is not None
    curve = [point.val_mae for point in record.curve if point.val_mae is not None]
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
        | {name: f"{value:.4f}" for name, value in zip(CURVE, curve, strict=True)}
    )


def main() -> None:
    """Train the networks missing from the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset")
    parser.add_argument("table", type=Path)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    columns = [*GRID, *MEASURED, *CURVE]
    known = set()
    if options.table.exists():
        with options.table.open(newline="") as file:
            known = {tuple(row[name] for name in GRID) for row in csv.DictReader(file)}
    else:
        options.table.write_text(",".join(columns) + "\n")
    missing = [row for row in rows() if tuple(map(str, row.values())) not in known]
    series, _ = split_dataset(options.dataset, "stgcn", None)
    teacher, record = trained_teacher(series, "best", {}, 0)
    print(f"teacher: validation MAE {record.metrics['val']['mae']['all']:.4f}; {len(missing)} networks to train")
    with (
        get_context("spawn").Pool(options.workers, _adopt, (TrialRunner(series, teacher),)) as pool,
        options.table.open("a", newline="") as file,
    ):
        writer = csv.DictWriter(file, columns, lineterminator="\n")
        for done, row in enumerate(pool.imap_unordered(_train, missing), 1):
            writer.writerow(row)
            file.flush()
            print(f"{done} of {len(missing)}: {row}", flush=True)


if __name__ == "__main__":
    main()
