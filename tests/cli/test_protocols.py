"""Protocols of one's own on the command line: tomorrow is asked for, forecast, and kept apart from other protocols."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.commands import Here, here

SPACE = """
name = "small"
dataset = "demo"
protocol = "six-two-two"
[teacher]
family = "stid"
width = 4
epochs = 1
[stid]
width = 4
epochs = 1
[parameters.family]
value = "stid"
[parameters.width]
low = 1
high = 2
kind = "int"
[parameters.epochs]
value = 1
"""

CARD = """
interval_minutes = 60
unit = "vehicles/h"
channels = ["flow"]
quantity = "count"
[series]
file = "readings.csv"
[graph]
file = "roads.csv"
kind = "edges"
"""

RUN = ["run", "--dataset", "./city", "--space", "small.toml", "--objective", "mae,params", "--executor", "local"]
TOMORROW = ["--history", "24", "--horizon", "1d"]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two weeks of hourly counts of three sensors, and a study of tomorrow."""
    place = tmp_path_factory.mktemp("home")
    (place / "small.toml").write_text(SPACE)
    city = place / "city"
    city.mkdir()
    hours = np.arange(14 * 24)
    times = np.datetime64("2024-03-01T00:00", "m") + hours * np.timedelta64(60, "m")
    day = 5 + 5 * np.sin(2 * np.pi * hours / 24)
    counts = np.random.default_rng(0).poisson(day[:, None] * np.array([1.0, 2.0, 0.5]))
    rows = [",".join(map(str, [time, *row])) for time, row in zip(times, counts, strict=True)]
    (city / "readings.csv").write_text("\n".join(["time,a,b,c", *rows]) + "\n")
    (city / "roads.csv").write_text("from,to,distance\na,b,500\nb,c,700\n")
    (city / "dataset.toml").write_text(CARD)
    said = here(place, *RUN, *TOMORROW, "--trials", "2", "--verbose").stderr
    assert (
        "protocol six-two-two, 24 steps in, 24 out: flow, 24 steps in, 24 out, reported at 480, 960, 1440 min" in said
    )
    assert "no forecast below 0; MAPE where the truth is above 1 % of the mean reading and above 0.5" in said
    return place


def test_a_study_of_tomorrow_is_kept_under_its_protocol(kdsearch: Here, home: Path) -> None:
    shown = json.loads(kdsearch(home, "show", "city-small", "--json").stdout)
    assert shown["protocol"] == "six-two-two, 24 steps in, 24 out"
    for trial in shown["trials"]:
        assert set(trial["metrics"]["val"]["mae"]) == {"480", "960", "1440", "all"}


def test_another_horizon_does_not_enter_the_same_study(kdsearch: Here, home: Path) -> None:
    refused = kdsearch(home, *RUN, "--history", "24", "--horizon", "12", "--trials", "2", check=2)
    assert "protocol 'six-two-two, 24 steps in, 24 out' (now 'six-two-two, 24 steps in')" in refused.stderr
    assert "teacher" not in refused.stderr.partition("Error")[0]


def test_the_same_steps_in_other_words_go_on(kdsearch: Here, home: Path) -> None:
    """A table of the space says the same; the name is hers."""
    table = '[protocol]\nname = "tomorrow"\nhistory = "1 day"\nhorizon = 24\n'
    (home / "other.toml").write_text(SPACE.replace('protocol = "six-two-two"', "") + table)
    said = kdsearch(home, "teacher", "--dataset", "./city", "--space", "other.toml", "--json").stdout
    again = kdsearch(home, "teacher", "--dataset", "./city", "--space", "small.toml", *TOMORROW, "--json").stdout
    assert json.loads(said)["hash"] == json.loads(again)["hash"]
    renamed = [word.replace("small.toml", "other.toml") for word in RUN]
    assert "2 of 2 trials are done" in kdsearch(home, *renamed, "--trials", "2", "--study", "city-small").stderr


def test_a_table_of_the_dataset_is_taken_where_the_command_names_none(kdsearch: Here, home: Path) -> None:
    (home / "city" / "dataset.toml").write_text(CARD + "[protocol]\nhorizon = 6\n")
    command = ["teacher", "--dataset", "./city", "--space", "small.toml", "--json"]
    minutes = {
        tuple(json.loads(kdsearch(home, *command, *more).stdout)["val_mae"]["last value"])
        for more in ([], ["--protocol", "six-two-two", "--report-at", "60"], ["--horizon", "2"])
    }
    (home / "city" / "dataset.toml").write_text(CARD)
    assert minutes == {("all", "120", "240", "360"), ("all", "60"), ("all", "60", "120")}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--horizon", ""], '--horizon is ""; write a number of steps such as 24, or a time'),
        (["--history", "9" * 5000], '--history is "999'),
        (["--horizon", "nan"], '--horizon is "nan"'),
        (["--horizon", "90m"], "a horizon of 90m is no whole number of 60-minute steps; take 60 or 120 minutes"),
        (["--report-at", "30,60"], "a report at 30 minutes is no whole number of 60-minute steps; take 60 minutes"),
        (["--report-at", "6000"], "beyond the horizon of 720 minutes (12 steps)"),
        (["--report-at", ""], '--report-at is ""; write minutes ahead'),
        (["--horizon", "100"], "the val part of city holds no window of 112 steps (12 in, 100 out)"),
        (["--horizon", "999999999"], "use a longer series (of about 1,666,666,"),
        (["--protocol", "stgcn", *TOMORROW], "choose --protocol six-two-two, whose windows may cross midnight"),
        (["--history", "9", "--set", "family=stgcn"], "need a history of 10 steps or more; it is 9"),
        (["--history", "9", "--fix", "teacher.family=stgcn"], "need a history of 10 steps or more; it is 9"),
    ],
)
def test_what_no_series_or_network_can_do_is_refused_before_a_teacher_trains(
    kdsearch: Here, home: Path, arguments: list[str], sentence: str
) -> None:
    refused = kdsearch(home, *RUN, *arguments, "--trials", "1", "--study", "refused", check=2)
    assert sentence in refused.stderr
    assert "teacher: training" not in refused.stderr
    assert not (home / "studies" / "refused").exists()
