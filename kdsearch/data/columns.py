"""What the columns of a table are: their usual names, and what gives them away."""

import re
from collections.abc import Iterable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

__all__ = [
    "COUNTING_ROWS",
    "NOT_READINGS",
    "OBSERVED_NAMES",
    "QUANTITIES",
    "QUANTITY_NAMES",
    "SENSOR_NAMES",
    "SLOT_NAMES",
    "TIME_NAMES",
    "counts_rows",
    "named_like",
    "sorted_ids",
    "whole_ids",
]

TIME_NAMES = re.compile(r"|times?|timestamp|date|datetime|datum|zeit|uhrzeit|zeitstempel|zeitpunkt|messzeit", re.I)
"""Names of columns of times, the empty one of pandas' index among them."""

SENSOR_NAMES = re.compile(
    r"(sensor|station|stn|detector|detektor|det|node|site|location|loc|segment|link|road|device|counter|zaehlstelle|"
    r"zählstelle|zst|vds|messstelle|loop|meter)[ _-]?(id|name|no|nr|number|key|code)?|id|ids|name",
    re.I,
)
"""Names of columns that say which sensor a row is of."""

QUANTITY_NAMES = re.compile(
    r"(total |avg |average |mean )?(carriageway )?(flow|volume|counts?|speed|velocity|occupancy|occ|density|readings?|"
    r"values?|wert|geschwindigkeit|verkehrsst(ä|ae)rke|belegung|anzahl)( value| vehicles)?( ?[(\[%].*)?",
    re.I,
)
"""Names of columns that say what was read rather than where."""

QUANTITIES = {
    "flow": re.compile(r".*(flow|volume|count|veh|traffic|kfz|verkehrs|anzahl|intensity).*", re.I),
    "speed": re.compile(r".*(speed|velocity|geschwindigkeit|km/?h|mph).*", re.I),
    "occupancy": re.compile(r".*(occupancy|belegung).*", re.I),
}
"""Words in the names of columns that say which quantity was read."""

OBSERVED_NAMES = re.compile(r"%? ?observed|observed ?%?|share observed", re.I)
"""Names of columns that say how much of a reading was observed."""

_SLOTS = (
    r"hours?|hr|std|stunden?|heures?|horas?|ora|uur|hour[ _]?of[ _]?(the[ _]?)?day|quarter([ _]hour)?|viertelstunde|"
    r"(time[ _]?|zeit)?(interval|intervall|period|slot)([ _]?(no|nr|number|id|of[ _]day))?"
)

SLOT_NAMES = re.compile(_SLOTS, re.I)
"""Names of columns of numbers that count the intervals of a day."""

NOT_READINGS = re.compile(
    r"(|.*observed.*|.*quality.*|.*qualit[aä]t.*|status|ok|dst|summer_?time|sommerzeit|.*flags?|flag.*|error|fault|imputed|confidence|valid(ity)?|"
    r".*lane points.*|n_?samples|samples|lat(itude)?|lon(gitude)?|lng|weekday|wochentag|wotag|tag|jour|d[ií]a|"
    r"day_?of_?week|dow|day type.*|week|minute|month|monat|year|jahr|holiday|is_.*|weather|temp(erature)?|rain|"
    r"precipitation|lanes?|lane type|district|direction|freeway|km|length|total|sum|summe|gesamt|mean|average|"
    r"unnamed: \d+|index|row|step|timestep|unix_?time|epoch|ts|.*_utc|" + _SLOTS + r")( ?[(\[].*)?",
    re.I,
)
"""Names of columns that are no sensors, the empty one among them."""

COUNTING_ROWS = 12
"""Rows from which on a column that grows from row to row is no reading of traffic."""


def named_like(names: re.Pattern[str], column: object) -> bool:
    """Tell whether a column has one of these names."""
    return names.fullmatch(str(column).strip()) is not None


def counts_rows(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which columns of numbers ``(row, column)`` grow, or fall, from each row to the next: ``(column,)``.

    They are counters or times, and no readings of traffic.
    """
    if len(values) < COUNTING_ROWS:
        return np.zeros(values.shape[1], dtype=np.bool_)
    steps = np.diff(values, axis=0)
    return np.asarray((steps > 0).all(axis=0) | (steps < 0).all(axis=0))


def sorted_ids(ids: pd.Index) -> list[str]:
    """Order ids as numbers where all are, else as words: an order that does not depend on that of the rows."""
    texts = [str(one) for one in ids]
    if all(text.isdigit() for text in texts):
        return sorted(texts, key=lambda text: (int(text), text))
    return sorted(texts)


def whole_ids(ids: Iterable[str]) -> list[str]:
    """Write whole numbers without a decimal zero, 401.0 as 401, where all ids are such; else each as it stands."""
    texts = [str(one) for one in ids]
    if all(re.fullmatch(r"\d+(\.0)?", text) for text in texts):
        return [text.removesuffix(".0") for text in texts]
    return texts
