"""What a series is like, and what to look at before it is trained on."""

import tracemalloc
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kdsearch.data.facts import facts_of, hints_of
from kdsearch.data.load import load_series
from kdsearch.data.series import Series
from tests.commands import Here
from tests.data.tables import folder, speeds

FRAME = speeds()
RING = np.eye(4, k=1) + np.eye(4, k=-1)


def hints(columns: dict[str, Any]) -> list[str]:
    """Give the hints on `FRAME` with other columns."""
    frame = FRAME.assign(**columns)
    return hints_of(facts_of(Series.from_frame(frame, unit="km/h", channels=["speed"], adjacency=RING)))


def test_nothing_is_said_of_good_readings() -> None:
    facts = facts_of(Series.from_frame(FRAME, unit="km/h", channels=["speed"], adjacency=RING))
    assert hints_of(facts) == []
    (channel,) = facts.channels
    assert (channel.smallest, channel.largest) == pytest.approx((FRAME.min().min(), FRAME.max().max()))
    assert (facts.shape, facts.edges, facts.isolated_nodes) == ((384, 4, 1), 6, 0)


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"401": 0.0}, "25.0 % of speed is zero: write missing_value = 0 if zero means that nothing was measured"),
        ({"402": [-1.0] * 100 + [60.5] * 284}, "6.5 % of speed is -1, its smallest reading: write missing_value = -1"),
        ({"403": np.nan}, "1 sensor (403) of speed without any reading: a sensor must have one in the training part"),
        ({"402": [9999.0] * 2 + [60.5] * 382}, "the largest reading of speed is 9999, which often means that nothing"),
        ({"403": 55.5, "404": 54.5}, "2 sensors (403, 404) of speed with one value all the time: a broken sensor"),
    ],
)
def test_what_may_be_wrong_is_said_with_its_remedy(columns: dict[str, Any], sentence: str) -> None:
    assert any(one.startswith(sentence) for one in hints(columns)), hints(columns)


def test_sensors_without_an_edge_are_said_where_others_have_one() -> None:
    alone = RING.copy()
    alone[3] = alone[:, 3] = 0
    one = Series.from_frame(FRAME, unit="km/h", channels=["speed"], adjacency=alone)
    assert hints_of(facts_of(one)) == ["1 of 4 sensors have no edge: check the ids and distances of the graph"]
    assert hints_of(facts_of(Series.from_frame(FRAME, unit="km/h", channels=["speed"]))) == []


def test_cells_of_a_grid_cannot_be_left_out() -> None:
    frame = FRAME.assign(**{"401": np.nan, "404": 2.0})
    grid = replace(Series.from_frame(frame, unit="km/h", channels=["speed"], adjacency=RING), grid=(2, 2))
    assert hints_of(facts_of(grid)) == [
        "1 cell (401) of speed without any reading: a cell must have one in the training part; write 0 where nothing "
        "can pass",
        "1 cell (404) of speed with one value all the time: they make errors over all cells look small; compare errors "
        "over the same cells alone",
    ]


def test_the_command_prints_facts_and_hints(tmp_path: Path, kdsearch: Here) -> None:
    place = folder(tmp_path / "town", {"r.csv": FRAME.assign(**{"402": np.nan}).to_csv(index_label="time")})
    said = kdsearch(tmp_path, "data", "check", str(place))
    for words in ("384 x 4 x 1", "25.00 % missing", "look at", "1 sensor (402) of speed without any reading"):
        assert words in said.stdout


def test_a_long_series_is_checked_in_little_more_than_its_size(tmp_path: Path) -> None:
    """40 MB of readings with gaps and zeros; copies of all of them at once are not made."""
    values = np.random.default_rng(0).uniform(40, 80, (20_000, 500)).astype(np.float32)
    values[::50], values[1::50] = np.nan, 0
    np.savez(tmp_path / "r.npz", data=values)
    (tmp_path / "dataset.toml").write_text(
        'start = "2024-03-01T00:00"\ninterval_minutes = 5\nunit = "km/h"\nchannels = ["speed"]\nmissing_value = 0\n'
        'negative_is_zero = true\n[series]\nfile = "r.npz"\n[graph]\nkind = "none"\n',
        encoding="utf-8",
    )
    size, share = values.nbytes, float(np.isnan(values).mean() + (values == 0).mean())
    del values
    tracemalloc.start()
    facts = facts_of(load_series(str(tmp_path)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert facts.channels[0].missing_share == pytest.approx(share)
    assert peak < 1.5 * size, peak / size
