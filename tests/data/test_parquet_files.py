"""Parquet files: damage of every kind, and sizes that the footer tells."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from kdsearch.data.frame import frame_of_pandas
from kdsearch.data.parquet_files import read_parquet
from kdsearch.data.series_source import SeriesSource
from kdsearch.errors import DataError
from tests.data.tables import long, speeds
from tests.data.test_sizes import BOTH, spare_bytes

FRAME = speeds()


@pytest.mark.parametrize("compression", ["snappy", "zstd"])
@pytest.mark.parametrize("layout", ["wide", "long"])
def test_damage_anywhere_is_a_sentence_or_a_table(tmp_path: Path, layout: str, compression: Any) -> None:
    """A byte turned over, here and there, and the file cut off before it; texts that are no UTF-8 among them."""
    path, frame = tmp_path / "r.parquet", FRAME if layout == "wide" else long(FRAME)
    frame.to_parquet(path, compression=compression)
    pd.testing.assert_frame_equal(read_parquet(path), frame, check_freq=False)
    whole = path.read_bytes()
    for place in range(4, len(whole), 1 + len(whole) // 100):
        for content in (whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :], whole[:place]):
            path.write_bytes(content)
            try:
                read = frame_of_pandas(read_parquet(path), path.name, SeriesSource(file=path.name))
                assert all(read.texts(column).notna().all() for column in read.columns)
            except DataError as error:
                assert len(str(error).splitlines()) == 1  # noqa: PT017 - readings have no checksum


def test_a_small_file_of_many_zeros(tmp_path: Path) -> None:
    """80 MB of zeros in kilobytes are refused from the footer where they do not fit."""
    pd.DataFrame(np.zeros((100_000, 100))).rename(columns=str).to_parquet(tmp_path / "r.parquet")
    assert (tmp_path / "r.parquet").stat().st_size < 200_000
    with spare_bytes(100_000_000), pytest.raises(DataError, match=rf"r\.parquet, of shape 100,000 x 100, {BOTH}"):
        read_parquet(tmp_path / "r.parquet")
    assert read_parquet(tmp_path / "r.parquet").shape == (100_000, 100)
