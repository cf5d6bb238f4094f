"""Test errors of STIDs by size, from a few hundred weights to a teacher's size.

Each takes deviations and has no teacher; three seeds, trained as the STID of every report, the widest as the bar's.

    KDSEARCH_DATA=FOLDER python -m benchmarks.stid_sizes [--dataset pemsd8] [--protocol stgcn] [--readings published]
"""

import argparse
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from benchmarks.bar import TEACHERS, WORKERS, plain_result, summary_of
from kdsearch.pipeline.dataset import split_dataset
from kdsearch.trial.teacher_settings import STID

SEEDS = (0, 1, 2)
WIDTHS = (2, 3, 4, 8, 16, 32)


def main() -> None:
    """Train them all and print them by size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", default="pemsd8")
    parser.add_argument("--protocol", default="stgcn")
    parser.add_argument("--readings", default="measured", choices=("measured", "published"))
    options = parser.parse_args()
    series, _ = split_dataset(options.dataset, options.protocol, None, readings=options.readings)
    networks = [*(STID | {"width": width} for width in WIDTHS), TEACHERS["STID, wide"]]
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as pool:
        jobs = [[pool.submit(plain_result, series, each, seed) for seed in SEEDS] for each in networks]
        for network, seeds in zip(networks, jobs, strict=True):
            results = [job.result() for job in seeds]
            said = summary_of(results, "mae")
            print(f"width {network['width']:2}, {results[0].parameters:7,} parameters: test mae {said}", flush=True)


if __name__ == "__main__":
    main()
