"""Numbers for people: read from the metrics, and written with as many digits as they mean."""

import math
from collections.abc import Sequence

from kdsearch.costs import Cost
from kdsearch.record import Metrics

__all__ = [
    "between",
    "count",
    "duration",
    "error",
    "errors_apart",
    "file_costs",
    "interval_words",
    "listed",
    "mae",
    "magnitude",
    "measured",
    "share",
    "share_above",
    "significant",
    "spread",
    "with_unit",
]

_MAGNITUDES = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def measured(metrics: Metrics, metric: str, horizon: str, split: str) -> float:
    """Read one error; NaN where it was not measured."""
    return metrics.get(split, {}).get(metric, {}).get(horizon, math.nan)


def mae(metrics: Metrics, horizon: str = "all", split: str = "val") -> float:
    """Read one mean absolute error; NaN where it was not measured."""
    return measured(metrics, "mae", horizon, split)


def significant(value: float, digits: int = 3) -> str:
    """Round to significant digits without an exponent: 0.0312, 1.25, 31.2, 1,250."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    decimals = digits - 1 - math.floor(math.log10(abs(value)))
    rounded = round(value, decimals)
    decimals = digits - 1 - math.floor(math.log10(abs(rounded)))  # 9.996 has become 10.0, one decimal fewer
    return f"{rounded:,.{max(decimals, 0)}f}"


def error(value: float, unit: str = "") -> str:
    """Write an error with two decimals, as the field prints MAE and RMSE; three significant digits below one."""
    return with_unit(f"{value:.2f}" if abs(value) >= 1 else significant(value), unit)


def with_unit(number: str, unit: str) -> str:
    """Put the unit beside a number, where there is one."""
    return f"{number} {unit}" if unit else number


def interval_words(ends: tuple[float, float], unit: str) -> str:
    """Write an interval of differences: "+0.12 to +0.48 mph"."""
    return with_unit(f"{ends[0]:+.2g} to {ends[1]:+.2g}", unit)


def errors_apart(one: float, other: float) -> tuple[str, str]:
    """Write two errors of which a sentence says that one is less, with digits enough to show it."""
    written = error(one), error(other)
    for digits in range(4, 10):
        if written[0] != written[1] or one == other:
            break
        written = significant(one, digits), significant(other, digits)
    return written


def share_above(fraction: float, limit: float) -> str:
    """Write a share that is above a limit in per cent, with digits enough to show it: 3.02 % beside 3 %."""
    written = share(fraction)
    for digits in range(3, 10):
        if fraction <= limit or float(written.removesuffix(" %").replace(",", "")) > 100 * limit:
            break
        written = f"{significant(100 * fraction, digits)} %"
    return written


def spread(standard_deviation: float) -> str:
    """Write a standard deviation with two decimals like the error itself, one digit where that would say zero."""
    return f"{standard_deviation:.2f}" if standard_deviation >= 0.005 else significant(standard_deviation, 1)


def count(value: int) -> str:
    """Write a whole number with its thousands separated: 296,426."""
    return f"{value:,}"


def magnitude(value: float) -> str:
    """Write three significant digits with k, M, G or T: 1.25 M."""
    for size, letter in _MAGNITUDES:
        if abs(value) >= 0.9995 * size:
            return f"{significant(value / size)} {letter}"
    return significant(value)


def share(fraction: float) -> str:
    """Write a share in per cent with two significant digits, whole from 10 % on: 0.31 %, 3.1 %, 31 %."""
    percent = 100 * fraction
    return f"{percent:,.0f} %" if abs(percent) >= 9.95 else f"{significant(percent, 2)} %"


def file_costs(cost: Cost) -> list[str]:
    """Write kilobytes and milliseconds of the exported file, and its ratio to the teacher's; "" for what is unknown."""
    size = None if cost.file_bytes is None else cost.file_bytes / 1000
    milliseconds = None if cost.deployed_ms is None else cost.deployed_ms.p50
    ratio = "" if cost.deployed_ratio is None else significant(cost.deployed_ratio, 2)
    return [*("" if number is None else significant(number) for number in (size, milliseconds)), ratio]


def between(values: Sequence[float]) -> str:
    """Write the range of values with two significant digits: 1.1 to 2.3, or 1.4 where they do not differ in them."""
    ends = [significant(end, 2) for end in (min(values), max(values))]
    return " to ".join(dict.fromkeys(ends))


def listed(parts: Sequence[str]) -> str:
    """Join words as in "one, two and three"."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def duration(seconds: float) -> str:
    """Write a duration in the largest fitting unit: s, min or h."""
    for size, unit in ((3600, "h"), (60, "min")):
        if seconds >= 1.5 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
