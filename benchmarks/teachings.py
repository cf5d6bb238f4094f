"""Where does a teacher help a small STID? One teacher, ensembles, averaged weights, at equal CPU seconds.

All students have the same settings and the same seeds, and train for the same CPU seconds on one thread; the teachers'
training is not counted. Prints test errors, and what each arm gives beyond the plain student and beyond one teacher, by
paired seeds and by days, corrected for all comparisons together.

    KDSEARCH_DATA=FOLDER python -m benchmarks.teachings [--dataset pemsd8] [--protocol stgcn] [--seconds 60] [--seeds 5]
        [--width 15] [--members 4] [--mixed] [--workers 1]
"""

import argparse
import statistics
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from typing import Any

from benchmarks.bar import Result, outcomes_of, print_comparisons, print_lines, shown, summary_of, trained
from kdsearch.data.profile import profile_kind
from kdsearch.pipeline.dataset import split_dataset
from kdsearch.pipeline.trainer import Trainer
from kdsearch.trial.ensembles import ensemble_of
from kdsearch.trial.run import TrialRunner
from kdsearch.trial.teacher_settings import teacher_config
from kdsearch.trial.teachers import TrainedNetwork

STID: dict[str, Any] = {"family": "stid", "width": 32, "depth": 2, "epochs": 40, "learning_rate": 2e-3, "batch": 64}
MIXED: list[dict[str, Any]] = [
    STID,
    {"family": "stgcn"},
    {"family": "stid", "width": 96, "depth": 3} | {"epochs": 40, "learning_rate": 2e-3, "batch": 64},
    {"family": "lightst-teacher", "width": 32, "depth": 2, "epochs": 10, "learning_rate": 3e-3, "batch": 32},
]
HALF: dict[str, Any] = {"loss": "rd-l2", "beta": 0.5}
ALONE: dict[str, Any] = {"loss": "rd-l2", "beta": 1.0}
AVERAGED: dict[str, Any] = {"averaged": 0.25}


def parsed() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", default="pemsd8")
    parser.add_argument("--protocol", default="stgcn")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--width", type=int, default=15, help="of the students")
    parser.add_argument("--members", type=int, default=4, help="networks of an ensemble of one family")
    parser.add_argument("--mixed", action="store_true", help="an ensemble of several families too")
    parser.add_argument("--workers", type=int, default=1)
    return parser.parse_args()


def main() -> None:
    """Train teachers, then all arms; print them, least error first, then what was compared."""
    options = parsed()
    series, note = split_dataset(options.dataset, options.protocol, None)
    print(f"{note}; {series.protocol.describe(series.source)}", flush=True)
    trainer = Trainer(series, "best", "cpu", None, print)

    def network(settings: dict[str, Any], seed: int) -> TrainedNetwork:
        config = teacher_config(series, "best", settings)
        name = f"{config.family}-{config.width}, seed {seed}"
        foreseen = replace(trainer.foreseen(config, seed), threads=1)
        made, record = trainer.trained(config, seed, foreseen, None, name)
        print(f"{name}: {record.seconds['train']:.0f} CPU s", flush=True)
        return made

    def joined(members: list[TrainedNetwork]) -> TrainedNetwork:
        return ensemble_of(series, members, "", threads=1)[0]

    same = [network(STID, seed) for seed in range(options.members)]
    teachers = {"one": same[0], f"{options.members} of one family": joined(same)}
    if options.mixed:
        teachers["mixed families"] = joined([same[0], *(network(settings, 0) for settings in MIXED[1:])])
    runners = {name: TrialRunner(series, one) for name, one in teachers.items()}
    for name, runner in runners.items():
        val, test = (runner.checkpoint_scores(runner.teacher.checkpoint, split) for split in ("val", "test"))
        errors = val.metrics["val"]["mae"]["all"], shown(test.metrics["test"]["mae"])
        print(
            f"teacher, {name}: {runner.teacher.cost.parameters:,} weights, validation {errors[0]:.3f}, test {errors[1]}"
        )
    print_lines(series, "mae")
    student: dict[str, Any] = {
        "family": "stid",
        "width": options.width,
        "learning_rate": 3e-3,
        "batch": 64,
        "error": "absolute",
    }
    student |= {"input": "deviation", "profile": profile_kind(series)}
    arms: dict[tuple[str, str], dict[str, Any]] = {
        ("one", "plain"): {"loss": "none"},
        ("one", "plain, averaged"): {"loss": "none"} | AVERAGED,
    }
    arms |= {(name, "half of its answers"): HALF for name in teachers}
    arms |= {(name, "its answers alone"): ALONE for name in list(teachers)[1:]}
    arms |= {(name, "half of its answers, averaged"): HALF | AVERAGED for name in list(teachers)[1:2]}
    began, seeds = time.monotonic(), range(options.seeds)
    with ProcessPoolExecutor(options.workers, mp_context=get_context("spawn")) as pool:
        jobs = {
            arm: [pool.submit(trained, runners[arm[0]], student | more, seed, options.seconds) for seed in seeds]
            for arm, more in arms.items()
        }
        made: dict[tuple[str, str], list[Result]] = {arm: [job.result() for job in each] for arm, each in jobs.items()}
    print(f"{time.monotonic() - began:.0f} s")
    plain, one = made["one", "plain"], made["one", "half of its answers"]
    means = {arm: statistics.fmean(each.errors("mae")["all"] for each in results) for arm, results in made.items()}
    comparisons = {}
    for arm in sorted(made, key=lambda arm: means[arm]):
        results, name = made[arm], arm[1] if arm[1].startswith("plain") else f"{arm[1]}, {arm[0]}"
        epochs = [each.epochs for each in results]
        print(
            f"{name:50} {results[0].parameters:6,} weights, {min(epochs)} to {max(epochs)} epochs: "
            f"{summary_of(results, 'mae')}"
        )
        for other, against in (("plain", plain), ("one teacher", one)):
            if results is not against and not (against is one and name.startswith("plain")):
                comparisons[f"{name}, than {other}"] = outcomes_of(results, against, "mae")
    print_comparisons({name: {"all": outcomes["all"]} for name, outcomes in comparisons.items()})


if __name__ == "__main__":
    main()
