"""Forecasts of exported files from fresh readings, and what they cost; without torch, optuna and ray."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kdsearch.data.examples import ExampleWindows
from kdsearch.data.newest import newest_readings
from kdsearch.data.protocols import PROTOCOLS, SplitSeries, split_series
from kdsearch.data.series import Series
from kdsearch.data.target import Target
from kdsearch.deploy.card import Card
from kdsearch.deploy.folder import write_folder
from kdsearch.deploy.kept import KeptNetwork
from kdsearch.deploy.matching import matched_readings
from kdsearch.deploy.measure import file_errors, paired_milliseconds
from kdsearch.deploy.onnx_forecaster import OnnxForecaster
from kdsearch.deploy.predict import predicted
from kdsearch.deploy.study_network import StudyNetwork
from kdsearch.errors import DataError
from kdsearch.report.forecast_figure import check_plot, forecast_figure, write_plot
from tests.deploy.parts import with_bounds
from tests.deploy.test_forecast import scored, untrained


@pytest.fixture(scope="module")
def gapped(source: Series) -> SplitSeries:
    """The ring with a sensor that is silent for half a day here and there, gaps filled causally."""
    values = source.values.copy()
    for start in range(0, len(values), 200):
        values[start : start + 48, start // 200 % values.shape[1]] = np.nan
    return split_series(replace(source, values=values), PROTOCOLS["stgcn"])


@pytest.fixture(scope="module")
def kept(gapped: SplitSeries) -> KeptNetwork:
    checkpoint = untrained(gapped, family="stid", input="deviation", profile="low-rank", decoding="direct")
    target = Target.of(gapped)
    facts = dict.fromkeys(("study", "network", "family", "dataset", "protocol", "protocol_text"), "ring")
    hashes = {"data_hash": gapped.source.content_hash, "protocol_hash": gapped.protocol.hash, "kdsearch": "0"}
    card = Card(weights=1, stored_numbers=2, metrics={"val": {}}, target=target, **facts, **hashes)
    bounded = with_bounds(checkpoint, len(target.sensors), target.horizon)
    return KeptNetwork(bounded, card, ExampleWindows.of(gapped))


@pytest.fixture(scope="module")
def file(kept: KeptNetwork, tmp_path_factory: pytest.TempPathFactory) -> OnnxForecaster:
    folder = tmp_path_factory.mktemp("ring")
    errors = {"mae": {"15": 1.0, "all": 1.0}, "rmse": {"all": 1.0}}
    card = kept.card.model_copy(update={"metrics": {"val": errors}})
    write_folder(replace(kept, card=card), folder)
    return OnnxForecaster(folder / "model.onnx")


def newest(source: Series, rows: int) -> Series:
    return replace(source, values=source.values[-rows:], times=source.times[-rows:])


@pytest.mark.parametrize("rows", [12, 60, 600])
def test_a_file_and_its_network_give_one_table(
    file: OnnxForecaster, kept: KeptNetwork, gapped: SplitSeries, rows: int
) -> None:
    series = newest(gapped.source, rows)
    made = predicted(file, matched_readings(file.card.target, series))
    expected = StudyNetwork(kept).predict(series)
    assert list(made.columns) == list(expected.columns)
    for column in ("forecast", "lower", "upper"):
        np.testing.assert_allclose(made[column], expected[column], rtol=0, atol=1e-3)
    for column in ("time", "sensor", "step"):
        assert (made[column] == expected[column]).all()


def test_adaptive_bounds_follow_the_errors_of_before(file: OnnxForecaster, gapped: SplitSeries) -> None:
    """Where the newest forecasts were far off, bounds are wider; of twelve rows alone nothing can be learned."""
    series = newest(gapped.source, 500)
    target = file.card.target
    usual = predicted(file, matched_readings(target, series), adaptive=True)
    fixed = predicted(file, matched_readings(target, series))
    off = series.values.copy()
    off[-200:-12] += 200 * np.random.default_rng(0).normal(size=off[-200:-12].shape).astype(np.float32)
    wide = predicted(file, matched_readings(target, replace(series, values=off)), adaptive=True)
    width = [(one["upper"] - one["lower"]).mean() for one in (usual, wide)]
    assert width[1] > 1.5 * width[0]
    np.testing.assert_array_equal(usual["forecast"], fixed["forecast"])
    with pytest.raises(DataError, match="12 rows have none; give more than 12 rows"):
        predicted(file, matched_readings(target, newest(gapped.source, 12)), adaptive=True)


@pytest.mark.parametrize("split", ["val", "test"])
def test_a_file_errs_as_its_network_does(
    file: OnnxForecaster, kept: KeptNetwork, gapped: SplitSeries, split: str
) -> None:
    """Gaps that begin before a window included; windows of several calls."""
    found = file_errors(file, gapped, split)
    starts = gapped.splits[split].starts
    rows = starts[:, None] + gapped.protocol.history + np.arange(gapped.protocol.horizon)
    made = scored(kept.checkpoint, gapped, starts.tolist())
    errors = np.abs(made.astype(np.float64) - gapped.values[rows])[gapped.measured[rows]]
    assert found.errors["mae"]["all"] == pytest.approx(errors.mean(), rel=1e-5)
    assert found.errors["rmse"]["all"] == pytest.approx(np.sqrt(np.square(errors).mean()), rel=1e-5)
    assert set(found.errors["mae"]) == {"45", "90", "135", "all"}
    assert found.windows == len(starts)
    assert 0 < found.inside <= 1
    other = replace(gapped.source, sensor_ids=gapped.source.sensor_ids[::-1])
    with pytest.raises(DataError, match="other sensors than the file, or another order"):
        file_errors(file, replace(gapped, source=other), split)


def test_files_are_timed_in_alternation(file: OnnxForecaster, kept: KeptNetwork) -> None:
    one, other = paired_milliseconds([file.path] * 2, kept.windows, 4, rounds=5)
    assert min(one, other) > 0


def wide(series: Series) -> pd.DataFrame:
    frame = pd.DataFrame(series.values[:, :, 0], columns=list(series.sensor_ids), index=series.times)
    frame.index.name = "time"
    return frame


def test_fresh_files_of_every_layout_are_matched_by_id(
    file: OnnxForecaster, gapped: SplitSeries, tmp_path: Path
) -> None:
    """Columns in another order, a further sensor, semicolons and commas, a long table, Parquet: one forecast."""
    target, frame = file.card.target, wide(newest(gapped.source, 50))
    named = frame.rename(columns=lambda name: f"s{name}")
    own = target.model_copy(update={"sensors": tuple(named.columns)})
    expected = matched_readings(target, newest(gapped.source, 50)).values
    turned = named[named.columns[::-1]].assign(new=1.5)
    turned.to_csv(tmp_path / "a.csv")
    turned.to_csv(tmp_path / "b.csv", sep=";", decimal=",")
    named.reset_index().melt("time", var_name="sensor", value_name="value").to_csv(tmp_path / "c.csv", index=False)
    turned.reset_index().to_parquet(tmp_path / "d.parquet")
    for path in sorted(tmp_path.iterdir()):
        found = matched_readings(own, newest_readings(path, own))
        np.testing.assert_allclose(found.values, expected, rtol=1e-6, err_msg=path.name)
        assert found.absent == ()
    named.drop(columns="s1").to_csv(tmp_path / "e.csv")
    lacking = matched_readings(own, newest_readings(tmp_path / "e.csv", own))
    assert lacking.note == "no readings of 1 sensors (s1): their forecasts begin from the mean of the others"


def test_a_dataset_toml_beside_a_file_says_how_it_is_written(file: OnnxForecaster, tmp_path: Path) -> None:
    target = file.card.target
    rows = [f"{hour:02d}:{minute:02d} 03/04/2024,{hour}.5" for hour in range(4) for minute in (0, 15, 30, 45)]
    (tmp_path / "fresh.csv").write_text("when,0\n" + "\n".join(rows))
    with pytest.raises(DataError, match=r"fresh\.csv"):
        newest_readings(tmp_path / "fresh.csv", target)
    (tmp_path / "dataset.toml").write_text(
        'interval_minutes = 15\nunit = "km/h"\nchannels = ["speed"]\n[series]\nfile = "old.csv"\ntime = "when"\n'
        'time_format = "%H:%M %d/%m/%Y"\n[graph]\nkind = "none"\n'
    )
    series = newest_readings(tmp_path / "fresh.csv", target)
    assert series.times[0] == np.datetime64("2024-04-03T00:00")
    assert series.sensor_ids == ("0",)


def test_a_file_that_is_not_there_is_named(file: OnnxForecaster, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nothing\.csv"):
        newest_readings(tmp_path / "nothing.csv", file.card.target)


def test_a_figure_shows_readings_forecasts_and_bounds(
    file: OnnxForecaster, gapped: SplitSeries, tmp_path: Path
) -> None:
    readings = matched_readings(file.card.target, newest(gapped.source, 100))
    table = predicted(file, readings)
    given = (file.card.target, readings.times, readings.values, table)
    figure = forecast_figure(*given, sensors=["2"])
    assert [trace.name for trace in figure.data] == [None, "90 %", "readings", "forecast"]
    own = table[table["sensor"] == "2"]
    np.testing.assert_allclose(figure.data[3].y, own["forecast"])
    np.testing.assert_allclose(figure.data[1].y, own["upper"])
    write_plot(tmp_path / "next.html", *given)
    assert (tmp_path / "next.html").stat().st_size > 1_000_000
    with pytest.raises(DataError, match="the network has no sensor 'x'"):
        forecast_figure(*given, sensors=["x"])
    with pytest.raises(DataError, match=r"ends in '\.pdf'; give the name of a \.html, \.png or \.svg file"):
        check_plot(tmp_path / "next.pdf")


def test_a_card_says_it_in_json_and_words(kept: KeptNetwork, tmp_path: Path) -> None:
    errors = {"mae": {"15": 1.25, "all": 2.0}, "rmse": {"all": 3.0}}
    card = kept.card.model_copy(update={"metrics": {"val": errors}})
    files = write_folder(replace(kept, card=card), tmp_path / "home")
    assert [path.name for path in files] == ["model.onnx", "forecast.py", "card.json", "card.md"]
    assert Card.model_validate(json.loads((tmp_path / "home/card.json").read_text())) == card
    text = (tmp_path / "home/card.md").read_text()
    assert f"| `model.onnx` | {files[0].stat().st_size:,} |" in text
    assert "| ring | 1.25 | 2.00 | 3.00 |" in text
