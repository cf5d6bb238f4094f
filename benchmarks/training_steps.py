"""Claims on training and evaluation: time for each window, against STGCN in its plain form.

The paper's sizes at 170 nodes, batches of 50 windows, one-step loss, Adam. Ours is the training loop itself, the
plain form a loop of its bare necessities: gather, forward, backward, optimiser. Evaluation is of nine
iterated steps; the plain form takes 50 whole windows at a time.
"""

from collections.abc import Callable, Iterator
from functools import partial

import torch

from benchmarks.measuring import Claim, median_seconds
from benchmarks.plain_stgcn import PlainStgcn, forecast
from benchmarks.roads import readings
from kdsearch.data.profile import fit_scaler
from kdsearch.data.protocols import SplitSeries
from kdsearch.data.windows import WindowedSeries
from kdsearch.distill.loss_config import LossConfig
from kdsearch.measure.accuracy import forecasts
from kdsearch.models import Stgcn, StgcnSize
from kdsearch.models.stgcn.graph import chebyshev_graph
from kdsearch.training.fit import fit
from kdsearch.training.plan import Plan

__all__ = ["claims", "networks"]

BATCH = 50
WIDTHS = {"teacher": 32, "student": 2}
STEPS = {"teacher": 2, "student": 40}
GOALS = {"teacher": (1.8, 5.0, 8.0), "student": (3.7, 12.0, 15.0)}
"""Random windows, segments, evaluation. The teacher's evaluation is 0.5 GFLOP a window, most of it its last wide layer,
at up to 200 GFLOP/s: where torch's own convolutions run at 40 in the plain form, no order of work gives 20 times."""
EVALUATED = 192


def networks(series: SplitSeries, width: int) -> tuple[Stgcn, PlainStgcn]:
    """Build the same network twice, in the fast and the plain form."""
    torch.manual_seed(0)
    adjacency = series.source.adjacency
    fast = Stgcn(adjacency, StgcnSize.of_width(width))
    return fast, PlainStgcn(fast, torch.from_numpy(chebyshev_graph(adjacency).kernels()).float())


def plain_training(network: PlainStgcn, data: WindowedSeries, series: SplitSeries, steps: int) -> Callable[[], None]:
    """Set up so many steps of the plain form on random windows."""
    optimiser = torch.optim.Adam(network.parameters(), 1e-3)
    starts = torch.from_numpy(series.splits["train"].starts)

    def train() -> None:
        for segment_starts in starts[torch.randperm(len(starts))[: steps * BATCH]].view(steps, BATCH):
            loss = (
                (
                    network(data.inputs(segment_starts, with_clock=False))
                    - data.scaled[data.target_rows(segment_starts, steps=1)[:, 0]]
                )
                .square()
                .mean()
            )
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()

    return train


def training(
    network: Stgcn, data: WindowedSeries, series: SplitSeries, steps: int, segment: int
) -> Callable[[], object]:
    """Set up as many steps of the training loop."""
    plan = Plan(epochs=1, learning_rate=1e-3, batch=BATCH, segment=segment)
    return partial(fit, network, data, series.splits["train"].starts, plan, LossConfig(), seed=0, most_steps=steps)


def claims() -> Iterator[Claim]:
    """Measure two claims of training and one of evaluation for each size."""
    series = readings()
    data = WindowedSeries(series, fit_scaler(series, None), torch.device("cpu"))
    for name, width in WIDTHS.items():
        fast, plain = networks(series, width)
        steps, goals = STEPS[name], GOALS[name]
        forms = {
            "plain": plain_training(plain, data, series, steps),
            "random": training(fast, data, series, steps, 1),
            "segments": training(fast, data, series, steps, 10),
        }
        seconds = median_seconds(forms, 7)
        yield Claim(f"training step of the {name}, random windows", seconds["plain"] / seconds["random"], goals[0])
        yield Claim(f"training step of the {name}, segments", seconds["plain"] / seconds["segments"], goals[1])
        starts = series.splits["train"].starts[:EVALUATED]
        windows = data.inputs(torch.from_numpy(starts[:BATCH]), with_clock=False)
        evaluations: dict[str, Callable[[], object]] = {
            "plain": partial(forecast, plain, windows, 9),
            "ours": lambda fast=fast, starts=starts: list(forecasts(fast, data, starts)),  # type: ignore[misc]
        }
        seconds = median_seconds(evaluations, 3 if width > 8 else 9)
        ratio = (seconds["plain"] / BATCH) / (seconds["ours"] / EVALUATED)
        yield Claim(f"evaluation of the {name}, nine iterated steps", ratio, goals[2])
