"""The C of what stands between readings and the network: calendar, scale and gaps, as in `newest_forecast`."""

import numpy as np

from kdsearch.data.kinds_of_day import FILE_YEARS, kind_names, kinds_of_day
from kdsearch.data.profile import Profile, Scaler
from kdsearch.data.target import Target
from kdsearch.deploy.c.parts import Parts

__all__ = ["write_inputs"]

CLOCK = """\
/* Whole days since 1970-01-01; rounded down, before 1970 too. */
static int64_t day_of(int64_t time)
{
    return time / 86400 - (time % 86400 < 0);
}

static int minute_of(int64_t time)
{
    return (int)((time - day_of(time) * 86400) / 60);
}"""

WEEKDAY = """\
/* 0 for Monday; 1970-01-01 was a Thursday. */
static int weekday_of(int64_t time)
{
    return (int)(((day_of(time) + 3) % 7 + 7) % 7);
}"""

HOLIDAY = """\
static int is_holiday(int64_t day)
{
    int first = 0, last = HOLIDAYS;
    while (first < last) {
        const int middle = (first + last) / 2;
        if (holidays[middle] < day)
            first = middle + 1;
        else
            last = middle;
    }
    return first < HOLIDAYS && holidays[first] == day;
}"""

KIND = """\
/* 0 for Monday to Friday, 1 for Saturday, 2 for Sunday$WORDS. */
static int kind_of_day(int64_t time)
{
    const int weekday = weekday_of(time);
$HOLIDAY    return weekday < 5 ? 0 : weekday - 4;
}"""

NO_OFFSETS = """\
static void set_offsets(int64_t time)
{
    (void)time; /* no calendar */
    for (int node = 0; node < NODES; node++)
        offsets[node] = MEAN;
}"""

TABLE_OFFSETS = """\
/* Look up what is subtracted from the readings at a time. */
static void set_offsets(int64_t time)
{
    const Share *row = calendar + (kind_of_day(time) * SLOTS + minute_of(time) * SLOTS / 1440) * NODES;
    for (int node = 0; node < NODES; node++)
        offsets[node] = SCALED(calendar_scale, node, row[node]) + MEAN;
}"""

FACTOR_OFFSETS = """\
/* Compute what is subtracted from the readings at a time: RANK mean days of WAVES waves, and each node's shares. */
static void set_offsets(int64_t time)
{
    const int slot = minute_of(time) * SLOTS / 1440;
    const float *coefficient = coefficients + kind_of_day(time) * WAVES * RANK;
    float level[RANK] = {0};
    for (int wave = 0; wave < WAVES; wave++) {
        const int harmonic = wave > WAVES / 2 ? wave - WAVES / 2 : wave;
        const float angle = 6.2831853f * (float)(slot * harmonic % SLOTS) / SLOTS;
        const float value = wave > WAVES / 2 ? sinf(angle) : cosf(angle);
        for (int component = 0; component < RANK; component++)
            level[component] += value * *coefficient++;
    }
    for (int node = 0; node < NODES; node++)
        offsets[node] = 0.0f;
    for (int component = 0; component < RANK; component++) {
        const float factor = SCALED(shares_scale, component, level[component]);
        for (int node = 0; node < NODES; node++)
            offsets[node] += factor * (float)shares[component * NODES + node];
    }
    for (int node = 0; node < NODES; node++)
        offsets[node] += MEAN;
}"""

SET_INPUTS = """\
/* Scale the readings and fill their gaps; count the sensors without any reading. */
static int set_inputs(const float *readings, int64_t time)
{
    memset(begun, 0, sizeof begun);
    for (int step = 0; step < HISTORY; step++) {
        set_offsets(time - (HISTORY - 1 - step) * (int64_t)INTERVAL);
        float *now = inputs + step * LINE;
$FILL
    }
    int silent = 0;
    for (int node = 0; node < NODES; node++)
        silent += !begun[node];
    return silent;
}"""

CAUSAL = """\
        float sum = 0.0f;
        int count = 0;
        for (int node = 0; node < NODES; node++) {
            const float reading = readings[step * NODES + node];
            if (!isnan(reading))
                now[node] = (reading - offsets[node]) / STD;
            else if (begun[node])
                now[node] = now[node - LINE]; /* a gap holds the last input */
            begun[node] |= !isnan(reading);
            sum += begun[node] ? now[node] : 0.0f;
            count += begun[node];
        }
        for (int node = 0; node < NODES; node++) /* before its first reading a sensor takes the mean of the others */
            now[node] = begun[node] ? now[node] : sum / (float)(count ? count : 1);"""

ZERO = """\
        for (int node = 0; node < NODES; node++) {
            const float reading = readings[step * NODES + node];
            now[node] = ((isnan(reading) ? 0.0f : reading) - offsets[node]) / STD; /* a gap is a zero, as in training */
            begun[node] |= !isnan(reading);
        }"""


def write_inputs(parts: Parts, target: Target, scaler: Scaler, clock: bool, bounded: bool) -> None:
    """Write what makes the network's inputs, and the offsets that bring its forecasts back.

    Args:
        parts: Takes the C.
        target: What is forecast.
        scaler: The map from readings to inputs.
        clock: Whether the network asks for the time.
        bounded: Whether there are bounds, which ask for the hour.
    """
    profile = scaler.profile
    if clock or bounded or profile is not None:
        parts.functions.append(CLOCK)
    if clock or profile is not None:
        parts.functions.append(WEEKDAY)
    if profile is None:
        parts.functions.append(NO_OFFSETS)
    else:
        _write_kinds(parts, profile.holidays)
        _write_calendar(parts, profile)
    parts.scratch("inputs", target.history * parts.line)
    parts.scratch("offsets", parts.nodes)
    parts.buffers.append(f"static unsigned char begun[{parts.nodes}];")
    parts.scratch_bytes += parts.nodes
    parts.functions.append(SET_INPUTS.replace("$FILL", ZERO if target.zero_is_missing else CAUSAL))


def _write_kinds(parts: Parts, country: str | None) -> None:
    words, lookup = "", ""
    if country is not None:
        first, last = FILE_YEARS
        days = np.arange(f"{first}-01-01", f"{last + 1}-01-01", dtype="datetime64[D]")
        numbers = days[kinds_of_day(days, country) == len(kind_names(None))].astype(np.int64)
        parts.array("holidays", numbers.astype(np.uint16))
        parts.sizes["HOLIDAYS"] = len(numbers)
        parts.functions.append(HOLIDAY)
        words = f", 3 for a holiday in {country}, {first} to {last}"
        lookup = "    if (is_holiday(day_of(time)))\n        return 3;\n"
    parts.functions.append(KIND.replace("$WORDS", words).replace("$HOLIDAY", lookup))


def _write_calendar(parts: Parts, profile: Profile) -> None:
    slots = profile.table.shape[1]
    parts.sizes["SLOTS"] = slots
    if profile.factors is None:
        parts.calendar("calendar", profile.table, channel_dim=2)
        parts.functions.append(TABLE_OFFSETS)
        return
    coefficients, shares = profile.factors
    waves = len(coefficients) // len(kind_names(profile.holidays))
    lengths = np.full(waves, np.sqrt(2 / slots))  # of the orthonormal waves
    lengths[0] = np.sqrt(1 / slots)
    by_kind = coefficients.reshape(-1, waves, len(shares)) * lengths[:, None]
    parts.sizes |= {"WAVES": waves, "RANK": len(shares)}
    parts.array("coefficients", by_kind.astype(np.float32))
    parts.calendar("shares", shares, channel_dim=0)
    parts.functions.append(FACTOR_OFFSETS)
