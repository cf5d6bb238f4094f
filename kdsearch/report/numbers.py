"""Numbers as people read them: found in the metrics, printed with digits by meaning."""

import math
from collections.abc import Sequence

from kdsearch.record import Metrics

__all__ = ["between", "count", "error", "listed", "mae", "magnitude", "measured", "share", "significant", "spread"]

_MAGNITUDES = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k"))


def measured(metrics: Metrics, metric: str, horizon: str, split: str) -> float:
    """Reads one error; NaN where it was not measured."""
    return metrics.get(split, {}).get(metric, {}).get(horizon, math.nan)


def mae(metrics: Metrics, horizon: str = "all", split: str = "val") -> float:
    """Reads one mean absolute error; NaN where it was not measured."""
    return measured(metrics, "mae", horizon, split)


def significant(value: float, digits: int = 3) -> str:
    """Rounds to significant digits without an exponent: 0.0312, 1.25, 31.2, 1,250."""
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    decimals = digits - 1 - math.floor(math.log10(abs(value)))
    rounded = round(value, decimals)
    decimals = digits - 1 - math.floor(math.log10(abs(rounded)))  # 9.996 has become 10.0, one decimal fewer
    return f"{rounded:,.{max(decimals, 0)}f}"


def error(value: float) -> str:
    """Two decimals, as the field prints MAE and RMSE; three significant digits below one."""
    return f"{value:.2f}" if abs(value) >= 1 else significant(value)


def spread(standard_deviation: float) -> str:
    """Two decimals like the error itself, one significant digit where that would say zero."""
    return f"{standard_deviation:.2f}" if standard_deviation >= 0.005 else significant(standard_deviation, 1)


def count(value: int) -> str:
    """Thousands separated: 296,426."""
    return f"{value:,}"


def magnitude(value: float) -> str:
    """Three significant digits with k, M, G or T: 1.25 M."""
    for size, letter in _MAGNITUDES:
        if abs(value) >= 0.9995 * size:
            return f"{significant(value / size)} {letter}"
    return significant(value)


def share(fraction: float) -> str:
    """A share in per cent with two significant digits, whole from 10 % on: 0.31 %, 3.1 %, 31 %."""
    percent = 100 * fraction
    return f"{percent:,.0f} %" if abs(percent) >= 9.95 else f"{significant(percent, 2)} %"


def between(values: Sequence[float]) -> str:
    """Two significant digits: 1.4, or 1.1 to 2.3 where the values differ in them."""
    ends = [significant(end, 2) for end in (min(values), max(values))]
    return " to ".join(dict.fromkeys(ends))


def listed(parts: Sequence[str]) -> str:
    """One, two and three."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"
