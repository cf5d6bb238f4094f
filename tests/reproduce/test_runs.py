"""The channel that a reproduction reads where none is asked for."""

from pathlib import Path

import numpy as np
import pytest

from kdsearch.data.series import Series
from kdsearch.reproduce.runs import ReproduceOptions, with_paper_channel
from tests.ring import write_ring


def with_flow(folder: Path, source: Series) -> None:
    """Write the ring with flow before its speed."""
    write_ring(folder, source)
    card = folder / "ring" / "dataset.toml"
    card.write_text(card.read_text().replace('["speed"]', '["flow", "speed"]').replace("readings.csv", "readings.npz"))
    speed = source.values[:, :, 0]
    np.savez(folder / "ring" / "readings.npz", data=np.stack([10 * speed, speed], axis=2))


@pytest.mark.parametrize(("asked", "read"), [(None, "speed"), ("flow", "flow")])
def test_speed_is_read_where_the_file_has_it_and_nothing_else_was_asked_for(
    asked: str | None, read: str, source: Series, tmp_path: Path
) -> None:
    """The paper forecasts speed; in the public files of PeMS flow comes first."""
    with_flow(tmp_path, source)
    assert with_paper_channel(ReproduceOptions("ring", channel=asked, data_dir=tmp_path)).channel == read


def test_a_file_without_speed_is_read_as_its_protocol_says(source: Series, tmp_path: Path) -> None:
    """A part of a public file that has flow alone is no mistake."""
    write_ring(tmp_path, source)
    card = tmp_path / "ring" / "dataset.toml"
    card.write_text(card.read_text().replace('["speed"]', '["flow"]'))
    assert with_paper_channel(ReproduceOptions("ring", data_dir=tmp_path)).channel is None
