"""The accuracy that segments of neighbouring windows cost, for each epoch and for each second of CPU time.

    KDSEARCH_DATA=... python -m benchmarks.batch_schemes --dataset pemsd8

Plain students of width 2 by every scheme, the same seeds for all: first for the same epochs, then for as many epochs as
the default scheme's time allows. One thread.
"""

import argparse
import statistics
import time
from collections.abc import Iterator

import torch

from kdsearch.data.profile import profile_kind
from kdsearch.data.protocols import SplitSeries
from kdsearch.data.windows import WindowedSeries
from kdsearch.measure.accuracy import network_scores
from kdsearch.pipeline.dataset import split_dataset
from kdsearch.training.fit import fit
from kdsearch.trial.config import TrialConfig
from kdsearch.trial.network import fitted_scaler, new_network

SCHEMES = ((1, 50), (1, 20), (10, 50), (5, 50), (5, 25), (4, 20))
"""Windows in a segment, and in a batch."""
DEFAULT = (10, 50)
SEEDS = 3


def trained(series: SplitSeries, config: TrialConfig, seed: int) -> tuple[float, float]:
    """Train a network; give its validation MAE and the CPU seconds of its training."""
    data = WindowedSeries(series, fitted_scaler(series, config), torch.device("cpu"))
    network, starts = new_network(series, config, seed), series.splits["train"].starts
    began = time.process_time()
    fit(network, data, starts, config.plan(), config.loss_config(), seed=seed)
    seconds = time.process_time() - began
    return network_scores(network, data, series, "val").metrics["val"]["mae"]["all"], seconds


def rows(series: SplitSeries, settings: dict[str, str], epochs: int) -> Iterator[str]:
    """Make a row of the table for each scheme."""
    common = settings | {"profile": profile_kind(series)}

    def config(scheme: tuple[int, int], epochs: int) -> TrialConfig:
        segment, batch = scheme
        return TrialConfig.of(common | {"width": 2, "segment": segment, "batch": batch, "epochs": epochs})

    trained(series, config(DEFAULT, 1), 0)  # compile first
    by_epochs = {scheme: [trained(series, config(scheme, epochs), seed) for seed in range(SEEDS)] for scheme in SCHEMES}
    seconds = {scheme: statistics.mean(took for _, took in runs) for scheme, runs in by_epochs.items()}
    for scheme, runs in by_epochs.items():
        as_long = max(1, round(epochs * seconds[DEFAULT] / seconds[scheme]))
        again = [trained(series, config(scheme, as_long), seed)[0] for seed in range(SEEDS)]
        segment, batch = scheme
        error = statistics.mean(error for error, _ in runs)
        yield (
            f"| {', '.join(settings.values())} | {batch // segment} x {segment} | {error:.2f} | {seconds[scheme]:.1f} "
            f"| {as_long} | {statistics.mean(again):.2f} |"
        )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", default="demo")
    parser.add_argument("--epochs", type=int, default=16)
    options = parser.parse_args()
    torch.set_num_threads(1)
    series, _ = split_dataset(options.dataset, "stgcn", None)
    print(f"| input, decoding | batch | MAE, {options.epochs} epochs | CPU s | epochs in the default's time | MAE |")
    print("|---|---|---|---|---|---|")
    for settings in ({"input": "deviation", "decoding": "direct"}, {"input": "raw", "decoding": "direct"}):
        for row in rows(series, settings, options.epochs):
            print(row, flush=True)


if __name__ == "__main__":
    main()
