"""The same readings in every layout that files come in, and how to read one with few words of a dataset.toml."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from kdsearch.data.load import load_series
from kdsearch.data.series import Series

STEPS = 384
TIMES = pd.date_range("2024-03-01", periods=STEPS, freq="15min")
IDS = ("401", "402", "403", "404")


def speeds() -> pd.DataFrame:
    """Four days of four sensors, 15 minutes apart, in km/h with two decimals."""
    day = np.sin(np.arange(STEPS) / 96 * 2 * np.pi)
    noise = np.random.default_rng(0).standard_normal((STEPS, len(IDS)))
    return pd.DataFrame(np.round(60 + 10 * day[:, None] + 2 * noise, 2), index=TIMES, columns=list(IDS))


def long(frame: pd.DataFrame) -> pd.DataFrame:
    """Write a row for each reading: time, sensor, speed."""
    return frame.rename_axis("time").reset_index().melt("time", var_name="sensor", value_name="speed")


def days(frame: pd.DataFrame, dates: str = "%Y-%m-%d", clock: str = "%H:%M") -> pd.DataFrame:
    """Write a row for each day and sensor, and a column for each time of day."""
    rows = long(frame)
    rows = rows.assign(date=rows["time"].dt.strftime(dates), clock=rows["time"].dt.strftime(clock))
    return rows.pivot(index=["date", "sensor"], columns="clock", values="speed").reset_index()


WRITERS: dict[str, Callable[[pd.DataFrame], str]] = {
    "wide": lambda frame: frame.to_csv(index_label="time"),
    "long": lambda frame: long(frame).to_csv(index=False),
    "days": lambda frame: days(frame).to_csv(index=False),
    "transposed": lambda frame: frame.T.to_csv(index_label="sensor"),
}
"""Layout -> text of a CSV file."""


def folder(
    place: Path, files: Mapping[str, str | bytes], series: str = "", top: str = "", channels: str = '["speed"]'
) -> Path:
    """Write a dataset: its files, a road from each sensor to the next, and a dataset.toml."""
    place.mkdir(parents=True)
    for name, content in files.items():
        (place / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    named = "" if series.startswith("file =") else f'file = "{next(iter(files))}"\n'
    (place / "g.csv").write_text("from,to,cost\n401,402,400\n402,403,500\n403,404,600\n")
    minutes = "" if "interval_minutes" in top else "interval_minutes = 15\n"
    (place / "dataset.toml").write_text(
        f'{minutes}unit = "km/h"\nchannels = {channels}\n{top}\n[series]\n{named}{series}\n'
        '[graph]\nfile = "g.csv"\nkind = "edges"\n',
        encoding="utf-8",
    )
    return place


def loaded(place: Path, files: Mapping[str, str | bytes], series: str = "", top: str = "") -> Series:
    """Write a dataset and load it."""
    return load_series(str(folder(place, files, series, top)))
