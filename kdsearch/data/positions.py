"""Positions of sensors: tables of latitude and longitude, and the distances between them."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kdsearch.data.sensor_names import Sensors, by_id
from kdsearch.data.text_table import read_text_table
from kdsearch.data.written_numbers import is_number
from kdsearch.errors import DataError

__all__ = ["great_circle_metres", "read_positions"]

EARTH_RADIUS_METRES = 6_371_008.8
"""Mean radius of the ellipsoid WGS 84."""

LATITUDES = ("latitude", "lat", "y")
LONGITUDES = ("longitude", "lon", "lng", "long", "x")
LIMITS = (90.0, 180.0)

Names = tuple[str | None, str | None]
"""Columns of latitude and longitude, None for a usual name."""


def read_positions(
    path: Path, sensors: Sensors, latitude: str | None = None, longitude: str | None = None
) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Read a CSV table of positions, in the order of the readings.

    The first line names the columns, or the table has three: id, latitude, longitude. The column of the ids is the one
    that names the sensors of the readings; readings without ids take the rows in order.

    Args:
        path: The table.
        sensors: Sensors of the readings.
        latitude: Name of its column; None for one of `LATITUDES`.
        longitude: Name of its column; None for one of `LONGITUDES`.

    Returns:
        Latitude and longitude in degrees, float64 ``(node, 2)``, NaN where the table leaves them empty or has 0 for
        both; and what was taken for granted.

    Raises:
        DataError: A column is not there, a number is none or outside its limits, or a sensor has no row.
    """
    table = read_text_table(path)
    rows = [table.cells(number) for number in range(len(table.lines))]
    if table.decimal == ",":
        rows = [[cell.replace(",", ".") if table.is_number(cell) else cell for cell in row] for row in rows]
    headed = len(rows[0]) != 3 or not all(is_number(cell) and cell for cell in rows[0][1:])
    places = (
        (
            _column(rows[0], latitude, LATITUDES, "latitude", path),
            _column(rows[0], longitude, LONGITUDES, "longitude", path),
        )
        if headed
        else (1, 2)
    )
    rows = rows[int(headed) :]
    values = np.array([[_degrees(row[place]) for place in places] for row in rows]).reshape(-1, 2)
    _check_limits(values, rows, places, 1 + int(headed), path)
    values[(values == 0).all(axis=1)] = np.nan
    order, notes = _order(rows, places, sensors, path)
    values = values[order]
    unknown = [sensors.ids[node] for node in np.flatnonzero(np.isnan(values).any(axis=1))]
    if unknown:
        values[np.isnan(values).any(axis=1)] = np.nan
        notes += (f"{path.name} has no position of {len(unknown):,} of {len(sensors):,} sensors, such as {unknown[0]}",)
    return values, notes


def great_circle_metres(positions: NDArray[np.float64]) -> NDArray[np.float64]:
    """Compute distances along the earth: degrees ``(node, 2)`` -> metres ``(node, node)``, infinite for NaN.

    By the haversine formula on a sphere, within 0.6 % of the ellipsoid.
    """
    latitude, longitude = np.radians(positions).T
    north, east = latitude[:, None] - latitude, longitude[:, None] - longitude
    chord = np.sin(north / 2) ** 2 + np.cos(latitude)[:, None] * np.cos(latitude) * np.sin(east / 2) ** 2
    metres = 2 * EARTH_RADIUS_METRES * np.arcsin(np.sqrt(np.clip(chord, 0, 1)))
    return np.asarray(np.where(np.isnan(metres), np.inf, metres))


def _column(header: list[str], name: str | None, usual: tuple[str, ...], key: str, path: Path) -> int:
    found = [place for place, cell in enumerate(header) if cell == name or (not name and cell.lower() in usual)]
    if len(found) == 1:
        return found[0]
    what = (
        f"no column {name!r}" if name else f"{'more than one' if found else 'no'} column of the usual names of a {key}"
    )
    raise DataError(
        f"{path} has {what}; write {key} = one of {', '.join(cell for cell in header if cell)} under [graph] in "
        "dataset.toml"
    )


def _degrees(cell: str) -> float:
    return float(cell or "nan") if is_number(cell) else np.inf


def _check_limits(
    values: NDArray[np.float64], rows: list[list[str]], places: tuple[int, int], first_line: int, path: Path
) -> None:
    bad = np.argwhere(np.abs(values) > np.array(LIMITS))
    if not bad.size:
        return
    row, side = (int(one) for one in bad[0])
    turned = not (np.abs(values[:, ::-1]) > np.array(LIMITS)).any()
    key = ("latitude", "longitude")[side]
    if not is_number(rows[row][places[side]]):
        remedy = "write degrees with a decimal point, such as 34.15"
    elif turned:
        remedy = "write latitude = ... and longitude = ... the other way round under [graph] in dataset.toml"
    else:
        remedy = "give degrees of WGS 84, latitude and longitude, rather than metres of a map"
    raise DataError(
        f"{path}, line {row + first_line}, column {places[side] + 1}: {rows[row][places[side]]!r} is no {key} of "
        f"-{LIMITS[side]:g} to {LIMITS[side]:g} degrees; {remedy}"
    )


def _order(
    rows: list[list[str]], places: tuple[int, int], sensors: Sensors, path: Path
) -> tuple[list[int], tuple[str, ...]]:
    """Find the row of each sensor."""
    columns = [place for place in range(len(rows[0]) if rows else 0) if place not in places]
    if not sensors.named:
        if len(rows) != len(sensors):
            raise DataError(
                f"{path} has {len(rows):,} positions, the readings have {len(sensors):,} sensors without ids; give "
                f"both the same sensors, or both ids{sensors.on_their_side}"
            )
        return list(range(len(rows))), (f"{path.name}: positions are taken in the order of the readings",)
    best: tuple[int, dict[int, int]] = (-1, {})
    for place in columns:
        names = [row[place] for row in rows]
        index = by_id(names, sensors.ids)
        found = {index[name]: number for number, name in reversed(list(enumerate(names))) if name in index}
        best = max(best, (len(found), found), key=lambda pair: pair[0])
    count, found = best
    if count < len(sensors):
        absent = next(one for node, one in enumerate(sensors.ids) if node not in found)
        raise DataError(f"{path} does not name sensor {absent!r} of the readings; give both files the same ids")
    return [found[node] for node in range(len(sensors))], ()
