"""Bounds at 90 % of a STID on the test split: coverage, width and Winkler's score of three forms, fixed and adapted.

The forms are a radius for each step and sensor, a product of step and sensor, and kdsearch's product of step, sensor
and hour of day. Winkler's score adds to the width 20 times what a reading is outside; less is better.

    KDSEARCH_DATA=FOLDER python -m benchmarks.bounds [--dataset pemsd8] [--protocol stgcn] [--epochs 10]
"""

import argparse
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from kdsearch.data.windows import WindowedSeries
from kdsearch.measure.bounds import LEVEL, RATE, adapted_scale, bounds_around, calibrated, conformal_quantile
from kdsearch.measure.kept import KeptForecasts, scored_and_kept
from kdsearch.pipeline.dataset import split_dataset
from kdsearch.trial.network import trained_network
from kdsearch.trial.teacher_settings import STID, teacher_config

Radius = NDArray[np.float32]


def main() -> None:
    """Train the STID, calibrate every form on the validation split and print what each holds of the test split."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", default="pemsd8")
    parser.add_argument("--protocol", default="stgcn")
    parser.add_argument("--epochs", type=int, default=10)
    options = parser.parse_args()
    series, _ = split_dataset(options.dataset, options.protocol, None)
    config = teacher_config(series, "best", STID | {"epochs": options.epochs})
    network, scaler, _ = trained_network(series, config, 0, torch.device("cpu"))
    data = WindowedSeries(series, scaler, torch.device("cpu"))
    val, test = (scored_and_kept(network, data, series, split)[1] for split in ("val", "test"))
    print(f"{'form':32} numbers   share  width  score  hours          weeks          sensors")
    for name, (radius, numbers) in forms(val, test).items():
        report(name, f"{numbers:,}", test, radius)
        scores = test.errors / radius
        for rate in (0.02, RATE, 0.1):
            report(f"  adapted, rate {rate:g}", "", test, radius * adapted_scale(scores, test.starts, LEVEL, rate))


def forms(val: KeptForecasts, test: KeptForecasts) -> dict[str, tuple[Radius, int]]:
    """Calibrate each form: its radii for the test split, and how many numbers it stores."""
    cells = val.errors.reshape(len(val.errors), -1).T
    found = [conformal_quantile(each[np.isfinite(each)], LEVEL) for each in cells]
    table = np.array(found, dtype=np.float32).reshape(val.errors.shape[1:])
    table = np.where(np.isnan(table), np.nanmedian(table, 1, keepdims=True), table)
    product = calibrated(val)
    left = val.errors / product.by_sensor
    steps = [conformal_quantile(one[np.isfinite(one)], LEVEL) for one in np.moveaxis(left, 1, 0)]
    plain = replace(product, by_hour=np.ones(24, np.float32), by_step=np.array(steps, np.float32))
    size = product.by_sensor.size + product.by_step.size
    return {
        "table of step and sensor": (np.broadcast_to(table, test.errors.shape), table.size),
        "step * sensor": (plain.radius(test.hours), size),
        "step * sensor * hour": (product.radius(test.hours), size + 24),
    }


def report(name: str, numbers: str, test: KeptForecasts, radius: Radius) -> None:
    """Print the share of the readings inside, the mean width and score, and the ends of the share by hour and so on."""
    counts, inside = np.isfinite(test.errors), test.errors <= radius
    lower, upper = bounds_around(test.forecast, radius, test.smallest)
    width = upper - lower
    score = width + 2 / (1 - LEVEL) * np.maximum(test.errors - radius, 0)
    week = (test.times.astype("datetime64[D]") - test.weekdays).astype(np.int64)
    keys = [np.broadcast_to(key[..., None], counts.shape) for key in (test.hours, week)]
    keys.append(np.broadcast_to(np.arange(counts.shape[2]), counts.shape))
    ends = []
    for key in keys:
        _, place = np.unique(key[counts], return_inverse=True)
        shares = np.bincount(place, inside[counts]) / np.bincount(place)
        ends.append(f"{shares.min():.3f} to {shares.max():.3f}")
    means = f"{inside[counts].mean():.3f} {width[counts].mean():6.2f} {score[counts].mean():6.2f}"
    print(f"{name:32} {numbers:>7}   {means}  {'  '.join(ends)}", flush=True)


if __name__ == "__main__":
    main()
