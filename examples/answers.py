"""Forecasts of another library as a teacher: gradient-boosted trees of scikit-learn, one model for each step ahead.

pip install scikit-learn
python examples/answers.py --dataset demo --output answers.npz
kdsearch run --dataset demo --teacher answers.npz --trials 8
"""

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingRegressor

from kdsearch import PROTOCOLS, load_series, split_series
from kdsearch.data.target import Target

MOST_ROWS = 200_000
"""Rows that a model learns from, drawn at random."""


def features(
    values: NDArray[np.float32], times: NDArray[np.datetime64], rows: NDArray[np.int64]
) -> NDArray[np.float32]:
    """List what a model sees of each window and sensor: readings, sensor, hour of day, day of week.

    Args:
        values: Readings ``(step, node)``.
        times: Of each step.
        rows: Rows of the windows' readings, ``(window, history)``.

    Returns:
        ``(window * node, history + 3)``.
    """
    nodes = values.shape[1]
    readings = values[rows].transpose(0, 2, 1).reshape(-1, rows.shape[1])
    newest = times[rows[:, -1]]
    hour = (newest - newest.astype("datetime64[D]")) / np.timedelta64(1, "h")
    weekday = (newest.astype("datetime64[D]").astype(np.int64) + 3) % 7
    others = [np.repeat(hour, nodes), np.repeat(weekday, nodes), np.tile(np.arange(nodes), len(rows))]
    return np.column_stack([readings, *others]).astype(np.float32)


def main() -> None:
    """Fit a model for each step on the training windows, and forecast every window with it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", default="demo")
    parser.add_argument("--protocol", default="stgcn")
    parser.add_argument("--output", type=Path, default=Path("answers.npz"))
    parser.add_argument("--trees", type=int, default=100)
    options = parser.parse_args()
    source = load_series(options.dataset)
    series = split_series(source, PROTOCOLS[options.protocol])
    history, horizon, nodes = series.protocol.history, series.protocol.horizon, series.values.shape[1]
    times = source.times.astype("datetime64[s]")
    starts = np.concatenate([split.starts for split in series.splits.values()])
    seen = features(series.values, times, starts[:, None] + np.arange(history))
    count = len(series.splits["train"].starts)
    forecast = np.empty((len(starts), horizon, nodes), dtype=np.float32)
    generator = np.random.default_rng(0)
    for step in range(horizon):
        rows = starts[:count] + history + step
        truth, measured = series.values[rows].ravel(), series.measured[rows].ravel()
        chosen = generator.permutation(np.flatnonzero(measured))[:MOST_ROWS]
        model = HistGradientBoostingRegressor(
            loss="absolute_error", max_iter=options.trees, categorical_features=[history + 2] if nodes < 256 else None
        )
        model.fit(seen[chosen], truth[chosen])
        forecast[:, step] = model.predict(seen).reshape(-1, nodes)
        print(f"step {step + 1} of {horizon}")
    known = times[starts + history - 1]
    sensors, unit = np.array(Target.of(series).nodes), np.array(series.unit)
    np.savez(options.output, time=known, sensor=sensors, forecast=forecast, unit=unit)
    print(f"{options.output}: {len(starts):,} windows")


if __name__ == "__main__":
    main()
