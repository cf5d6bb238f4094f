"""The latency ratios of networks on a quiet machine and beside trainings. Prints both and their quotient.

    KDSEARCH_DATA=... python -m benchmarks.latency_beside_training --dataset los-loop

Times networks of several widths in alternation with the teacher's size, as the quiet pass does, first alone,
then while as many processes train as there are cores. Every network should keep its ratio within 5 %.
"""

import argparse
import os
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing import Event, Process
from multiprocessing.synchronize import Event as EventType

import torch

from kdsearch.confirm.timing import SINGLE_REPEATS
from kdsearch.costs import Latency
from kdsearch.data.protocols import SplitSeries
from kdsearch.data.windows import WindowedSeries
from kdsearch.distill.loss_config import LossConfig
from kdsearch.measure.latency import measure_latency
from kdsearch.pipeline.dataset import split_dataset
from kdsearch.training.fit import fit
from kdsearch.trial.config import TrialConfig
from kdsearch.trial.network import fitted_scaler, new_network

WIDTHS = (32, 8, 4, 2, 1)  # the teacher's first
ROUNDS = 3


def _train_for_ever(series: SplitSeries, started: EventType) -> None:
    config = TrialConfig(width=4, epochs=1000)
    torch.set_num_threads(1)
    data = WindowedSeries(series, fitted_scaler(series, config), torch.device("cpu"))
    network = new_network(series, config, 0)
    started.set()
    fit(network, data, series.splits["train"].starts, config.plan(), LossConfig(), seed=0)


@contextmanager
def trainings(series: SplitSeries, number: int) -> Iterator[None]:
    """Train in so many processes while the block runs."""
    started = [Event() for _ in range(number)]
    processes = [Process(target=_train_for_ever, args=(series, event), daemon=True) for event in started]
    for process in processes:
        process.start()
    for event in started:
        event.wait()
    time.sleep(2)
    yield
    for process in processes:
        process.kill()
        process.join()


def measured(series: SplitSeries) -> list[Latency]:
    """Measure all widths once, in alternation."""
    data = WindowedSeries(series, fitted_scaler(series, TrialConfig(input="raw")), torch.device("cpu"))
    window = data.inputs(torch.as_tensor(series.splits["val"].starts[:1]), with_clock=False)
    networks = [new_network(series, TrialConfig(width=width, input="raw"), 0) for width in WIDTHS]
    horizon = series.protocol.horizon
    return measure_latency(
        [(network, window) for network in networks], horizon, repeats=SINGLE_REPEATS, threads=1, max_seconds=60
    )


def main() -> None:
    """Measure quietly and beside trainings, and compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", default="demo")
    parser.add_argument("--trainings", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    series, _ = split_dataset(options.dataset, "stgcn", None)
    passes = {"quiet": [measured(series) for _ in range(ROUNDS)]}
    with trainings(series, options.trainings):
        passes["beside"] = [measured(series) for _ in range(ROUNDS)]
    passes_of = f"{ROUNDS} passes of {SINGLE_REPEATS} readings"
    print(f"{options.dataset}, one thread, {passes_of}; {options.trainings} trainings beside")
    readings: dict[str, Callable[[Latency], float]] = {
        "2nd percentile of CPU time": lambda one: one.p2,
        "median of wall time": lambda one: one.p50,
    }
    for name, read in readings.items():
        for index, width in enumerate(WIDTHS):
            quiet, beside = (
                [read(one[index]) / read(one[0]) for one in passes[place]] for place in ("quiet", "beside")
            )
            quotient = statistics.median(beside) / statistics.median(quiet)
            spread = max(*quiet, *beside) / min(*quiet, *beside)
            print(
                f"{name:26}, width {width:2}: ratio {statistics.median(quiet):.4f} quiet, "
                f"{statistics.median(beside):.4f} beside, quotient {quotient:.3f}; largest pass / least {spread:.2f}"
            )


if __name__ == "__main__":
    main()
