"""Readings as float32: those whose changes would be lost are refused."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kdsearch.data import precision
from kdsearch.data.precision import as_float32
from kdsearch.data.readers import read_array
from kdsearch.errors import DataError

PATH = Path("r.npz")
WAVE = 10 * np.sin(np.arange(500) * 2 * np.pi / 96)[:, None] + np.zeros((1, 3))


@pytest.mark.parametrize("level", [1e7, 1e8, 1e9, -1e9, 1e12])
def test_a_small_wave_on_a_large_level_is_refused(level: float) -> None:
    """Also where one sensor of several has it, and where the axes are turned."""
    with pytest.raises(DataError, match="whose changes are lost in numbers of 32 bits; subtract a constant"):
        as_float32(WAVE + level, PATH)
    mixed = WAVE.copy()
    mixed[:, 1] += level
    with pytest.raises(DataError, match="subtract a constant"):
        as_float32(mixed.T, PATH, step_axis=1)


@pytest.mark.parametrize("level", [0.0, 60.0, 1e5, 1e6])
def test_what_float32_can_hold_is_kept(level: float) -> None:
    """An error of 5 % of the changes is the most."""
    np.testing.assert_array_equal(as_float32(WAVE + level, PATH), (WAVE + level).astype(np.float32))


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8", ">f8", "i1", "i8", "u8", "?"])
def test_numbers_of_every_type(dtype: str) -> None:
    """Small whole numbers are the same in each."""
    values = (np.arange(40).reshape(10, 4) % 2).astype(dtype)
    converted = as_float32(values, PATH)
    assert converted.dtype == np.float32
    np.testing.assert_array_equal(converted, values.astype(np.float32))


def test_counters_of_large_whole_numbers_are_refused() -> None:
    """Whole numbers beyond 2^24 that grow by little."""
    with pytest.raises(DataError, match="as large as 2,000,"):
        as_float32(2_000_000_000 + np.arange(100, dtype=np.int64)[:, None], PATH)


def test_constants_and_rounding_in_float64_are_no_changes() -> None:
    """A constant that float32 rounds, and one that wavers in its sixteenth digit."""
    constant = np.full((50, 2), 0.1)
    constant[::2, 1] = np.nextafter(0.1, 1)
    as_float32(constant, PATH)
    as_float32(np.full((50, 1), 123_456_789_012.0), PATH)


def test_missing_and_infinite_readings_are_left_alone() -> None:
    """Also a sensor of nothing else."""
    values = WAVE + 60
    values[3, 0], values[4, 1], values[:, 2] = np.nan, np.inf, np.nan
    np.testing.assert_array_equal(as_float32(values, PATH), values.astype(np.float32))


def test_readings_beyond_float32_are_refused(tmp_path: Path) -> None:
    """They would become infinite, and missing without a word."""
    np.savez(tmp_path / "r.npz", data=np.array([[1.0, 2.0], [1e300, 3.0]]))
    with pytest.raises(DataError, match=r"holds a reading of 1e\+300, more than 3\.4e38; leave such cells empty"):
        read_array(tmp_path / "r.npz")


@settings(max_examples=30, deadline=None)
@given(rows=st.integers(2, 40), level=st.sampled_from([0.0, 1e6, 1e9]), size=st.integers(2, 50))
def test_blocks_do_not_matter(rows: int, level: float, size: int) -> None:
    """The verdict is the same in blocks of any size."""

    def verdict(block: int) -> bool:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(precision, "BLOCK_READINGS", block)
            try:
                as_float32(WAVE[: rows + 2] + level, PATH)
            except DataError:
                return False
        return True

    assert verdict(size) == verdict(1 << 22)
