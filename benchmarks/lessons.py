"""What else can a teacher say to a small STID? Windows that nobody measured, answers weighted by their spread, steps.

All students have the same settings, seeds and epochs: as many as fit into the CPU seconds of one that hears half of the
teacher's answers. The teacher is the mean of several STIDs. What it answers to altered windows is not counted, as its
training is not. A window is altered in every second case, and then the teacher's answer is the whole target:

- `noise`: 0.2 of a standard deviation on every reading;
- `gaps`: a fifth of the sensors miss their last 1 to 6 readings, which are filled causally;
- `mixed`: a weighted mean of two windows, at the time of the first;
- `shifted`: the deviations of one time of day at another, whole hours away, two at most.

Prints test errors, and what each arm gives beyond the plain student and beyond half of the answers, by paired seeds and
by days, corrected for all comparisons together.

    KDSEARCH_DATA=FOLDER python -m benchmarks.lessons [--dataset pemsd8] [--protocol stgcn] [--seconds 15] [--seeds 5]
        [--width 15] [--members 4] [--teacher-epochs 40] [--alone]
"""

import argparse
import statistics
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmarks.bar import TIMED_EPOCHS, Result, outcomes_of, print_comparisons, print_lines, shown, summary_of
from benchmarks.teachings import ALONE, HALF, STID
from kdsearch.checkpoint import Checkpoint
from kdsearch.data.profile import profile_kind
from kdsearch.data.protocols import SplitSeries
from kdsearch.data.windows import WindowedSeries, segments
from kdsearch.distill.losses import pointwise, reduced
from kdsearch.measure.cost import weight_count
from kdsearch.models.ensemble import Ensemble
from kdsearch.pipeline.dataset import split_dataset
from kdsearch.pipeline.trainer import Trainer
from kdsearch.training.optimisers import OPTIMISERS, in_one_vector
from kdsearch.training.plan import steps_per_epoch
from kdsearch.trial.config import TrialConfig
from kdsearch.trial.ensembles import ensemble_of
from kdsearch.trial.network import fitted_scaler, new_network
from kdsearch.trial.run import TrialRunner
from kdsearch.trial.teacher_settings import teacher_config
from kdsearch.trial.teachers import TrainedNetwork, with_forecasts

HOURS_AWAY = 2
LAST_TIME = 0.9999
ASSISTANT_WIDTH = 32

Alteration = Callable[[Tensor, torch.Generator], Tensor]
"""Takes windows ``(window, history, node, channel)`` and a generator; gives others."""


def noise(windows: Tensor, generator: torch.Generator) -> Tensor:
    """Add noise to the readings."""
    made = windows.clone()
    made[..., 0] += 0.2 * torch.randn(made.shape[:-1], generator=generator)
    return made


def gaps(windows: Tensor, generator: torch.Generator) -> Tensor:
    """Hold the reading before the last 1 to 6 at a fifth of the sensors."""
    made = windows.clone()
    count, history, nodes, _ = made.shape
    missing = torch.randint(1, 7, (count, 1, nodes), generator=generator)
    missing *= torch.rand((count, 1, nodes), generator=generator) < 0.2
    newest = (history - 1 - missing).clamp(min=0)
    rows = torch.minimum(torch.arange(history)[None, :, None], newest)
    made[..., 0] = torch.gather(windows[..., 0], 1, rows)
    return made


def mixed(windows: Tensor, generator: torch.Generator) -> Tensor:
    """Mix each window with another one, at the time of the first."""
    share = torch.rand((len(windows), 1, 1), generator=generator)
    other = windows[torch.randperm(len(windows), generator=generator), ..., 0]
    made = windows.clone()
    made[..., 0] = share * windows[..., 0] + (1 - share) * other
    return made


def shifted(windows: Tensor, generator: torch.Generator) -> Tensor:
    """Move the time of day, and leave the deviations."""
    made = windows.clone()
    away = torch.randint(-HOURS_AWAY, HOURS_AWAY + 1, (len(windows), 1, 1), generator=generator) / 24
    moved = (windows[..., 1] + away) % 1.0
    made[..., 1] = torch.where(moved < LAST_TIME, moved, 0.0)  # midnight, rounded
    return made


ALTERATIONS: dict[str, Alteration] = {"noise": noise, "gaps": gaps, "mixed": mixed, "shifted": shifted}


@dataclass(frozen=True)
class Student:
    """What all arms share: the series, the mean of several networks that teaches, settings and epochs."""

    series: SplitSeries
    teacher: TrainedNetwork
    config: TrialConfig

    def trained(self, seed: int, alteration: Alteration | None = None, *, by_spread: bool = False) -> Checkpoint:
        """Train it by half of the teacher's answers, as `kdsearch.training.fit` does, but for what is asked.

        Args:
            seed: Of weights, batches and alterations.
            alteration: Of every second window; its target is the teacher's answer alone.
            by_spread: Count an answer less where the members of the teacher disagree: half at their median spread.
        """
        series, config, plan = self.series, self.config, self.config.plan()
        scaler, starts = fitted_scaler(series, config), series.splits["train"].starts
        network, data = new_network(series, config, seed), WindowedSeries(series, scaler, torch.device("cpu"))
        ensemble = self.teacher.checkpoint.network(data.device)
        assert isinstance(ensemble, Ensemble)
        members, weights = ensemble._networks(), in_one_vector(network)
        optimiser = OPTIMISERS.choose(plan.optimiser).make(weights, plan.learning_rate)
        rng, generator = np.random.default_rng(seed), torch.Generator().manual_seed(seed)
        step, total = 0, plan.epochs * steps_per_epoch(replace(plan, segment=1), starts)
        usual: float | None = None
        for epoch in range(plan.epochs):
            network.train()
            for batch in segments(starts, 1, plan.batch, rng):
                first = torch.from_numpy(batch)
                windows, rows = data.inputs(first, with_clock=True), data.target_rows(first)
                altered = torch.zeros(len(batch), dtype=torch.bool)
                if alteration is not None:
                    altered = torch.rand(len(batch), generator=generator) < 0.5
                    windows = torch.where(altered[:, None, None, None], alteration(windows, generator), windows)
                with torch.no_grad():
                    answers = torch.stack([one.forecast_segments(windows, data.horizon) for one in members])
                beta = torch.where(altered, 1.0, config.beta)[:, None, None, None].expand(answers.shape[1:])
                if by_spread:
                    spread = answers.std(dim=0)
                    usual = usual or float(spread.median())
                    beta = beta * 2 / (1 + (spread / usual) ** 2)
                predicted = network(windows if network.clock else windows[..., :1])
                entries = beta * pointwise(predicted, answers.mean(dim=0), config.error)
                entries = entries + (1 - beta).clamp(min=0) * pointwise(predicted, data.scaled[rows], config.error)
                measured = data.measured[rows] | altered[:, None, None, None]
                optimiser.param_groups[0]["lr"] = plan.rate(step, total, epoch)
                optimiser.zero_grad(set_to_none=False)
                reduced(entries, measured, config.reduction).backward()  # type: ignore[no-untyped-call]
                torch.nn.utils.clip_grad_norm_(weights, plan.gradient_norm or torch.inf)
                optimiser.step()
                step += 1
        network.eval()
        return Checkpoint.of(network, scaler, series.adjacency)


def parsed() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", default="pemsd8")
    parser.add_argument("--protocol", default="stgcn")
    parser.add_argument("--seconds", type=float, default=15.0)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--width", type=int, default=15, help="of the students")
    parser.add_argument("--members", type=int, default=4)
    parser.add_argument("--teacher-epochs", type=int, default=40)
    parser.add_argument("--alone", action="store_true", help="altered windows with the teacher's answers alone too")
    return parser.parse_args()


def main() -> None:
    """Train the teacher, then all arms; print them, least error first, then what was compared."""
    options = parsed()
    series, note = split_dataset(options.dataset, options.protocol, None)
    print(f"{note}; {series.protocol.describe(series.source)}", flush=True)
    trainer, members = Trainer(series, "best", "cpu", None, print), list[TrainedNetwork]()
    for seed in range(options.members):
        config = teacher_config(series, "best", STID | {"epochs": options.teacher_epochs})
        foreseen = replace(trainer.foreseen(config, seed), threads=1)
        members.append(trainer.trained(config, seed, foreseen, None, f"seed {seed}")[0])
    teacher = ensemble_of(series, members, "", threads=1)[0]
    runner = TrialRunner(series, teacher)
    print_lines(series, "mae")
    settings: dict[str, Any] = {"family": "stid", "learning_rate": 3e-3, "batch": 64, "error": "absolute"}
    settings |= {"input": "deviation", "profile": profile_kind(series), "width": options.width}
    once = runner.evaluate(settings | HALF | {"epochs": TIMED_EPOCHS}, 0)[0].seconds["train"] / TIMED_EPOCHS
    settings["epochs"] = epochs = max(1, round(options.seconds / once))
    half, alone = (TrialConfig.of(settings | how) for how in (HALF, ALONE))
    assistants = [_assistant(runner, settings, seed) for seed in range(options.seeds)]

    def scored(checkpoint: Checkpoint) -> Result:
        network = checkpoint.network(torch.device("cpu"))
        return Result(weight_count(network), epochs, runner.checkpoint_scores(checkpoint, "test"))

    def by_runner(one: TrialRunner, how: dict[str, Any], seed: int) -> Result:
        weights = one.evaluate(settings | how, seed)[1]
        assert weights is not None
        return scored(Checkpoint.from_bytes(weights))

    def altered(config: TrialConfig, alteration: Alteration, seed: int) -> Result:
        return scored(Student(series, teacher, config).trained(seed, alteration))

    arms: dict[str, Callable[[int], Result]] = {
        "plain": lambda seed: by_runner(runner, {"loss": "none"}, seed),
        "half of its answers": lambda seed: by_runner(runner, HALF, seed),
        "its answers alone": lambda seed: by_runner(runner, ALONE, seed),
        "weighted by spread": lambda seed: scored(Student(series, teacher, half).trained(seed, by_spread=True)),
        f"in steps, by way of width {ASSISTANT_WIDTH}": lambda seed: by_runner(assistants[seed], HALF, seed),
    }
    for config, how in ((half, ""), *(((alone, ", answers alone"),) if options.alone else ())):
        for name, alteration in ALTERATIONS.items():
            arms[name + how] = partial(altered, config, alteration)
    made: dict[str, list[Result]] = {}
    for name, train in arms.items():
        made[name] = [train(seed) for seed in range(options.seeds)]
        print(f"{name:32} {made[name][0].parameters:6,} weights: {summary_of(made[name], 'mae')}", flush=True)
    errors = [
        runner.checkpoint_scores(one.teacher.checkpoint, "test").metrics["test"]["mae"]
        for one in (runner, assistants[0])
    ]
    print(f"{epochs} epochs; the teacher errs {shown(errors[0])}; the network between {shown(errors[1])}")
    comparisons = {}
    for name in sorted(made, key=lambda arm: statistics.fmean(each.errors("mae")["all"] for each in made[arm])):
        for other in ("plain", "half of its answers"):
            if name not in ("plain", other):
                comparisons[f"{name}, than {other}"] = outcomes_of(made[name], made[other], "mae")
    print_comparisons({name: {"all": outcomes["all"]} for name, outcomes in comparisons.items()})


def _assistant(runner: TrialRunner, settings: dict[str, Any], seed: int) -> TrialRunner:
    """Distil the teacher into a wider network, which teaches in its place."""
    record, weights = runner.evaluate(settings | HALF | {"width": ASSISTANT_WIDTH}, seed)
    assert weights is not None
    assert record.cost is not None
    made = with_forecasts(
        runner.series, Checkpoint.from_bytes(weights), record.cost, runner.teacher.origin, 1, torch.device("cpu")
    )
    return TrialRunner(runner.series, made)


if __name__ == "__main__":
    main()
