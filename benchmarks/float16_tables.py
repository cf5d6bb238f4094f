"""The harm of float16 teacher tables to a student: the same trainings from float32 tables, seed by seed.

    KDSEARCH_DATA=... python -m benchmarks.float16_tables --dataset los-loop

The trainings are those of the `best` recipe with the loss "stcd", whose feature terms weigh as they do by default, or
as `--alpha3` says. Seeds alone move the validation MAE far more than the tables may.
"""

import argparse
from dataclasses import dataclass
from typing import Any

import torch

from kdsearch.data.windows import WindowedSeries
from kdsearch.distill import fused
from kdsearch.distill.taps import tapped
from kdsearch.distill.teacher_features import SpatialTable, TeacherTables, TemporalTable
from kdsearch.pipeline.dataset import split_dataset
from kdsearch.pipeline.setup import trained_teacher
from kdsearch.trial.run import TrialRunner


@dataclass(frozen=True, eq=False)
class ExactRunner(TrialRunner):
    """A runner whose tables are float32, and held in memory."""

    exact: TeacherTables | None = None

    def tables(self) -> TeacherTables:
        """Give the float32 tables."""
        assert self.exact is not None
        return self.exact


@torch.no_grad()
def exact_tables(runner: TrialRunner) -> TeacherTables:
    """Make the tables of the train split in one piece, as `make_tables` writes them but for their precision."""
    place, checkpoint = torch.device("cpu"), runner.teacher.checkpoint
    network, data = checkpoint.network(place).eval(), WindowedSeries(runner.series, checkpoint.scaler, place)
    windows = runner.series.splits["train"].last - network.history + 1
    with tapped(network, (*network.spatial_taps, *network.temporal_taps)) as features:
        network(data.inputs(torch.tensor([0]), windows, with_clock=False))
    spatial = {name: fused.pair_distances(features[name][0]) for name in network.spatial_taps}
    temporal = {
        name: fused.lagged_distances(features[name], features[name].shape[1] - windows)[0]
        for name in network.temporal_taps
    }
    return TeacherTables(
        {name: SpatialTable(table.numpy()) for name, table in spatial.items()},
        {name: TemporalTable(table.numpy()) for name, table in temporal.items()},
    )


def main() -> None:
    """Train in pairs and print the validation MAE of each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", default="los-loop")
    parser.add_argument("--protocol", default="stgcn")
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--alpha3", type=float, default=0.1)
    options = parser.parse_args()
    series, _ = split_dataset(options.dataset, options.protocol, None)
    runner = TrialRunner(series, trained_teacher(series, "best", {}, 0)[0])
    exact = ExactRunner(series, runner.teacher, exact=exact_tables(runner))
    params: dict[str, Any] = {"loss": "stcd", "epochs": options.epochs, "alpha3": options.alpha3}
    print("seed   float32   float16   difference")
    for seed in range(options.seeds):
        single, half = (b.evaluate(params, seed)[0].metrics["val"]["mae"]["all"] for b in (exact, runner))
        print(f"{seed:4} {single:9.4f} {half:9.4f} {half / single - 1:12.4%}", flush=True)


if __name__ == "__main__":
    main()
