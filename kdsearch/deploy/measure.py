"""What an exported file costs and how well it does on a dataset; no torch here."""

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kdsearch.data.examples import ExampleWindows
from kdsearch.data.fill import FILLS
from kdsearch.data.load import load_series
from kdsearch.data.protocols import SplitSeries, split_series
from kdsearch.deploy.card import Card
from kdsearch.deploy.memory import peak_memory_bytes
from kdsearch.deploy.onnx_forecaster import OnnxForecaster
from kdsearch.errors import DataError
from kdsearch.measure.metrics import METRICS

__all__ = ["FileErrors", "MeasuredFile", "file_errors", "measured_file", "paired_milliseconds"]

WINDOWS_AT_ONCE = 256
ROUNDS = 100
FEWEST_ROUNDS, MOST_SECONDS = 6, 10.0
BATCHES = (1, 64)
SPLITS = ("test", "val")


@dataclass(frozen=True, eq=False)
class FileErrors:
    """Errors of a file on a split.

    Attributes:
        errors: Metric -> minutes ahead, or "all" -> value, as in `Metrics`.
        inside: Share of the readings that the bounds hold; NaN where there are none.
        width: Mean distance of the bounds, in the unit of the readings.
        windows: Number of windows.
    """

    errors: dict[str, dict[str, float]]
    inside: float
    width: float
    windows: int


@dataclass(frozen=True, eq=False)
class MeasuredFile:
    """A file's errors, latency, size and memory.

    Attributes:
        card: What it says of itself.
        dataset: What it was scored on.
        errors: Its errors there.
        milliseconds: Windows in one call -> median CPU time of a call of this file and, if there is one, of the other.
        size_bytes: Its size.
        memory_bytes: The most memory that opening it and one forecast take (`peak_memory_bytes`); None where the
            system does not tell.
    """

    card: Card
    dataset: str
    errors: FileErrors
    milliseconds: dict[int, list[float]]
    size_bytes: int
    memory_bytes: int | None

    def as_json(self) -> dict[str, Any]:
        """Give plain values for JSON; what is not known is None."""
        known = not math.isnan(self.errors.inside)
        return {
            "study": self.card.study,
            "network": self.card.network,
            "dataset": self.dataset,
            "unit": self.card.target.unit,
            "errors": self.errors.errors,
            "inside": self.errors.inside if known else None,
            "width": self.errors.width if known else None,
            "windows": self.errors.windows,
            "milliseconds": {str(batch): times for batch, times in self.milliseconds.items()},
            "bytes": self.size_bytes,
            "memory_bytes": self.memory_bytes,
        }


def measured_file(
    path: Path,
    dataset: str | None,
    split: str,
    beside: Path | None,
    data_dir: Path | None = None,
    *,
    allow_outside: bool = False,
) -> MeasuredFile:
    """Measure a file: its errors on a part of a dataset, its latency, its bytes, its memory.

    Args:
        path: The file.
        dataset: Name or folder; that of the file's study where None.
        split: "val" or "test".
        beside: Another file, timed in alternation.
        data_dir: Folder of datasets.
        allow_outside: Whether the dataset's files may lie outside its folder.

    Raises:
        DataError: A file or the dataset is not there or not as it should be, or the file is of an older study.
    """
    if split not in SPLITS:
        raise DataError(f"there is no part {split!r} to score; choose {' or '.join(SPLITS)}")
    file = OnnxForecaster(path)
    rules = file.card.target.rules
    if rules is None:
        raise DataError(f"{path} is of an older study, which kept no protocol; run and export it again")
    source = load_series(dataset or file.card.dataset, data_dir, allow_outside=allow_outside)
    if source.content_hash != file.card.data_hash:  # whose gaps the study's protocol need not know
        rules = rules.filled("causal").counting("measured")
    series = split_series(source, rules)
    paths = [path] if beside is None else [path, beside]
    windows = ExampleWindows.of(series)
    return MeasuredFile(
        card=file.card,
        dataset=source.name,
        errors=file_errors(file, series, split),
        milliseconds={batch: paired_milliseconds(paths, windows, batch) for batch in BATCHES},
        size_bytes=path.stat().st_size,
        memory_bytes=peak_memory_bytes(path),
    )


def file_errors(file: OnnxForecaster, series: SplitSeries, split: str) -> FileErrors:
    """Score every window of a split as a study scores it: over the readings that count, pooled by sums and counts.

    Args:
        file: The exported file.
        series: Cut by the protocol of the file's study.
        split: "val" or "test".

    Raises:
        DataError: The series has other sensors than the file.
    """
    target = file.card.target
    if series.source.sensor_ids != target.sensors:
        raise DataError(
            f"{series.source.name} has other sensors than the file, or another order of them, so that its errors would "
            "not be those of the study; give the dataset that it was trained on"
        )
    horizon = target.horizon
    sums = {name: np.zeros((2, horizon)) for name in METRICS if METRICS.ships(name)}
    inside, width, counted = 0.0, 0.0, 0
    for measured, (truth, forecast, lower, upper) in _scored(file, series, split):
        difference = np.where(measured, forecast.astype(np.float64) - truth, 0.0)
        for name, total in sums.items():
            metric: Any = METRICS[name]  # kdsearch's own rows take arrays as well as tensors
            counts = measured
            if metric.counts is not None:
                counts = measured & metric.counts(truth, series.mean_reading, series.quantity)
            total[0] += np.where(counts, metric.term(difference, np.where(counts, truth, 1.0)), 0.0).sum(axis=(0, 2))
            weight = counts if metric.weight is None else np.where(counts, metric.weight(truth), 0.0)
            total[1] += weight.sum(axis=(0, 2), dtype=np.float64)
        inside += float((measured & (lower <= truth) & (truth <= upper)).sum())
        width += float(np.where(measured, upper - lower, 0.0).sum(dtype=np.float64))
        counted += int(measured.sum())
    columns = {"all": slice(None)}
    reported = series.protocol.reported_minutes(target.interval_minutes)
    columns |= {str(minutes): slice(step - 1, step) for step, minutes in reported.items()}
    errors = {
        name: {
            column: METRICS[name].value(float(total[0][steps].sum()), count)
            for column, steps in columns.items()
            if (count := float(total[1][steps].sum()))
        }
        for name, total in sums.items()
    }
    known = counted and not np.isnan(width)
    share, mean = (inside / counted, width / counted) if known else (np.nan, np.nan)
    return FileErrors(errors, share, mean, len(series.splits[split].starts))


def _scored(
    file: OnnxForecaster, series: SplitSeries, split: str
) -> Iterator[tuple[NDArray[np.bool_], tuple[NDArray[np.float32], ...]]]:
    """Give which truths count; truths, forecasts and bounds; ``(window, horizon, node)`` each."""
    values, times, protocol = series.values, series.source.times, series.protocol
    if FILLS[protocol.fill].causal:
        values = file.filled(np.where(series.present, values, np.float32(np.nan)), times)
    starts, history = series.splits[split].starts, protocol.history
    for first in range(0, len(starts), WINDOWS_AT_ONCE):
        some = starts[first : first + WINDOWS_AT_ONCE]
        made = file.run(values[some[:, None] + np.arange(history)], times[some + history - 1])
        rows = some[:, None] + history + np.arange(protocol.horizon)
        yield series.measured[rows], (series.values[rows], *made)


def paired_milliseconds(
    paths: Sequence[Path], windows: ExampleWindows, batch: int, rounds: int = ROUNDS
) -> list[float]:
    """Time one call of each file on one thread, in alternation: the median of the CPU time in milliseconds.

    Args:
        paths: The files, of one target.
        windows: Readings to forecast from, repeated as often as a batch needs.
        batch: Windows in one call.
        rounds: Calls of each, fewer where they would take more than `MOST_SECONDS`.
    """
    files = [OnnxForecaster(path) for path in paths]
    chosen = np.arange(batch) % len(windows.times)
    readings, times = windows.readings[chosen], windows.times[chosen]
    seconds, began = list[list[float]](), time.monotonic()
    while len(seconds) < FEWEST_ROUNDS or (len(seconds) <= rounds and time.monotonic() - began < MOST_SECONDS):
        seconds.append([_cpu_seconds(file, readings, times) for file in files])
    return [float(value) for value in 1000 * np.median(seconds[1:], axis=0)]  # the first call prepares


def _cpu_seconds(file: OnnxForecaster, readings: NDArray[np.float32], times: NDArray[np.datetime64]) -> float:
    began = time.process_time()
    file.run(readings, times)
    return time.process_time() - began
