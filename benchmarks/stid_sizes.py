"""Test errors of STIDs by size, from a few hundred weights to a teacher's size.

Each takes deviations and has no teacher; three seeds, trained as the STID of every report, the widest as the bar's.

    KDSEARCH_DATA=FOLDER python -m benchmarks.stid_sizes [--dataset pemsd8] [--protocol stgcn] [--without-repeats]
"""

import argparse
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from benchmarks.bar import SEEDS, TEACHERS, WORKERS, mean_errors, plain_errors, shown, spread_of, without_repeats
from kdsearch.pipeline.setup import split_dataset
from kdsearch.trial.teachers import STID

WIDTHS = (2, 3, 4, 8, 16, 32)


def main() -> None:
    """Train them all and print them by size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dataset", default="pemsd8")
    parser.add_argument("--protocol", default="stgcn")
    parser.add_argument("--without-repeats", action="store_true", help="score what is no copy of the week before")
    options = parser.parse_args()
    series, _ = split_dataset(options.dataset, options.protocol, None)
    scored = without_repeats(series) if options.without_repeats else series
    networks = [*(STID | {"width": width} for width in WIDTHS), TEACHERS["STID, wide"]]
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as pool:
        jobs = [[pool.submit(plain_errors, series, scored, each, "mae", seed) for seed in SEEDS] for each in networks]
        for network, seeds in zip(networks, jobs, strict=True):
            results = [job.result() for job in seeds]
            errors = [each for _, each in results]
            said = f"{shown(mean_errors(errors))} ± {spread_of(errors):.3f}"
            print(f"width {network['width']:2}, {results[0][0]:7,} parameters: test mae {said}", flush=True)


if __name__ == "__main__":
    main()
