"""Compare samplers and early stopping in a minute: real search code, on networks trained once in advance.

    python -m benchmarks.replay --output replay.html

A trial looks its learning curve up in a table (`replay_table.py` trained it) instead of training. Everything else is a
search as `kdsearch run` makes it: proposals, early stopping, two workers side by side. The counts are the epochs that
the trials would have trained, those of stopped trials up to their stop, until the networks found span 95 % of the
hypervolume of the best ones in the table.
"""

import argparse
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import cast

import numpy as np
from optuna.samplers import BaseSampler, RandomSampler, TPESampler

from benchmarks.replay_page import Band, write_page
from benchmarks.replayed import BUDGET, ENOUGH, TARGET, MemoryStore, Point, Replay, Table
from kdsearch.report.figures.style import GREY
from kdsearch.study.executors.worker import Evaluator
from kdsearch.study.objectives import OBJECTIVES
from kdsearch.study.run_search import run_search
from kdsearch.study.search.no_repeats import NoRepeatSampler
from kdsearch.study.space.space import SearchSpace

TABLE = Path(__file__).parent / "replay_los_loop.csv"


@dataclass(frozen=True)
class Arm:
    """A variant of the search.

    Attributes:
        name: For people.
        sampler: One of the search's own samplers.
        stopping: Whether the search stops hopeless trials.
        colour: Colour in the figure; "" for an arm left out of it.
        own: Another sampler in place of it.
        slow: Whether the arm is left out unless it is asked for.
    """

    name: str
    sampler: str
    stopping: bool
    colour: str = ""
    own: Callable[[int, SearchSpace], BaseSampler] | None = None
    slow: bool = False


def plain_tpe(seed: int, space: SearchSpace) -> BaseSampler:  # noqa: ARG001
    """Make Optuna's default for several objectives: parameters one by one, repeated configurations included."""
    return TPESampler(seed=seed)


def fresh_tpe(seed: int, space: SearchSpace) -> BaseSampler:
    """Make the same sampler without the repeats."""
    return NoRepeatSampler(TPESampler(seed=seed), RandomSampler(seed=seed), space)


DEFAULT = Arm("tpe, stopping (default)", "tpe", True, "#0072B2")
PLAIN = Arm("plain TPE", "random", False, "#E69F00", plain_tpe)
RANDOM = Arm("random", "random", False, GREY)
ARMS = (
    DEFAULT,
    Arm("tpe", "tpe", False, "#56B4E9"),
    PLAIN,
    Arm("plain TPE, no repeats", "random", False, "", fresh_tpe),
    RANDOM,
    Arm("random, stopping", "random", True),
    Arm("nsga2", "nsga2", False),
    Arm("nsga2, stopping", "nsga2", True),
    Arm("gp", "gp", False, slow=True),
    Arm("gp, stopping", "gp", True, slow=True),
)


def replay(table: Table, arm: Arm, seed: int, *, until: float = ENOUGH) -> Replay:
    """Run one search over a table."""
    space = table.space()
    store = MemoryStore(space)
    run = Replay(table, store, table.best(), arm.own(seed, space) if arm.own else None, until)
    run_search(
        store,
        space,
        [OBJECTIVES["mae"], OBJECTIVES["flops"]],
        cast(Evaluator, table),
        run,
        trials=None,
        budget_seconds=math.inf,
        seed=seed,
        sampler=arm.sampler,
        on_event=lambda _: None,
        stopping=arm.stopping,
    )
    return run


@dataclass(frozen=True)
class Outcome:
    """The outcome of one replay.

    Attributes:
        reached: Epochs to `TARGET`; infinite where it was not reached.
        volumes: Epochs and share of the best hypervolume after each finished trial.
        trials: Number of trials.
        repeated: Number of trials proposed before.
        stopped: Number of stopped trials.
        front: Number of proposed networks of the table's front, and of stopped ones among them.
    """

    reached: float
    volumes: list[Point]
    trials: int
    repeated: int
    stopped: int
    front: tuple[int, int]


def outcome(table: Table, arm: Arm, seed: int) -> Outcome:
    """Replay, and keep the results that can be sent between processes."""
    run = replay(table, arm, seed)
    front = table.front()
    return Outcome(
        run.reached(TARGET),
        run.volumes,
        len(run.proposed),
        len(run.proposed) - len(set(run.proposed)),
        len(run.stopped),
        (len(front & set(run.proposed)), len(front & set(run.stopped))),
    )


def quartiles(outcomes: Sequence[Outcome]) -> list[float]:
    """Compute first quartile, median and third of the epochs to `TARGET`; infinite where too few searches reach it."""
    reached = [one.reached for one in outcomes]
    return [float(value) for value in np.quantile(reached, (0.25, 0.5, 0.75), method="higher")]


def band(arm: Arm, outcomes: Sequence[Outcome]) -> Band:
    """Read the share that each search had found after every eighth epoch."""
    epochs = np.arange(0.0, BUDGET + 1, 8.0)
    found = []
    for one in outcomes:
        times, volumes = zip((0.0, 0.0), *one.volumes, strict=True)
        found.append(np.asarray(volumes)[np.searchsorted(times, epochs, side="right") - 1])
    return Band(arm.name, arm.colour, epochs, np.stack(found))


HEADER = ("arm", "epochs to 95 %", "quartiles", "default needs", "trials", "stopped", "repeated", "front stopped")


def rows(results: dict[Arm, list[Outcome]]) -> Iterator[tuple[str, ...]]:
    """Make the table of results, with columns named by `HEADER`."""
    default = quartiles(results[DEFAULT])[1] if DEFAULT in results else math.nan
    for arm, outcomes in results.items():
        low, median, high = quartiles(outcomes)
        trials = sum(one.trials for one in outcomes)
        proposed, stopped = (sum(one.front[part] for one in outcomes) for part in (0, 1))
        yield (
            arm.name,
            _epochs(median),
            f"{_epochs(low)} to {_epochs(high)}",
            f"{default / median:.2f} of it" if math.isfinite(median) else f"< {default / BUDGET:.2f} of it",
            f"{trials / len(outcomes):.0f}",
            f"{sum(one.stopped for one in outcomes) / trials:.0%}",
            f"{sum(one.repeated for one in outcomes) / trials:.0%}",
            f"{stopped} of {proposed}",
        )


def _epochs(value: float) -> str:
    return f"{value:.0f}" if math.isfinite(value) else f"> {BUDGET}"


def main() -> None:
    """Replay every arm with every seed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--table", type=Path, default=TABLE)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--arm", action="append", choices=[arm.name for arm in ARMS], help="leave the others out")
    parser.add_argument("--workers", type=int, default=2, help="processes that replay side by side")
    parser.add_argument("--output", type=Path, help="an HTML file for the figure")
    options = parser.parse_args()
    table = Table.read(options.table)
    results: dict[Arm, list[Outcome]] = {}
    with get_context("spawn").Pool(options.workers) as pool:
        for arm in ARMS:
            if arm.slow if options.arm is None else arm.name not in options.arm:
                continue
            results[arm] = pool.map(partial(outcome, table, arm), range(options.seeds), chunksize=1)
            print(*list(rows(results))[-1], sep=" | ", flush=True)
    print()
    for row in (HEADER, *rows(results)):
        print("".join(f"{cell:24}" if column == 0 else f"{cell:>16}" for column, cell in enumerate(row)))
    if options.output is not None:
        drawn = [band(arm, outcomes) for arm, outcomes in results.items() if arm.colour]
        write_page(drawn, HEADER, rows(results), options.seeds, options.output)


if __name__ == "__main__":
    main()
