"""The bounds of a C forecaster: a function of its own, which needs neither readings nor scratch memory."""

from kdsearch.deploy.c.parts import Parts, float_text
from kdsearch.measure.bounds import Bounds

__all__ = ["bounds_header", "write_bounds"]

HEADER = """
/* Give bounds around a forecast, which hold $PERCENT % of readings like those of the validation split.
 *
 * time, forecast: as given to and filled by $NAME_forecast.
 * lower, upper: (HORIZON, NODES), to be filled; either may be forecast itself.
 */
void $NAME_bounds(int64_t time, const float *forecast, float *lower, float *upper);
"""

SOURCE = """\
void $NAME_bounds(int64_t time, const float *forecast, float *lower, float *upper)
{
    for (int step = 0; step < HORIZON; step++) {
        const int hour = minute_of(time + (step + 1) * (int64_t)INTERVAL) / 60;
        const float scale = bound_by_hour[hour] * bound_by_step[step];
        for (int node = 0; node < NODES; node++) {
            const int place = step * NODES + node;
            const float value = forecast[place], radius = scale * bound_by_sensor[node], below = value - radius;
            lower[place] = $LEAST;
            upper[place] = value + radius;
        }
    }
}"""


def write_bounds(parts: Parts, bounds: Bounds, name: str, smallest: float | None) -> str:
    """Define the constants of bounds, and give their function: `Bounds.radius` and `bounds_around` in C.

    Args:
        parts: Gets the constants.
        bounds: The bounds.
        name: Of the forecaster.
        smallest: The quantity's smallest value; None where there is none.
    """
    parts.array("bound_by_sensor", bounds.by_sensor)
    parts.array("bound_by_hour", bounds.by_hour)
    parts.array("bound_by_step", bounds.by_step)
    least = "below" if smallest is None else f"below < {float_text(smallest)} ? {float_text(smallest)} : below"
    return SOURCE.replace("$NAME", name).replace("$LEAST", least)


def bounds_header(bounds: Bounds, name: str) -> str:
    """Declare the function of bounds."""
    return HEADER.replace("$NAME", name).replace("$PERCENT", f"{100 * bounds.level:g}")
