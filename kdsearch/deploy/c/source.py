"""A trained network as one C file and one header: raw readings and the time in, forecasts in real units out.

The C is C99 and calls `<math.h>` and `<string.h>` alone; it allocates nothing. Weights, calendar and graph are
constants.
"""

import json
import re
from pathlib import Path

import torch

from kdsearch.checkpoint import Checkpoint
from kdsearch.data.kinds_of_day import FILE_YEARS
from kdsearch.data.target import Target
from kdsearch.deploy.c.bounds import bounds_header, write_bounds
from kdsearch.deploy.c.families import WRITERS, Writer
from kdsearch.deploy.c.inputs import write_inputs
from kdsearch.deploy.c.layers import LINEAR
from kdsearch.deploy.c.parts import Parts, float_text, lines_of
from kdsearch.deploy.rounding import Numbers
from kdsearch.errors import DataError
from kdsearch.models import Forecaster

__all__ = ["NAME", "write_c"]

NAME = r"[a-z][a-z0-9_]*"
"""Form of a forecaster's name: its function and macros begin with it."""

HEADER = """\
/* Forecasts by $FAMILY$ORIGIN, written by kdsearch.
 *
 * A step is $MINUTES minutes. Readings and forecasts are in $UNIT.
$NOTES * One forecast at a time: scratch memory is static. Compile without -ffast-math, which takes NaN for a number.
 *
 * Columns of readings and forecast, in order:
$COLUMNS
 */
#ifndef $UPPER_H
#define $UPPER_H

#include <stdint.h>

#define $UPPER_HISTORY $HISTORY
#define $UPPER_HORIZON $HORIZON
#define $UPPER_NODES $NODES
#define $UPPER_INTERVAL_SECONDS $SECONDS
#define $UPPER_SCRATCH_BYTES $SCRATCH

#ifdef __cplusplus
extern "C" {
#endif

/* Forecast the steps after the newest readings.
 *
 * readings: (HISTORY, NODES), the oldest step first; NAN where a reading is missing.
 * time: local time of the newest step, in seconds since 1970-01-01T00:00 of that clock.
 * forecast: (HORIZON, NODES), to be filled.
 *
 * Returns the number of columns without any reading; their forecasts begin from the mean input of the others.
 */
int $NAME_forecast(const float *readings, int64_t time, float *forecast);
$BOUNDS
#ifdef __cplusplus
}
#endif

#endif
"""

SOURCE = """\
#include "$NAME.h"

#include <math.h>
#include <string.h>

enum {
$SIZES
};

#define MEAN $MEAN
#define STD $STD

$LINEAR

$CONSTANTS

$BUFFERS

$FUNCTIONS

int $NAME_forecast(const float *readings, int64_t time, float *forecast)
{
    const int silent = set_inputs(readings, time);
    network(time, forecast);
    for (int step = 0; step < HORIZON; step++) {
        set_offsets(time + (step + 1) * (int64_t)INTERVAL);
        for (int node = 0; node < NODES; node++) {
            float *value = forecast + step * NODES + node;
            *value = *value * STD + offsets[node];
$CLIP        }
    }
    return silent;
}
$BOUNDS"""

CLIP = """\
            *value = *value < $SMALLEST ? $SMALLEST : *value; /* there is nothing less */
"""


def write_c(
    checkpoint: Checkpoint, target: Target, folder: Path, *, name: str, numbers: Numbers = "float", origin: str = ""
) -> tuple[Path, Path]:
    """Write ``NAME.c`` and ``NAME.h``, whose function ``NAME_forecast`` forecasts as `newest_forecast` does.

    A network with bounds has ``NAME_bounds`` too.

    Args:
        checkpoint: The network, its calendar, its scale and its graph.
        target: What it forecasts.
        folder: Gets the two files; made where it is not there.
        name: Of the files and of all that they make public, so that two forecasters can be linked together.
        numbers: "float", or "int8" for weights of 8 bits with a float scale for each output channel, and a calendar of
            16 bits; `kdsearch.deploy.quantise.int8_checkpoint` is the network that forecasts so.
        origin: Study and trial, for the header.

    Returns:
        The source file and the header.

    Raises:
        DataError: The name cannot be one in C, the family is not written as C, or the network has numbers that are
            not finite.
    """
    if not re.fullmatch(NAME, name):
        raise DataError(
            f"{name!r} cannot name a C file; begin with a small letter, then use small letters, digits and _"
        )
    network = _network(checkpoint, target)
    parts = Parts(numbers, len(checkpoint.adjacency))
    write_inputs(parts, target, checkpoint.scaler, network.clock, checkpoint.bounds is not None)
    WRITERS[network.family].write(network, target.horizon, parts)
    folder.mkdir(parents=True, exist_ok=True)
    source, header = folder / f"{name}.c", folder / f"{name}.h"
    source.write_text(_source(parts, checkpoint, target, name), encoding="ascii")
    header.write_text(_header(parts, checkpoint, target, name, network.family, origin), encoding="ascii")
    return source, header


def _writer(family: str) -> Writer:
    if family not in WRITERS:
        raise DataError(f"networks of family {family} are not written as C; those of {', '.join(WRITERS)} are")
    return WRITERS[family]


def _network(checkpoint: Checkpoint, target: Target) -> Forecaster:
    """Build the network, and refuse one that cannot be written."""
    writer = _writer(checkpoint.spec["family"])
    network = checkpoint.network(torch.device("cpu")).eval()
    if network.outputs < target.horizon and not (writer.iterates and network.outputs == 1):
        raise DataError(
            f"the network gives {network.outputs} steps of {target.horizon} at once, which is not written as C; take "
            "one of direct decoding"
        )
    return network


def _source(parts: Parts, checkpoint: Checkpoint, target: Target, name: str) -> str:
    own = {place: f"{name.upper()}_{place}" for place in ("HISTORY", "HORIZON", "NODES")}
    sizes: dict[str, object] = {**own, "INTERVAL": f"{name.upper()}_INTERVAL_SECONDS", "LANES": parts.lanes}
    sizes |= {"BLOCKS": parts.blocks, "LINE": "BLOCKS * LANES", **parts.sizes}
    smallest, bounds = target.kind.smallest, checkpoint.bounds
    words = {
        "$NAME": name,
        "$BOUNDS": "" if bounds is None else f"\n{write_bounds(parts, bounds, name, smallest)}\n",
        "$SIZES": ",\n".join(f"    {size} = {value}" for size, value in sizes.items()),
        "$MEAN": float_text(checkpoint.scaler.mean),
        "$STD": float_text(checkpoint.scaler.std),
        "$LINEAR": LINEAR[parts.numbers],
        "$CLIP": "" if smallest is None else CLIP.replace("$SMALLEST", float_text(smallest)),
        "$CONSTANTS": "\n\n".join(parts.constants),
        "$BUFFERS": "\n".join(parts.buffers),
        "$FUNCTIONS": "\n\n".join(parts.functions),
    }
    return _filled(SOURCE, words)


def _header(parts: Parts, checkpoint: Checkpoint, target: Target, name: str, family: str, origin: str) -> str:
    notes = []
    if parts.numbers == "int8":
        notes.append("Weights have 8 bits with a float scale for each output channel; the calendar has 16 bits.")
    profile = checkpoint.scaler.profile
    if profile is not None and profile.holidays is not None:
        first, last = FILE_YEARS
        notes.append(f"Holidays of {profile.holidays} are known from {first} to {last}; in other years there are none.")
    several = len(target.channels) > 1
    columns = [
        f"{channel}: {sensor}" if several else sensor for channel in target.channels for sensor in target.sensors
    ]
    words = {
        "$FAMILY": family,
        "$ORIGIN": f" of {_comment(origin)}" if origin else "",
        "$MINUTES": str(target.interval_minutes),
        "$UNIT": _comment(target.unit) if target.unit else "the unit of the training data",
        "$NOTES": "".join(f" * {note}\n" for note in notes),
        "$COLUMNS": re.sub("^", " *", lines_of([_comment(json.dumps(one)) for one in columns], 8), flags=re.MULTILINE),
        "$UPPER": name.upper(),
        "$HISTORY": str(target.history),
        "$HORIZON": str(target.horizon),
        "$NODES": str(parts.nodes),
        "$SECONDS": str(60 * target.interval_minutes),
        "$SCRATCH": str(parts.scratch_bytes),
        "$BOUNDS": "" if checkpoint.bounds is None else bounds_header(checkpoint.bounds, name),
        "$NAME": name,
    }
    return _filled(HEADER, words)


def _filled(text: str, words: dict[str, str]) -> str:
    """Put words in their places; a longer name goes before one that it begins with, and nothing is filled in twice."""
    names = sorted(words, key=len, reverse=True)
    return re.sub("|".join(map(re.escape, names)), lambda found: words[found[0]], text)


def _comment(text: str) -> str:
    """Write a text so that it neither ends a comment nor begins one, in ASCII."""
    plain = text.encode("ascii", "backslashreplace").decode()
    return re.sub(r"[^ -~]", " ", plain).replace("*/", "* /").replace("/*", "/ *")
