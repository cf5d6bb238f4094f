"""How far off is what stands in a gap, and what does a forecast that repeats it err by?

Readings are taken away in runs at random places of a whole file, and filled: by the papers' interpolation, with the
last reading, with the last deviation from the calendar (what networks see that know it), or with the calendar.

    KDSEARCH_DATA=FOLDER python -m benchmarks.fills [--datasets pemsd8 pemsd7m]
"""

import argparse
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from kdsearch.data.fill import carried_forward
from kdsearch.data.load import load_series
from kdsearch.data.profile import fit_profile
from kdsearch.data.protocols import PROTOCOLS, SplitSeries, split_series
from kdsearch.data.series import Series

HOLES = ((0.08, 3), (0.08, 12), (0.08, 36), (0.2, 12))
"""Share of the readings, and steps of each run."""
PROTOCOL = PROTOCOLS["six-two-two"]
FILLS = ("interpolated", "last reading", "last deviation", "calendar")


def with_holes(series: Series, share: float, length: int) -> Series:
    """Take readings away, at the same places at every call."""
    rng, values = np.random.default_rng(0), series.values.copy()
    steps, nodes = values.shape[:2]
    for _ in range(int(share * steps * nodes / length)):
        node, first = rng.integers(nodes), rng.integers(steps - length)
        values[first : first + length, node] = np.nan
    return replace(series, values=values)


def filled(series: SplitSeries) -> dict[str, NDArray[np.float32]]:
    """Fill a series in every way: name -> ``(step, node)``."""
    profile = fit_profile(series, "table").rows(series.source.times)
    raw = np.where(series.present, series.values, np.float32(np.nan))
    published = split_series(series.source, PROTOCOL.filled("published")).values
    ways = (published, series.values, carried_forward(raw - profile) + profile, np.where(series.present, raw, profile))
    return dict(zip(FILLS, ways, strict=True))


def main() -> None:
    """Print a table for each dataset."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--datasets", nargs="+", default=["pemsd8", "pemsd7m"])
    for name in parser.parse_args().datasets:
        whole = load_series(name)
        truth = whole.values[:, :, 0]
        print(f"{name}, {whole.unit[0]}: MAE in the gaps / of repeating it, 1 step ahead / 12 steps ahead")
        print(f"| missing, run | {' | '.join(FILLS)} |\n|---|{'---|' * len(FILLS)}")
        for share, length in HOLES:
            series = split_series(with_holes(whole, share, length), PROTOCOL)
            test, starts = series.splits["test"], series.splits["test"].starts
            last = starts + PROTOCOL.history - 1
            cells = []
            for values in filled(series).values():
                gaps = ~series.present[test.first : test.last]
                errors = [np.abs(values - truth)[test.first : test.last][gaps].mean()]
                for ahead in (1, PROTOCOL.horizon):
                    missing = ~series.present[last] & series.present[last + ahead]
                    errors.append(np.abs(values[last] - truth[last + ahead])[missing].mean())
                cells.append(" / ".join(f"{error:.1f}" for error in errors))
            print(f"| {100 * share:g} %, {length} | {' | '.join(cells)} |")


if __name__ == "__main__":
    main()
