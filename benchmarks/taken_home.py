"""Exported files of studies: knee, STID and teacher of each, their bytes, latency and bounds.

Prints a table in Markdown for each study: bytes of the file against those of weights, calendar and graph; time of a
forecast by onnxruntime, one thread, in alternation with the teacher's file; test error; readings inside the bounds of
90 %, week by week.

    KDSEARCH_DATA=FOLDER python -m benchmarks.taken_home [--studies FOLDER] STUDY [STUDY ...]
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np

from kdsearch import load_study
from kdsearch.deploy.kept import KeptNetwork
from kdsearch.deploy.measure import MeasuredFile, measured_file
from kdsearch.report.grid import Grid, write_grids
from kdsearch.report.numbers import error, share, significant
from kdsearch.report.text.bounds import share_inside

PICKS = ("knee", "STID", "teacher")
HEADS = (
    "network", "weights", "file, kB", "of its numbers", "ms", "batch 64, ms", "the teacher's file takes", "memory, MB",
    "test MAE", "inside 90 %", "by week",
)  # fmt: skip


def numbers_bytes(network: KeptNetwork) -> int:
    """Count the bytes of weights and calendar as float32, and of the graph as its edges with their places."""
    return 4 * network.card.stored_numbers + 8 * int(np.count_nonzero(network.checkpoint.adjacency))


def row(name: str, network: KeptNetwork, found: MeasuredFile) -> list[str]:
    """Write one network's line."""
    breakdown, milliseconds = network.card.breakdown, found.milliseconds
    weeks = "" if breakdown is None else " / ".join(share(share_inside(one)) for one in breakdown.fixed.week.values())
    own, teacher = milliseconds[1]
    memory = "" if found.memory_bytes is None else significant(found.memory_bytes / 1e6)
    return [
        f"{name}, {network.card.family}", f"{network.card.weights:,}", f"{found.size_bytes / 1000:.1f}",
        f"{found.size_bytes / numbers_bytes(network):.2f}", significant(own), significant(milliseconds[64][0]),
        f"{significant(teacher / own, 2)} times as long", memory, error(found.errors.errors["mae"]["all"]),
        f"{100 * found.errors.inside:.1f} %", weeks,
    ]  # fmt: skip


def table(study_name: str, studies: Path) -> Grid:
    """Export and measure three networks of a study."""
    study = load_study(study_name, studies=studies)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        paths = {pick: study.export(Path(folder) / pick, pick)[0] for pick in PICKS}
        for pick, path in paths.items():
            found = measured_file(path, None, "test", paths["teacher"])
            rows.append(row(pick, study.network(pick).kept, found))
    title = f"{study_name}: {study.summary.dataset}, {study.summary.titled('mae')}"
    return Grid(title, HEADS, rows, (HEADS[0], HEADS[-1]))


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", metavar="STUDY", nargs="+")
    parser.add_argument("--studies", type=Path, default=Path("studies"))
    options = parser.parse_args()
    for name in options.names:
        print(write_grids([table(name, options.studies)], "markdown"), flush=True)


if __name__ == "__main__":
    main()
