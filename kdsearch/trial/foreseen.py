"""How long a training will take, foreseen from its first steps."""

import copy
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray

from kdsearch.data.protocols import SplitSeries
from kdsearch.data.windows import WindowedSeries
from kdsearch.measure.latency import fixed_threads
from kdsearch.models import Forecaster
from kdsearch.training.fit import fit
from kdsearch.training.plan import fitting_segment, steps_per_epoch
from kdsearch.trial.config import TrialConfig
from kdsearch.trial.network import fitted_scaler, new_network

__all__ = ["Foreseen", "foreseen_training"]

STEPS = 3
SHORT_STEP_SECONDS = 1.0
"""Of a step that takes longer, one reading is enough."""

LONG_STEP_SECONDS = 5.0
"""Of a step that takes longer, one number of threads is tried: the run has other things to do."""

WINDOWS = 16
VALIDATIONS = 8


@dataclass(frozen=True)
class Foreseen:
    """Wall-clock seconds of a training, as its first steps let them be foreseen.

    Attributes:
        epoch_seconds: Seconds of one epoch.
        scoring_seconds: Seconds of all validations, of the final score, and of the forecasts for students.
        threads: Threads inside an operator that were the fastest.
        done_epochs: Of this very training, which was interrupted and goes on.
    """

    epoch_seconds: float
    scoring_seconds: float
    threads: int
    done_epochs: int = 0

    def seconds(self, epochs: int) -> float:
        """Give the seconds of what is left of a training of so many epochs."""
        return max(0, epochs - self.done_epochs) * self.epoch_seconds + self.scoring_seconds

    def epochs_within(self, seconds: float) -> int:
        """Count the epochs that fit into a time; 0 where not one does."""
        return max(0, int((seconds - self.scoring_seconds) / self.epoch_seconds))


def foreseen_training(series: SplitSeries, config: TrialConfig, *, threads: int, device: torch.device) -> Foreseen:
    """Take the first steps of a training, throw them away, and foresee the rest.

    Args:
        series: Series cut by the protocol.
        config: What is to be trained, plainly.
        threads: Threads inside an operator; one is tried too, and the faster of the two counts: beside another
            process, threads that wait for each other can take several times as long.
        device: Device of the training.
    """
    data = WindowedSeries(series, fitted_scaler(series, config), device)
    found, step_seconds = _with_threads(series, config, data, threads)
    if threads == 1 or step_seconds > LONG_STEP_SECONDS:
        return found
    other, _ = _with_threads(series, config, data, 1)
    return min(found, other, key=lambda one: one.seconds(config.epochs))


def _with_threads(
    series: SplitSeries, config: TrialConfig, data: WindowedSeries, threads: int
) -> tuple[Foreseen, float]:
    """Foresee a training with so many threads; give the seconds of a step too."""
    network = new_network(series, config, 0).to(data.device)
    starts, plan = series.splits["train"].starts, config.plan()
    steps = partial(fit, data=data, starts=starts, plan=plan, loss_config=config.loss_config(), seed=0)
    with fixed_threads(threads):
        steps(copy.deepcopy(network), most_steps=1)  # compiles or loads machine code
        step_seconds = _seconds(steps, network, 1)
        if step_seconds < SHORT_STEP_SECONDS:
            step_seconds = _seconds(steps, network, STEPS)
        window_seconds = _window_seconds(network.eval(), data, starts)
    segment = fitting_segment(plan, starts) if network.shares_steps else 1
    per_epoch = steps_per_epoch(replace(plan, segment=segment), starts)
    windows = (VALIDATIONS + 1) * len(series.splits["val"].starts) + len(starts)
    return Foreseen(step_seconds * per_epoch, window_seconds * windows, threads), step_seconds


def _seconds(steps: Callable[..., object], network: Forecaster, count: int) -> float:
    began = time.monotonic()
    steps(network, most_steps=count)
    return (time.monotonic() - began) / count


@torch.no_grad()
def _window_seconds(network: Forecaster, data: WindowedSeries, starts: NDArray[np.int64]) -> float:
    some = torch.from_numpy(starts[:WINDOWS]).to(data.device)
    network.forecast(data.inputs(some[:1], with_clock=network.clock), data.horizon)
    began = time.monotonic()
    network.forecast(data.inputs(some, with_clock=network.clock), data.horizon)
    return (time.monotonic() - began) / len(some)
