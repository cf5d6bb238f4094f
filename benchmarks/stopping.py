"""Measure what early stopping costs and saves, on networks trained once in advance.

    python -m benchmarks.stopping [--table replay_bikenyc] [--metric rmse]

Each search draws 60 rows of a replay table in random order, one at a time, and stops hopeless ones by the rule of
`kdsearch run`. What its front is worth is compared with that of the same rows all trained to their end.
"""

import argparse
import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from benchmarks.replayed import CORNER, EPOCHS
from kdsearch.record import CurvePoint
from kdsearch.report.front import log_hypervolume, non_dominated
from kdsearch.study.search.stopping import COST_TOLERANCE, STOPPING_RULES, TrialProgress

TRIALS = 60
TOLERANCES = {"flops": 0.0, "parameters": 0.0, "latency_ratio": COST_TOLERANCE}
"""Column of the table -> tolerance of the cost, as a search gives it."""
CORNERS = {
    "replay_los_loop": {"mae": CORNER[0], "flops": CORNER[1], "parameters": 333_604.0, "latency_ratio": 1.0},
    "replay_bikenyc": {
        "mae": 4.4833,
        "rmse": 10.0712,
        "flops": 229_178_800.0,
        "parameters": 899_360.0,
        "latency_ratio": 1.0,
    },
}
"""Table -> validation errors of the last value, and the teacher's costs."""


@dataclass(frozen=True)
class Search:
    """The outcome of one search.

    Attributes:
        kept: Hypervolume of its front as a share of that without stopping.
        saved: Share of the epochs that were not trained.
        front: Networks of the front without stopping.
        lost: Those of them that were stopped.
    """

    kept: float
    saved: float
    front: int
    lost: int


def ended(row: dict[str, str], number: int, cost: str, metric: str) -> TrialProgress:
    """Read a row as a trial that came to its end."""
    epochs = [EPOCHS * eighth // 8 for eighth in range(1, 9)]
    errors = [float(row[f"val_{metric}_{epoch}"]) for epoch in epochs]
    curve = [
        CurvePoint(epoch=epoch, phase="train", cpu_seconds=0, train_loss=0, val_errors={metric: error})
        for epoch, error in zip(epochs, errors, strict=True)
    ]
    return TrialProgress(
        number,
        {},
        curve,
        1.0,
        (float(row[cost]),),
        metrics=(metric,),
        tolerances=(TOLERANCES[cost],),
        errors=(errors[-1],),
    )


def search(
    rows: Sequence[dict[str, str]], corner: tuple[float, float], cost: str, metric: str, rule_and_seed: tuple[str, int]
) -> Search:
    """Search random rows of a table."""
    rule, seed = rule_and_seed
    drawn = np.random.default_rng(seed).choice(len(rows), min(TRIALS, len(rows)), replace=False)
    trials = [ended(rows[row], number, cost, metric) for number, row in enumerate(drawn)]
    finished, epochs = list[TrialProgress](), 0
    for trial in trials:
        reached = _last_epoch(trial, finished, rule)
        epochs += reached
        if reached == EPOCHS:
            finished.append(trial)
    everyone, those = _points(trials), _points(finished)
    front = [trial.number for trial, best in zip(trials, non_dominated(everyone), strict=True) if best]
    there = {trial.number for trial in finished}
    return Search(
        log_hypervolume(those, corner, (False, True)) / log_hypervolume(everyone, corner, (False, True)),
        1 - epochs / (EPOCHS * len(trials)),
        len(front),
        len(set(front) - there),
    )


def _points(trials: Sequence[TrialProgress]) -> list[tuple[float, float]]:
    return [(trial.errors[0], trial.costs[0]) for trial in trials if trial.errors is not None]


def _last_epoch(trial: TrialProgress, finished: Sequence[TrialProgress], rule: str) -> int:
    """Train a trial until it ends or is stopped."""
    for checks in range(1, len(trial.curve)):
        seen = trial.curve[:checks]
        under_way = replace(trial, curve=seen, share=seen[-1].epoch / EPOCHS, errors=None)
        if STOPPING_RULES[rule].reason(under_way, finished) is not None:
            return seen[-1].epoch
    return EPOCHS


def main() -> None:
    """Print a row for each cost."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", default="replay_los_loop", choices=list(CORNERS))
    parser.add_argument("--metric", default="mae", choices=["mae", "rmse"])
    parser.add_argument("--rule", default="dominated", choices=list(STOPPING_RULES))
    parser.add_argument("--seeds", type=int, default=200)
    options = parser.parse_args()
    with (Path(__file__).parent / f"{options.table}.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    print("| cost | hypervolume kept, median | worst | epochs saved | front stopped |\n|---|---|---|---|---|")
    corners = CORNERS[options.table]
    for cost in TOLERANCES:
        corner = corners[options.metric], corners[cost]
        found = [search(rows, corner, cost, options.metric, (options.rule, seed)) for seed in range(options.seeds)]
        kept, saved = [one.kept for one in found], np.mean([one.saved for one in found])
        lost, front = sum(one.lost for one in found), sum(one.front for one in found)
        print(
            f"| {cost} | {100 * np.median(kept):.1f} % | {100 * min(kept):.1f} % | {100 * saved:.0f} % "
            f"| {lost} of {front} |"
        )


if __name__ == "__main__":
    main()
