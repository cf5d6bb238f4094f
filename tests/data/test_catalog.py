"""Cards: built in, of a user's folder, and a built-in one changed by a `dataset.toml`."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from kdsearch.data.card import DatasetCard, chosen_files
from kdsearch.data.catalog import CARDS, describe_completeness, describe_inheritance, is_whole, read_card
from kdsearch.data.series import Series
from kdsearch.data.times import counted_times
from kdsearch.errors import DataError
from kdsearch.testing import ring_road

OWN = """
title = "a town"
start = "2024-03-01T00:00"
interval_minutes = 15
unit = "km/h"
channels = ["speed"]
[series]
file = "readings.csv"
[graph]
file = "distances.csv"
kind = "distances"
"""


def folder_with(tmp_path: Path, name: str, text: str) -> Path:
    """A dataset folder that holds only this `dataset.toml`."""
    folder = tmp_path / name
    folder.mkdir()
    (folder / "dataset.toml").write_text(text, encoding="utf-8")
    return folder


def test_built_in_cards_are_complete() -> None:
    """Every card but the synthetic one names its files, their source and a shape, and every form's files are known."""
    roads = ["demo", "pemsd8", "pemsd4", "pemsd7m", "metr-la", "pems-bay", "los-loop"]
    assert list(CARDS) == [*roads, "bikenyc", "taxibj"]
    for card in CARDS.values():
        assert card.shape is not None
        known = {file.name for file in card.files}
        assert all(known.issuperset(form.names) for form in card.file_sets)
    assert CARDS["demo"].file_sets == ()


def test_cards_cannot_be_changed() -> None:
    """A card is frozen."""
    with pytest.raises(ValidationError):
        CARDS["demo"].name = "other"  # type: ignore[misc]


def test_own_folder_is_named_after_itself(tmp_path: Path) -> None:
    """The name in `dataset.toml` may be left out; a single unit stands for all channels."""
    card = read_card(folder_with(tmp_path, "my-city", OWN.replace('["speed"]', '["speed", "flow"]')))
    assert (card.name, card.unit, card.start) == ("my-city", ("km/h", "km/h"), datetime(2024, 3, 1))


def test_folder_named_like_a_built_in_dataset_overrides_its_card(tmp_path: Path) -> None:
    """Start and channels are replaced, units follow the channels' names, all else stays."""
    folder = folder_with(tmp_path, "pemsd8", 'start = 2016-08-01T00:00:00\nchannels = ["flow", "speed"]\n')
    card = read_card(folder)
    assert card.unit == ("vehicles/5 min", "mph")
    assert card.series == CARDS["pemsd8"].series
    assert card.series is not None
    assert counted_times(card, card.series, (10, 170, 2)).stamps[0] == np.datetime64("2016-08-01T00:00")


def test_overriding_a_file_keeps_the_rest_of_its_table(tmp_path: Path) -> None:
    """A changed graph width keeps file and kind, and other published forms are no longer looked for."""
    card = read_card(folder_with(tmp_path, "pemsd7m", "[graph]\nthreshold = 0.1\n"))
    assert card.graph is not None
    assert (card.graph.file, card.graph.kind, card.graph.threshold) == ("W_228.csv", "distances", 0.1)
    assert len(card.file_sets) == 1


@pytest.mark.parametrize("name", list(CARDS))
def test_an_own_folder_with_the_name_of_a_built_in_dataset_inherits_nothing(tmp_path: Path, name: str) -> None:
    """A description that names its own readings and its own graph is the same card under every name."""
    own = read_card(folder_with(tmp_path, "my-city", OWN))
    named = read_card(folder_with(tmp_path, name, OWN))
    assert named == own.model_copy(update={"name": name})
    assert describe_inheritance(named, named.file_sets[0]) == ""


@pytest.mark.parametrize(
    ("name", "text", "taken", "kept"),
    [
        (
            "metr-la",
            "start = 2012-03-02",
            ["missing_value = 0", 'unit = ["mph"]', 'series.file = "vel.csv"'],
            ["start"],
        ),
        ("metr-la", "missing_value = -1", ["interval_minutes = 5"], ["missing_value"]),
        ("pemsd7m", "[graph]\nthreshold = 0.1", ["series.weekdays_only = true", 'graph.kind = "dist'], ["threshold"]),
        ("bikenyc", "start = 2014-04-01", ["negative_is_zero = true", 'series.axes = "step channel row column"'], []),
    ],
)
def test_what_is_inherited_is_said(tmp_path: Path, name: str, text: str, taken: list[str], kept: list[str]) -> None:
    """Each key with its value, and none that the description wrote or that has its default anyway."""
    card = read_card(folder_with(tmp_path, name, text))
    said = describe_inheritance(card, card.file_sets[0])
    assert said.startswith(f"taken from the built-in dataset {name}: ")
    assert all(words in said for words in taken)
    assert not [word for word in [*kept, "header", "sigma2_km2"] if word in said]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("interval_minutes = 15", "interval_minutes = 7"), "interval_minutes = 7 does not divide a day"),
        (("interval_minutes = 15", ""), "interval_minutes is missing; write"),
        (('kind = "distances"', 'kind = "roads"'), 'graph.kind = "roads" is not known; write one of'),
        (("[series]", "[serie]"), r"\[serie\] at the top of the file is not known; did you mean series"),
        (('[series]\nfile = "readings.csv"\n', ""), r"no \[series\] table"),
        (('unit = "km/h"', 'unit = ["km/h", "mph"]'), "2 units for 1 channels"),
        (('start = "2024-03-01T00:00"', "colour = 1"), "the key colour at the top of the file is not known"),
        (("15", "= 15"), "not valid TOML"),
    ],
)
def test_mistakes_in_dataset_toml_are_named(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    """The error names the field, the value and the file."""
    with pytest.raises(DataError, match=message):
        read_card(folder_with(tmp_path, "my-city", OWN.replace(*change)))


def test_a_folder_without_a_card_is_refused(tmp_path: Path) -> None:
    """A folder that is neither built in nor has a `dataset.toml` cannot be read."""
    with pytest.raises(DataError, match=r"has no dataset\.toml"):
        read_card(tmp_path)


def test_the_first_form_whose_files_are_there_is_chosen(tmp_path: Path) -> None:
    """METR-LA is read from its HDF5 file and DCRNN's pickle where only these are there."""
    card = CARDS["metr-la"]
    for name in ("metr-la.h5", "adj_mx.pkl"):
        (tmp_path / name).touch()
    assert chosen_files(card, tmp_path).names == ("metr-la.h5", "adj_mx.pkl")
    (tmp_path / "graph_sensor_locations.csv").touch()
    assert chosen_files(card, tmp_path).graph.positions == "graph_sensor_locations.csv"
    (tmp_path / "vel.csv").touch()
    assert chosen_files(card, tmp_path).names == ("vel.csv", "adj_mx.pkl")


def test_absent_files_are_named_with_their_source(tmp_path: Path) -> None:
    """The sentence names only what is absent, and where it comes from."""
    (tmp_path / "distance.csv").touch()
    with pytest.raises(DataError, match=r"data fetch pemsd8.*pems08\.npz \(from data/PEMS08") as caught:
        chosen_files(CARDS["pemsd8"], tmp_path)
    assert "distance.csv" not in str(caught.value)


def test_pemsd7m_has_44_weekdays() -> None:
    """12,672 rows are the 44 Mondays to Fridays of May and June 2012."""
    card = CARDS["pemsd7m"]
    assert card.series is not None
    times = counted_times(card, card.series, (12672, 228, 1)).stamps
    days = np.unique(times.astype("datetime64[D]"))
    assert (len(times), len(days)) == (12672, 44)
    assert np.is_busday(days).all()
    assert (str(times[0]), str(times[-1])) == ("2012-05-01T00:00", "2012-06-29T23:55")


def test_pems_bay_ends_at_the_end_of_june() -> None:
    """52,116 rows are 181 days less the hour that summer time skipped."""
    card = CARDS["pems-bay"]
    assert card.series is not None
    times = counted_times(card, card.series, (52116, 325, 1)).stamps
    assert str(times[-1]) == "2017-06-30T23:55"
    assert np.datetime64("2017-03-12T02:30") not in times


def test_the_known_part_of_pemsd8_has_its_own_start() -> None:
    """The last 40 % of the public file is recognised by its shape; it ends where the public file ends."""
    card = CARDS["pemsd8"]
    assert card.series is not None
    part = counted_times(card, card.series, (7156, 170, 1)).stamps
    whole = counted_times(card, card.series, (17856, 170, 3)).stamps
    assert str(part[0]) == "2016-08-07T03:40"
    assert part[-1] == whole[-1] == np.datetime64("2016-08-31T23:55")


def test_unknown_shapes_want_a_dataset_toml() -> None:
    """Rows whose times nobody knows are refused, not guessed."""
    card = CARDS["pemsd8"]
    assert card.series is not None
    with pytest.raises(DataError, match=r"\(100, 170, 1\).*write its start and channels into a dataset\.toml"):
        counted_times(card, card.series, (100, 170, 1))


def series_of(card: DatasetCard, shape: tuple[int, int, int], complete: bool | None) -> Series:
    """A series of zeros of some shape, for what is said of it."""
    return Series(
        name=card.name,
        values=np.zeros(shape, dtype=np.float32),
        times=np.datetime64("2020-01-01T00:00", "m") + np.arange(shape[0]) * np.timedelta64(5, "m"),
        interval_minutes=5,
        unit=card.unit[: shape[2]],
        channels=card.channels[: shape[2]],
        adjacency=np.zeros((shape[1], shape[1])),
        sensor_ids=tuple(str(node) for node in range(shape[1])),
        complete=complete,
    )


@pytest.mark.parametrize(
    ("shape", "complete", "words"),
    [
        ((7156, 170, 1), False, "a part of the public file: 7,156 of 17,856 steps, flow only"),
        ((100, 20, 3), False, "a part of the public file: 100 of 17,856 steps, 20 of 170 sensors"),
        ((17856, 170, 3), True, "the whole public file"),
        ((17856, 170, 3), False, "files of the public shape, other content"),
        ((17856, 170, 3), None, "files of the public shape, not every hash known"),
    ],
)
def test_completeness_in_words(shape: tuple[int, int, int], complete: bool | None, words: str) -> None:
    """A reader learns how much of the public data a number rests on."""
    card = CARDS["pemsd8"]
    note = describe_completeness(card, series_of(card, shape, complete))
    assert note == words
    assert is_whole(note) == is_whole(f"{note}; 63 % of the cells ever have flow") == (complete is True)


def test_completeness_of_demo_and_of_own_files(tmp_path: Path) -> None:
    """Where there is no public file, the words say so."""
    demo = CARDS["demo"]
    assert describe_completeness(demo, series_of(demo, (2, 1, 1), None)) == "synthetic, made by kdsearch"
    own = read_card(folder_with(tmp_path, "my-city", OWN))
    assert describe_completeness(own, series_of(own, (2, 1, 1), None)) == "the user's own files"


def test_whole_days_of_a_part_are_counted() -> None:
    """PeMSD7(M) has weekdays alone; a part that ends in mid-day has no number of days."""
    source = ring_road(days=34, nodes=228, interval_minutes=5)
    card = CARDS["pemsd7m"]
    assert describe_completeness(card, source) == (
        "a part of the public file: 9,792 of 12,672 steps (34 of 44 weekdays)"
    )
    shorter = replace(source, values=source.values[:-1], times=source.times[:-1])
    assert describe_completeness(card, shorter) == "a part of the public file: 9,791 of 12,672 steps"
