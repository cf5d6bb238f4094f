"""The bar: students of at most 3 % of a teacher's weights, distilled or not, beside each other and the best teacher.

Every student trains for the same CPU seconds on one thread, each with the same seeds; the teacher is the best one by
validation of those named in `BARS`, trained with the same seeds (`--one-teacher`: with the first alone); the students'
own teacher is the first; its training is not counted, and a long series needs fewer epochs (`--teacher-epochs`). Prints
test errors and paired comparisons over seeds and days; by default what the source filled in neither trains nor counts.

    KDSEARCH_DATA=FOLDER python -m benchmarks.bar [--seconds 60] [--dataset pemsd8] [--protocol NAME]
        [--teachers "STID, wide" ...] [--students STID ...] [--teachings plain half] [--metric mae or rmse]
        [--readings published] [--seeds 3] [--one-teacher]
        [--teacher-epochs N]
"""

import argparse
import statistics
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any

from kdsearch.checkpoint import Checkpoint
from kdsearch.data.profile import profile_kind
from kdsearch.data.protocols import SplitSeries
from kdsearch.measure.accuracy import SplitScores
from kdsearch.measure.baselines import naive_baselines
from kdsearch.pipeline.dataset import split_dataset
from kdsearch.pipeline.setup import trained_teacher
from kdsearch.report.verdicts import Interval, Outcome, compared, corrected_together
from kdsearch.study.space.files import load_space
from kdsearch.trial.run import TrialRunner
from kdsearch.trial.teacher_settings import STID
from kdsearch.trial.teachers import TrainedNetwork

SHARE = 0.03
SPLITS = ("val", "test")
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
    "pemsd7m": ("stgcn", ("STGCN", "STID, wide"), ROADS),
    "pems-bay": ("seven-one-two", ("STGCN", "STID, wide"), ROADS),
    "bikenyc": ("stresnet", ("ST-ResNet",), GRIDS),
}
"""Protocol, candidate teachers, and students, by dataset."""

TEACHINGS: dict[str, dict[str, Any]] = {
    "plain": {"loss": "none"},
    "half": {"loss": "rd-l2", "beta": 0.5},
    "teacher alone": {"loss": "rd-l2", "beta": 1.0},
}
"""The targets of a student: the truth, truth and teacher in equal shares, or the teacher's outputs alone."""


@dataclass(frozen=True)
class Result:
    """One trained network, scored on the test split."""

    parameters: int
    epochs: int
    scores: SplitScores

    def errors(self, metric: str) -> dict[str, float]:
        """Read its errors: horizon -> value."""
        return self.scores.metrics["test"][metric]


def trained(runner: TrialRunner, params: dict[str, Any], seed: int, seconds: float) -> Result:
    """Train a student for about so many CPU seconds."""
    once = runner.evaluate(params | {"epochs": TIMED_EPOCHS}, seed)[0].seconds["train"] / TIMED_EPOCHS
    epochs = max(1, round(seconds / once))
    record, weights = runner.evaluate(params | {"epochs": epochs}, seed)
    assert weights is not None
    assert record.cost is not None
    return Result(record.cost.parameters, epochs, runner.checkpoint_scores(Checkpoint.from_bytes(weights), "test"))


def teacher_settings(name: str, epochs: int | None) -> dict[str, Any]:
    """Give a teacher's settings, with other epochs than its own where some are given."""
    return TEACHERS[name] | ({} if epochs is None else {"epochs": epochs})


def best_teacher(
    series: SplitSeries, names: Sequence[str], metric: str, epochs: int | None
) -> tuple[str, TrialRunner, int]:
    """Find the teacher of least validation error; give it, a runner with it, and the largest teacher's weight count."""
    found: list[tuple[float, int, str, TrainedNetwork]] = []
    for name in names:
        network, record = trained_teacher(series, "best", teacher_settings(name, epochs), 0)
        assert record.cost is not None
        runner = TrialRunner(series, network)
        val, test = (runner.checkpoint_scores(network.checkpoint, split).metrics[split][metric] for split in SPLITS)
        found.append((val["all"], record.cost.parameters, name, network))
        print(
            f"{name}: {record.cost.parameters:,} parameters, validation {metric} {val['all']:.3f}, "
            f"test {shown(test)}; {record.seconds['train']:.0f} CPU s",
            flush=True,
        )
    _, _, name, network = min(found, key=lambda one: one[0])
    return name, TrialRunner(series, network), max(parameters for _, parameters, _, _ in found)


def plain_result(series: SplitSeries, settings: dict[str, Any], seed: int) -> Result:
    """Train a network without a teacher, as teachers are trained."""
    network, record = trained_teacher(series, "best", settings, seed)
    assert record.cost is not None
    scores = TrialRunner(series, network).checkpoint_scores(network.checkpoint, "test")
    return Result(record.cost.parameters, int(record.params["epochs"]), scores)


def print_lines(series: SplitSeries, metric: str) -> None:
    """Print the baselines that need no training."""
    for line in naive_baselines(series, ("test",)):
        print(f"{line.name}: test {metric} {shown(line.metrics['test'][metric])}")


def horizons_of(errors: dict[str, float]) -> list[str]:
    """List the reported minutes ahead, in order."""
    return sorted((name for name in errors if name != "all"), key=float)


def shown(errors: dict[str, float]) -> str:
    """Format errors by horizon, the mean last."""
    return " / ".join(f"{errors[name]:.2f}" for name in horizons_of(errors)) + f", mean {errors['all']:.2f}"


def summary_of(each: Sequence[Result], metric: str) -> str:
    """Write the mean over seeds by horizon, and the std over seeds of the mean over horizons; one seed has none."""
    errors = [one.errors(metric) for one in each]
    means = {horizon: statistics.fmean(one[horizon] for one in errors) for horizon in errors[0]}
    return shown(means) + (f" ± {statistics.stdev(one['all'] for one in errors):.3f}" if len(each) > 1 else "")


def outcomes_of(own: Sequence[Result], other: Sequence[Result], metric: str) -> dict[str, Outcome]:
    """Compare two networks seed by seed and, for MAE, day by day: horizon -> outcome."""
    found = {}
    for horizon in [*horizons_of(own[0].errors(metric)), "all"]:
        gains = [two.errors(metric)[horizon] - one.errors(metric)[horizon] for one, two in zip(own, other, strict=True)]
        days = [(one.scores.days[horizon], two.scores.days[horizon]) for one, two in zip(own, other, strict=True)]
        found[horizon] = compared(gains, days if metric == "mae" else ())
    return found


def print_comparisons(comparisons: dict[str, dict[str, Outcome]]) -> None:
    """Print who errs less than whom, corrected for all comparisons together."""
    judged = corrected_together(list(comparisons.values()))
    for name, outcomes in zip(comparisons, judged, strict=True):
        for horizon, one in outcomes.items():
            p_values = ", ".join("" if p is None else f"{p:.2g}" for p in (one.p_value, one.corrected_p_value))
            print(
                f"{name}, {'mean' if horizon == 'all' else f'{horizon} min'}: less error {one.mean:+.3f}; 95 % over "
                f"{len(one.gains)} seeds {_interval(one.over_seeds)}, over {one.days} days {_interval(one.over_days)}; "
                f"p and after Holm {p_values}; {one.verdict}{f' ({one.reason})' if one.reason else ''}"
            )


def _interval(ends: Interval | None) -> str:
    return "none" if ends is None else f"{ends[0]:+.3f} to {ends[1]:+.3f}"


def parsed() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--dataset", default="pemsd8", choices=BARS)
    parser.add_argument("--protocol", help="the dataset's own in `BARS` where none is given")
    parser.add_argument("--teachers", nargs="+", help="all of the dataset in `BARS` where none is given")
    parser.add_argument("--students", nargs="+", help="all of the dataset in `BARS` where none is given")
    parser.add_argument("--teachings", nargs="+", default=list(TEACHINGS), choices=list(TEACHINGS))
    parser.add_argument("--metric", default="mae", choices=("mae", "rmse"))
    parser.add_argument("--readings", default="measured", choices=("measured", "published"))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--one-teacher", action="store_true", help="compare with the first seed's teacher alone")
    parser.add_argument("--teacher-epochs", type=int, help="those of its settings where none are given")
    return parser.parse_args()


def main() -> None:
    """Train all arms and print them, best mean first, then what was compared."""
    options = parsed()
    protocol, teachers, students = BARS[options.dataset]
    series, note = split_dataset(options.dataset, options.protocol or protocol, None, readings=options.readings)
    print(f"{note}; {series.protocol.describe(series.source)}")
    teacher, runner, largest = best_teacher(
        series, options.teachers or teachers, options.metric, options.teacher_epochs
    )
    print_lines(series, options.metric)
    common = {"error": "absolute", "input": "deviation", "profile": profile_kind(series)}
    arms = {
        (name, how): common | students[name] | TEACHINGS[how]
        for name in options.students or students
        for how in options.teachings
    }
    began, seeds = time.monotonic(), range(options.seeds)
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as pool:
        jobs = {
            arm: [pool.submit(trained, runner, params, seed, options.seconds) for seed in seeds]
            for arm, params in arms.items()
        }
        plain = [
            [pool.submit(plain_result, series, settings, seed) for seed in trained_seeds]
            for settings, trained_seeds in (
                (teacher_settings(teacher, options.teacher_epochs), seeds[:1] if options.one_teacher else seeds),
                (STID, seeds),
            )
        ]
        made = {arm: [job.result() for job in each] for arm, each in jobs.items()}
        taught, stid = ([job.result() for job in each] for each in plain)
    print(f"3 % of the largest teacher are {SHARE * largest:,.0f} parameters; {time.monotonic() - began:.0f} s")
    print(f"the teacher, {teacher}: {summary_of(taught, options.metric)}")
    if options.one_teacher:
        taught *= options.seeds
    print(f"the reports' STID, {stid[0].parameters:,} parameters: {summary_of(stid, options.metric)}")
    comparisons = {"the reports' STID than the teacher": outcomes_of(stid, taught, options.metric)}
    means = {arm: statistics.fmean(one.errors(options.metric)["all"] for one in each) for arm, each in made.items()}
    for name, how in sorted(made, key=lambda arm: means[arm]):
        each = made[name, how]
        fits = "" if each[0].parameters <= SHARE * largest else ", too large"
        epochs = [one.epochs for one in each]
        print(
            f"{name:31} {how:13} {each[0].parameters:6,} parameters{fits}, {min(epochs)} to {max(epochs)} epochs: "
            f"{summary_of(each, options.metric)}"
        )
        comparisons[f"{name}, {how}, than the teacher"] = outcomes_of(each, taught, options.metric)
        if how != "plain" and (name, "plain") in made:
            comparisons[f"{name}, {how}, than plain"] = outcomes_of(each, made[name, "plain"], options.metric)
    print_comparisons(comparisons)


if __name__ == "__main__":
    main()
