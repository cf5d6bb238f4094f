"""What `kdsearch run` is asked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from kdsearch.data.protocol_table import ProtocolTable
from kdsearch.errors import StudyError
from kdsearch.measure.objectives import RUNTIMES, parse_objectives
from kdsearch.report.preference import parse_weights
from kdsearch.study.constraints import parse_constraints
from kdsearch.study.names import name_mistake, normal
from kdsearch.study.search.samplers import SAMPLERS
from kdsearch.study.search.stopping import STOPPING_RULES
from kdsearch.trial.presets import preset_values

__all__ = ["RunOptions", "changed_steps", "check_dataset", "check_numbers"]

YEAR_SECONDS = 365 * 86400

LIMITS = {
    "seed": (0, 2**53),
    "seeds": (1, 1000),
    "trials": (1, 10**9),
    "epochs": (1, 10**6),
    "workers": (1, 10**5),
    "confirm_seeds": (1, 1000),
    "confirm_best": (0, 10**9),
}
"""Option -> smallest and largest number: seeds fit any database beside those that follow them."""


def check_dataset(name: str | None) -> None:
    """Refuse a dataset whose name is empty; None is one that was not given.

    Raises:
        StudyError: Where it is.
    """
    if name is not None and not name.strip():
        raise StudyError("--dataset is empty; give a name or folder, or leave it out for the space's own")


def check_numbers(**numbers: int | None) -> None:
    """Refuse numbers that no run could use, by the name of their option; None is one that was not given.

    Raises:
        StudyError: With the first one that is too small or too large.
    """
    for name, number in numbers.items():
        smallest, largest = LIMITS[name]
        if number is not None and not smallest <= number <= largest:
            raise StudyError(
                f"--{name.replace('_', '-')} is {_shown(number)}; give a number from {smallest} to {largest:,}"
            )


def _shown(number: int) -> str:
    """Write a number, or how long it is where it has more than 20 digits."""
    return f"{number:,}" if abs(number) < 10**20 else "a number of more than 20 digits"


def changed_steps(
    history: int | str | None, horizon: int | str | None, report_at: str | Sequence[int] | None
) -> ProtocolTable:
    """Read `--history`, `--horizon` and `--report-at` as changes of a protocol.

    Raises:
        ProtocolError: At what is no number of steps and no time.
    """
    written = {"history": history, "horizon": horizon, "report_at": report_at}
    return ProtocolTable.read({key: value for key, value in written.items() if value is not None}, None)


@dataclass(frozen=True)
class RunOptions:
    """What `kdsearch run` was asked for.

    >>> RunOptions(dataset="demo", trials=8, constraints=("params<=3%",)).sampler
    'tpe'

    Attributes:
        dataset: Name or folder; the space's own where None.
        protocol: As in `PROTOCOLS`; where None the space's table `[protocol]`, the dataset's, or the space's name.
        history: Steps looked at, or a time such as "1 day"; the protocol's where None.
        horizon: Steps forecast, or a time; the protocol's where None.
        report_at: Minutes ahead that tables show, as a list or text with commas between; where None the protocol's or,
            of another horizon, a third, two thirds and all of it.
        channel: Name of the forecast channel; the protocol's where None.
        fill: What stands in the input where a reading is missing: "causal", or "published" for the papers' fill.
        readings: Which readings train and are scored: those "measured", or all as "published".
        objectives: Names, comma-separated.
        constraints: Limits such as "params<=3%" (`kdsearch.study.constraints.Constraint.parse`).
        prefer: Weights that choose from the front in place of the knee, such as "mae=2,latency=1".
        space: Name or path of a search space.
        sets: Changes of what is searched, such as "width=1..4" (`kdsearch.study.space.overrides`).
        fixes: Values fixed for every trial, such as "beta=0.5".
        imports: Python files and modules of the user's that add rows to tables.
        teacher: A file of forecasts from which students learn (`kdsearch.data.answers`), in place of the network that
            the space names; that one stays what costs are compared with.
        preset: How the teacher is trained, and what it fixes for the trials, as in `PRESETS`.
        trials: Finished trials that the study is to have; in a search among families networks that were trained beside
            it count.
        budget_seconds: Time for the whole run (`kdsearch.pipeline.budget`).
        executor: Who runs the trials, "ray" or "local".
        workers: Trials at a time under Ray; every core, or every CPU of the cluster, where None.
        address: A running Ray cluster, `host:port`; Ray is started here where None.
        warm_start: Another study, in the same database or folder; the networks of its front are tried first.
        stopping: The rule that stops hopeless trials early, one of `STOPPING_RULES`; False is "none", True the default.
        verbose: Whether the whole protocol is said, and Ray may write to the terminal.
        seed: Of training and, mixed with the study's length, of the sampler.
        sampler: As in `kdsearch.study.search.ask_tell.SAMPLERS`.
        runtime: Of what the objective latency is the time, one of `RUNTIMES`: "torch", or "onnx" for exported files.
        files: Whether the exported files of front and baselines are measured at the end: bytes, latency, memory.
        confirm_seeds: Seeds of each network of the front in the confirmation.
        confirm_points: Whether the networks of the space's points are confirmed too, wherever they ended.
        confirm_best: How many networks of least error, by the first objective, are confirmed too: with one seed the
            best of many is a lucky one.
        study: Name; dataset and space where None.
        studies: Folder of studies.
        storage: Database address; a SQLite file in the study's folder where None.
        data_dir: Folder of datasets.
        allow_outside: Whether the dataset's files may lie outside its folder.
        device: Where tensors live.
        command: As typed, for the record.

    Raises:
        StudyError: At what no study could be.
    """

    dataset: str | None = None
    protocol: str | None = None
    history: int | str | None = None
    horizon: int | str | None = None
    report_at: str | Sequence[int] | None = None
    channel: str | None = None
    fill: str = "causal"
    readings: str = "measured"
    objectives: str = "mae,latency"
    constraints: tuple[str, ...] = ()
    prefer: str | None = None
    space: str = "auto"
    sets: tuple[str, ...] = ()
    fixes: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()
    teacher: str | Path | None = None
    preset: str = "best"
    trials: int | None = None
    budget_seconds: float | None = None
    executor: str = "ray"
    workers: int | None = None
    address: str | None = None
    warm_start: str | None = None
    stopping: str | bool = "dominated"
    verbose: bool = False
    seed: int = 0
    sampler: str = "tpe"
    runtime: str = "torch"
    files: bool = True
    confirm_seeds: int = 1
    confirm_points: bool = False
    confirm_best: int = 0
    study: str | None = None
    studies: Path = Path("studies")
    storage: str | None = None
    data_dir: Path | None = None
    allow_outside: bool = False
    device: str = "cpu"
    command: str = "kdsearch run"

    def __post_init__(self) -> None:
        """Refuse what can be refused before torch is loaded."""
        check_dataset(self.dataset)
        self._take_plain_forms()
        if self.executor not in {"ray", "local"}:
            raise StudyError(f"there is no executor {self.executor!r}; choose ray or local")
        if self.address is not None and self.executor == "local":
            raise StudyError("--address names a Ray cluster and --executor local uses none; leave one of them out")
        rule = self.stopping if isinstance(self.stopping, str) else "dominated" if self.stopping else "none"
        object.__setattr__(self, "stopping", STOPPING_RULES.choose(rule).name)
        if self.runtime not in RUNTIMES:
            raise StudyError(f"there is no runtime {self.runtime!r}; choose {' or '.join(RUNTIMES)}")
        SAMPLERS.choose(self.sampler)
        preset_values(self.preset)
        names = [objective.name for objective in parse_objectives(self.objectives)]
        parse_constraints(self.constraints)
        if self.prefer is not None:
            parse_weights(self.prefer, names)
        if self.study is not None and (mistake := name_mistake(self.study)):
            raise StudyError(f"--study {self.study!r} {mistake}")
        changed_steps(self.history, self.horizon, self.report_at)
        check_numbers(
            seed=self.seed,
            trials=self.trials,
            workers=self.workers,
            confirm_seeds=self.confirm_seeds,
            confirm_best=self.confirm_best,
        )
        if self.budget_seconds is not None and not 0 < self.budget_seconds <= YEAR_SECONDS:
            raise StudyError(
                f"--budget is {self.budget_seconds:g} s, and may be above 0 and up to a year (8760h); write 90s, 15m "
                "or 2h, or give --trials alone"
            )
        if self.trials is None and self.budget_seconds is None:
            raise StudyError("a search needs an end; give --trials 40, --budget 30m or both")

    def _take_plain_forms(self) -> None:
        """Take one text where there may be several, and text for a path."""
        for name in ("constraints", "sets", "fixes", "imports"):
            given = getattr(self, name)
            object.__setattr__(self, name, (given,) if isinstance(given, str) else tuple(given))
        object.__setattr__(self, "studies", Path(self.studies))
        if self.study is not None:
            object.__setattr__(self, "study", normal(self.study))
        if self.data_dir is not None:
            object.__setattr__(self, "data_dir", Path(self.data_dir))
