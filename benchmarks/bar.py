"""The bar: students of at most 3 % of a teacher's weights, distilled or not, beside each other and the best teacher.

Every student trains for the same CPU seconds on one thread, each with the same seeds; the teacher is the best one by
validation of those named in `BARS`, trained with the same seeds, the students' own with the first; its training is not
counted. Prints test errors; without repeats, of readings that are no copy of the week before (`kdsearch.data.repeats`).

    KDSEARCH_DATA=FOLDER python -m benchmarks.bar [--seconds 60] [--dataset pemsd8, los-loop or bikenyc]
        [--protocol NAME] [--students STID ...] [--metric mae or rmse] [--without-repeats]
"""

import argparse
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from typing import Any

import numpy as np

from kdsearch.checkpoint import Checkpoint
from kdsearch.data.profile import profile_kind
from kdsearch.data.protocols import SplitSeries
from kdsearch.data.repeats import repeated_weeks
from kdsearch.measure.baselines import naive_baselines
from kdsearch.pipeline.setup import split_dataset, trained_teacher
from kdsearch.reproduce.verdicts import verdict
from kdsearch.study.space.files import load_space
from kdsearch.trial.run import TrialRunner
from kdsearch.trial.teachers import STID, TrainedNetwork

SHARE = 0.03
SEEDS = (0, 1, 2)
TIMED_EPOCHS = 2
WORKERS = 2

STID_SETTINGS: dict[str, Any] = {"family": "stid", "width": 15, "learning_rate": 3e-3, "batch": 64}
ROADS: dict[str, dict[str, Any]] = {
    "STGCN": {"family": "stgcn", "width": 2, "learning_rate": 5e-3, "batch": 25},
    "LightST": {"family": "lightst", "width": 32, "learning_rate": 3e-3, "batch": 64},
    "STID": STID_SETTINGS,
    "ST-MLP": {"family": "st-mlp", "width": 2, "depth": 1, "learning_rate": 3e-3, "batch": 64},
}
GRIDS: dict[str, dict[str, Any]] = {
    "ST-ResNet, a tenth of its FLOPs": {
        "family": "st-resnet",
        "width": 20,
        "depth": 4,
        "learning_rate": 1e-3,
        "batch": 32,
    },
    "ST-ResNet, a hundredth": {"family": "st-resnet", "width": 8, "depth": 2, "learning_rate": 2e-3, "batch": 32},
    "STID": STID_SETTINGS,
}
TEACHERS: dict[str, dict[str, Any]] = {
    "STGCN": load_space("stgcn").teacher,
    "D2STGNN": load_space("st-mlp").teacher,
    "LightST's graph network": load_space("lightst").teacher,
    "STID, wide": load_space("wide-stid").teacher,
    "ST-ResNet": load_space("st-resnet").teacher,
}
BARS: dict[str, tuple[str, tuple[str, ...], dict[str, dict[str, Any]]]] = {
    "pemsd8": ("six-two-two", ("STGCN", "D2STGNN", "LightST's graph network", "STID, wide"), ROADS),
    "los-loop": ("seven-one-two", ("STGCN", "D2STGNN", "STID, wide"), ROADS),
    "bikenyc": ("stresnet", ("ST-ResNet",), GRIDS),
}
"""Protocol, candidate teachers, and students, by dataset."""

TEACHINGS: dict[str, dict[str, Any]] = {
    "plain": {"loss": "none"},
    "half": {"loss": "rd-l2", "beta": 0.5},
    "teacher alone": {"loss": "rd-l2", "beta": 1.0},
}
"""The targets of a student: the truth, truth and teacher in equal shares, or the teacher's outputs alone."""


def without_repeats(series: SplitSeries) -> SplitSeries:
    """Mark copies of the week before as not measured in validation and test."""
    measured = series.measured.copy()
    later = slice(series.splits["val"].first, None)
    measured[later] &= ~repeated_weeks(series.values, series.source.times)[later]
    return replace(series, measured=measured)


def trained(
    runner: TrialRunner, scored: SplitSeries, params: dict[str, Any], seed: int, seconds: float, metric: str
) -> tuple[int, int, float, dict[str, float]]:
    """Train a network for about so many CPU seconds; give its weights' number, epochs, CPU seconds and test errors."""
    once = runner.evaluate(params | {"epochs": TIMED_EPOCHS}, seed)[0].seconds["train"] / TIMED_EPOCHS
    epochs = max(1, round(seconds / once))
    record, weights = runner.evaluate(params | {"epochs": epochs}, seed)
    assert weights is not None
    assert record.cost is not None
    errors = replace(runner, series=scored).checkpoint_metrics(Checkpoint.from_bytes(weights), "test")[metric]
    return record.cost.parameters, epochs, record.seconds["train"], errors


def best_teacher(
    series: SplitSeries, scored: SplitSeries, names: tuple[str, ...], metric: str
) -> tuple[str, TrialRunner, int]:
    """Find the teacher of least validation error; give it, a runner with it, and the largest teacher's weight count."""
    found: list[tuple[float, int, str, TrainedNetwork]] = []
    for name in names:
        network, record = trained_teacher(series, "best", TEACHERS[name], SEEDS[0])
        assert record.cost is not None
        own = TrialRunner(scored, network)
        error, tests = (own.checkpoint_metrics(network.checkpoint, part)[metric] for part in ("val", "test"))
        found.append((error["all"], record.cost.parameters, name, network))
        print(
            f"{name}: {record.cost.parameters:,} parameters, validation {metric} {error['all']:.3f}, "
            f"test {shown(tests)}; {record.seconds['train']:.0f} CPU s"
        )
    _, _, name, network = min(found, key=lambda one: one[0])
    return name, TrialRunner(series, network), max(parameters for _, parameters, _, _ in found)


def plain_errors(
    series: SplitSeries, scored: SplitSeries, settings: dict[str, Any], metric: str, seed: int
) -> tuple[int, dict[str, float]]:
    """Train a network without a teacher; give its number of weights and its test errors by horizon."""
    network, record = trained_teacher(series, "best", settings, seed)
    assert record.cost is not None
    return record.cost.parameters, TrialRunner(scored, network).checkpoint_metrics(network.checkpoint, "test")[metric]


def print_lines(series: SplitSeries, metric: str) -> None:
    """Print the baselines that need no training."""
    for line in naive_baselines(series, ("test",)):
        print(f"{line.name}: test {metric} {shown(line.metrics['test'][metric])}")


def print_beside(taught: list[dict[str, float]], stid: list[tuple[int, dict[str, float]]]) -> None:
    """Print the reports' undistilled STID and its error beyond the teacher's, horizon by horizon, seed by seed."""
    parameters, errors = stid[0][0], [each for _, each in stid]
    print(f"the reports' STID, {parameters:,} parameters: {shown(mean_errors(errors))} ± {spread_of(errors):.3f}")
    for horizon in horizons_of(errors[0]):
        more = [own[horizon] - theirs[horizon] for own, theirs in zip(errors, taught, strict=True)]
        outcome = verdict([-one for one in more]).verdict
        print(f"  to the teacher at {horizon} min: {', '.join(f'{one:+.3f}' for one in more)}; less error: {outcome}")


def horizons_of(errors: dict[str, float]) -> list[str]:
    """List the reported minutes ahead, in order."""
    return sorted((name for name in errors if name != "all"), key=float)


def shown(errors: dict[str, float]) -> str:
    """Format errors by horizon, the mean last."""
    return " / ".join(f"{errors[name]:.2f}" for name in horizons_of(errors)) + f", mean {errors['all']:.2f}"


def spread_of(each: list[dict[str, float]]) -> float:
    """Compute the std over seeds of the mean over horizons."""
    return float(np.std([errors["all"] for errors in each], ddof=1))


def mean_errors(each: list[dict[str, float]]) -> dict[str, float]:
    """Average errors over seeds by horizon."""
    return {horizon: float(np.mean([errors[horizon] for errors in each])) for horizon in each[0]}


def main() -> None:
    """Train all arms and print them, best mean first; paired differences are to plain training of the same network."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--dataset", default="pemsd8", choices=BARS)
    parser.add_argument("--protocol", help="the dataset's own in `BARS` where none is given")
    parser.add_argument("--students", nargs="+", help="all of the dataset in `BARS` where none is given")
    parser.add_argument("--metric", default="mae", choices=("mae", "rmse"))
    parser.add_argument("--without-repeats", action="store_true", help="score what is no copy of the week before")
    options = parser.parse_args()
    protocol, teachers, students = BARS[options.dataset]
    series, _ = split_dataset(options.dataset, options.protocol or protocol, None)
    scored = without_repeats(series) if options.without_repeats else series
    teacher, runner, largest = best_teacher(series, scored, teachers, options.metric)
    print_lines(scored, options.metric)
    common = {"error": "absolute", "input": "deviation", "profile": profile_kind(series)}
    arms = {
        (name, how): common | students[name] | TEACHINGS[how]
        for name in options.students or students
        for how in TEACHINGS
    }
    began = time.monotonic()
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as pool:
        jobs = {
            arm: [pool.submit(trained, runner, scored, params, seed, options.seconds, options.metric) for seed in SEEDS]
            for arm, params in arms.items()
        }
        distilled, stid = (
            [pool.submit(plain_errors, series, scored, settings, options.metric, seed) for seed in SEEDS]
            for settings in (TEACHERS[teacher], STID)
        )
        made = {arm: [job.result() for job in each] for arm, each in jobs.items()}
        taught, beside = [job.result()[1] for job in distilled], [job.result() for job in stid]
    print(f"3 % of the largest teacher are {SHARE * largest:,.0f} parameters; {time.monotonic() - began:.0f} s")
    print(f"the teacher, {teacher}: {shown(mean_errors(taught))} ± {spread_of(taught):.3f}")
    print_beside(taught, beside)
    for (name, how), each in sorted(made.items(), key=lambda one: np.mean([errors["all"] for *_, errors in one[1]])):
        spread = spread_of([errors for *_, errors in each])
        pairs = [one[3]["all"] - plain[3]["all"] for one, plain in zip(each, made[name, "plain"], strict=True)]
        parameters, epochs = each[0][0], [one[1] for one in each]
        fits = "" if parameters <= SHARE * largest else ", too large"
        print(
            f"{name:31} {how:13} {parameters:6,} parameters{fits}, {min(epochs)} to {max(epochs)} epochs: "
            f"{shown(mean_errors([one[3] for one in each]))} ± {spread:.3f}; "
            f"to plain {', '.join(f'{pair:+.3f}' for pair in pairs)}"
        )


if __name__ == "__main__":
    main()
