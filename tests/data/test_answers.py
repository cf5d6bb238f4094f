"""Forecasts from a file: every form that is read, and what is refused."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from kdsearch.data.answers import read_answers
from kdsearch.data.protocols import SplitSeries
from kdsearch.data.target import Target
from kdsearch.errors import DataError
from kdsearch.measure.baselines import answers_baseline, naive_baselines


def known(series: SplitSeries) -> NDArray[np.datetime64]:
    """Times of the newest readings of all windows of all splits."""
    starts = np.concatenate([split.starts for split in series.splits.values()])
    return np.asarray(series.source.times[starts + series.protocol.history - 1], dtype="datetime64[s]")


def arrays(series: SplitSeries) -> dict[str, Any]:
    """The last value, as an .npz file would hold it."""
    starts = np.concatenate([split.starts for split in series.splits.values()])
    last = series.values[starts + series.protocol.history - 1]
    forecast = np.repeat(last[:, None], series.protocol.horizon, axis=1)
    return {"time": known(series), "sensor": np.array(Target.of(series).nodes), "forecast": forecast}


def saved(folder: Path, **content: Any) -> Path:
    """Write an .npz file."""
    np.savez(folder / "answers.npz", **content)
    return folder / "answers.npz"


def frame_of(content: dict[str, Any], minutes: int) -> pd.DataFrame:
    """The same as a long table, as `kdsearch predict` writes one for the newest window."""
    windows, horizon, nodes = content["forecast"].shape
    step = np.tile(np.repeat(np.arange(1, horizon + 1), nodes), windows)
    time = np.repeat(content["time"], horizon * nodes) + (step * minutes).astype("timedelta64[m]")
    sensor = np.tile(content["sensor"], windows * horizon)
    return pd.DataFrame({"time": time, "sensor": sensor, "step": step, "forecast": content["forecast"].ravel()})


def test_the_last_value_from_a_file_errs_as_the_last_value(series: SplitSeries, tmp_path: Path) -> None:
    answers = read_answers(saved(tmp_path, **arrays(series)), series)
    own = answers_baseline(answers, series, ("val", "test"))
    last = naive_baselines(series, ("val", "test"))[0]
    assert own.metrics == last.metrics
    assert (own.name, own.role, own.is_network) == ("answers.npz", "answers", False)


def test_order_further_rows_sensors_and_steps_do_not_matter(series: SplitSeries, tmp_path: Path) -> None:
    content = arrays(series)
    plain = read_answers(saved(tmp_path, **content), series)
    generator = np.random.default_rng(0)
    rows, nodes = generator.permutation(len(content["time"])), generator.permutation(len(content["sensor"]))
    forecast = np.pad(content["forecast"][rows][:, :, nodes], ((0, 1), (0, 2), (0, 1)))
    time = np.append(content["time"][rows], np.datetime64("1990-01-01T00:00:00"))
    mixed = {"time": time, "sensor": [*content["sensor"][nodes], "another"], "forecast": forecast}
    other = read_answers(saved(tmp_path, **mixed, unit=np.array(series.unit)), series)
    for split in series.splits:
        np.testing.assert_array_equal(plain.forecasts[split], other.forecasts[split])
    assert plain.hash != other.hash


def test_seconds_and_a_long_table_are_read_alike(series: SplitSeries, tmp_path: Path) -> None:
    content = arrays(series)
    plain = read_answers(saved(tmp_path, **content), series)
    seconds = read_answers(saved(tmp_path, **content | {"time": content["time"].astype(np.int64)}), series)
    frame_of(content, series.source.interval_minutes).sample(frac=1, random_state=0).to_parquet(tmp_path / "a.parquet")
    table = read_answers(tmp_path / "a.parquet", series)
    for split in series.splits:
        np.testing.assert_array_equal(plain.forecasts[split], seconds.forecasts[split])
        np.testing.assert_array_equal(plain.forecasts[split], table.forecasts[split])


def test_the_test_split_may_be_lacking(series: SplitSeries, tmp_path: Path) -> None:
    content, tests = arrays(series), len(series.splits["test"].starts)
    cut = {"time": content["time"][:-tests], "forecast": content["forecast"][:-tests], "sensor": content["sensor"]}
    answers = read_answers(saved(tmp_path, **cut), series)
    assert set(answers.forecasts) == {"train", "val"}
    assert set(answers_baseline(answers, series, ("val", "test")).metrics) == {"val"}


def _without(name: str) -> Any:
    return lambda content: {key: value for key, value in content.items() if key != name}


def _with_gap(content: dict[str, Any]) -> dict[str, Any]:
    forecast = content["forecast"].copy()
    forecast[3, 0, 0] = np.nan
    return content | {"forecast": forecast}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_without("time"), "there is no array 'time'"),
        (_without("sensor"), "there is no array 'sensor'"),
        (lambda one: one | {"forecast": one["forecast"][:, :, 0]}, r"must be \(window, horizon, node\)"),
        (lambda one: one | {"forecast": one["forecast"][:, :2]}, "has forecasts of 2 steps, and the horizon has 9"),
        (lambda one: one | {"sensor": np.array([f"x{place}" for place in range(5)])}, "lacks 5 of 5 sensors"),
        (lambda one: one | {"unit": np.array("mph")}, "is in mph, and the readings are in km/h"),
        (
            lambda one: one | {"time": one["time"] + np.timedelta64(60, "s")},
            "lacks .* training windows, such as",
        ),
        (_with_gap, "lacks 1 of .* training windows"),
        (lambda one: {key: value[:0] if key != "sensor" else value for key, value in one.items()}, "training windows"),
        (lambda one: one | {"sensor": np.array([{}], dtype=object)}, "cannot be read as answers"),
    ],
)
def test_what_does_not_fit_is_refused(series: SplitSeries, tmp_path: Path, change: Any, words: str) -> None:
    with pytest.raises(DataError, match=words):
        read_answers(saved(tmp_path, **change(arrays(series))), series)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("nowhere.npz", None, "there is no file .*nowhere.npz of answers; give an .npz file"),
        ("answers.csv", b"time\n", "answers are not read from answers.csv"),
        ("answers.npz", b"no archive", "cannot be read as answers"),
        ("answers.parquet", b"no table", "cannot be read as answers"),
    ],
)
def test_other_files_are_refused(
    series: SplitSeries, tmp_path: Path, name: str, content: bytes | None, words: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=words):
        read_answers(tmp_path / name, series)


def test_a_table_with_a_wrong_step_or_column_is_refused(series: SplitSeries, tmp_path: Path) -> None:
    table = frame_of(arrays(series), series.source.interval_minutes)
    table.assign(step=table["step"] - 1).to_parquet(tmp_path / "a.parquet")
    with pytest.raises(DataError, match="has step 0; the first step after the newest reading is 1"):
        read_answers(tmp_path / "a.parquet", series)
    table.rename(columns={"sensor": "sensors"}).to_parquet(tmp_path / "a.parquet")
    with pytest.raises(DataError, match="there is no column 'sensor'; did you mean 'sensors'"):
        read_answers(tmp_path / "a.parquet", series)
