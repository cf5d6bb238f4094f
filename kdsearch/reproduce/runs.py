"""Run the studies behind the tables: one for all arms of a dataset, and one for each search of Tables 6 and 9."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from kdsearch.data.load import load_series
from kdsearch.data.protocols import SplitSeries
from kdsearch.pipeline.dataset import split_dataset
from kdsearch.pipeline.options import RunOptions, check_numbers
from kdsearch.pipeline.run import run_space
from kdsearch.pipeline.trainer import TrainingEvent
from kdsearch.reproduce.arms import Arm, Claim, Fidelity, chosen_fidelity, fixed_settings
from kdsearch.reproduce.results import ArmResult, longer, read_arms
from kdsearch.study.search.driver import StudyEvent
from kdsearch.study.space.files import load_space
from kdsearch.study.space.parameters import Scalar
from kdsearch.study.space.space import Point, SearchSpace
from kdsearch.study.storage.listing import find_study
from kdsearch.study.storage.store import StudyStore

__all__ = [
    "CANDIDATES",
    "PAPER_CHANNEL",
    "Listener",
    "ReproduceOptions",
    "Setup",
    "lengthened",
    "open_study",
    "run_arms",
    "run_search_beside",
    "study_name",
    "with_paper_channel",
]

PAPER_CHANNEL = "speed"
CANDIDATES = 3
"""Number of a search's best networks that get every seed: where seeds differ by more than settings do, the best of one
seed is a lucky one."""


@dataclass(frozen=True)
class ReproduceOptions:
    """Options of `kdsearch reproduce`.

    Attributes:
        dataset: Name or folder.
        channel: Channel of the readings. None stands for speed, the paper's, where the file has it, else for the
            protocol's own.
        fidelity: One of `kdsearch.reproduce.arms.FIDELITIES`.
        seeds: Number of seeds of each cell.
        trials: Number of trials of each search of Tables 6 and 9.
        executor: As in `RunOptions`.
        workers: As in `RunOptions`.
        device: Device of tensors.
        studies: Folder of studies.
        data_dir: Folder of datasets.
        allow_outside: As in `RunOptions`.
        command: The command as typed, for the record.
    """

    dataset: str
    channel: str | None = None
    fidelity: str = "quick"
    seeds: int = 3
    trials: int = 30
    executor: str = "ray"
    workers: int | None = None
    device: str = "cpu"
    studies: Path = Path("studies")
    data_dir: Path | None = None
    allow_outside: bool = False
    command: str = "kdsearch reproduce"

    def __post_init__(self) -> None:
        """Refuse numbers that no run could use."""
        check_numbers(seeds=self.seeds, trials=self.trials, workers=self.workers)

    def split_dataset(self) -> tuple[SplitSeries, str]:
        """Cut the dataset as the paper does: its fill, and the file as published."""
        return split_dataset(
            self.dataset,
            "stgcn",
            self.data_dir,
            self.channel,
            fill="published",
            readings="published",
            allow_outside=self.allow_outside,
        )

    @property
    def level(self) -> Fidelity:
        """Amount of training."""
        return chosen_fidelity(self.fidelity)


@dataclass(frozen=True)
class Setup:
    """Common settings of a study of arms.

    Attributes:
        what: The part of the study's name that distinguishes it from others.
        preset: Preset of its teacher.
        fixed: Settings of every arm.
        teacher: Settings of the teacher beside its preset.
        claims: Claims to check. One that compares arms adds arms that train for the same CPU seconds.
    """

    what: str
    preset: str
    fixed: Mapping[str, Scalar]
    teacher: Mapping[str, Scalar]
    claims: Sequence[Claim]

    def space(self, points: Sequence[Arm]) -> SearchSpace:
        """Build the space `izadi` without the fixed parameters, with arms to be tried first."""
        space = load_space("izadi").model_copy(
            update={
                "points": tuple(Point(cite=arm.cite, params=dict(arm.params)) for arm in points),
                "teacher": dict(self.teacher),
            }
        )
        return space.with_values(dict(self.fixed))


@dataclass(frozen=True)
class Listener:
    """Receiver of messages and events.

    Attributes:
        on_message: Takes sentences for people.
        on_event: Takes the events of a search.
        on_training: Takes the events of trainings before the first trial of a search.
        on_part: Takes the name of a search, "search 2 of 5, ord", and the trials that it is to have.
    """

    on_message: Callable[[str], None]
    on_event: Callable[[StudyEvent], None]
    on_training: Callable[[TrainingEvent], None]
    on_part: Callable[[str, int], None]


def with_paper_channel(options: ReproduceOptions) -> ReproduceOptions:
    """Choose speed as the channel where the file has it and no channel was asked for.

    Raises:
        DataError: As `load_series`.
    """
    if options.channel is not None:
        return options
    source = load_series(options.dataset, options.data_dir, allow_outside=options.allow_outside)
    if PAPER_CHANNEL not in source.channels:
        return options
    return replace(options, channel=PAPER_CHANNEL)


def paper_setup(fidelity: Fidelity, claims: Sequence[Claim]) -> Setup:
    """Set a study up as Izadi et al. train: the teacher as long as its students."""
    teacher: dict[str, Scalar] = {"epochs": fidelity.epochs, "segment": fidelity.segment}
    return Setup("tables", "paper", fixed_settings(fidelity), teacher, claims)


def study_name(options: ReproduceOptions, what: str) -> str:
    """Name a study: DATASET-izadi-WHAT-FIDELITY."""
    return f"{Path(options.dataset).name}-izadi-{what}-{options.fidelity}"


def open_study(options: ReproduceOptions, what: str) -> StudyStore:
    """Open the study of a reproduction that has been run."""
    return find_study(study_name(options, what), options.studies, None)


def run_arms(options: ReproduceOptions, setup: Setup, arms: Mapping[str, Arm], to: Listener) -> dict[str, ArmResult]:
    """Train arms with every seed, beside their twins, then those that claims at equal CPU seconds need.

    The same call again goes on where it was; arms that the study holds for another table are not trained again.

    Args:
        options: Options of the command.
        setup: Common settings of the arms.
        arms: Arms by name.
        to: Receives messages and events.
    """
    to.on_part(f"search 1 of {2 if setup.claims else 1}, the rows of the table", len(arms))
    results = _run(options, setup, arms, to)
    missing = {name: arm for name, arm in lengthened(setup.claims, results).items() if name not in results}
    if not missing:
        return results
    to.on_part("search 2 of 2, rows of equal CPU seconds", len(missing))
    return results | _run(options, setup, missing, to)


def lengthened(claims: Sequence[Claim], results: Mapping[str, ArmResult]) -> dict[str, Arm]:
    """Lengthen arms to the CPU seconds of those with which claims compare them."""
    trained = {name: result for name, result in results.items() if result.runs}
    found: dict[str, Arm] = {}
    for claim in claims:
        if all(name in trained for name in (*claim.better, *claim.worse)):
            slow = [trained[name] for name in claim.better]
            arms = [longer(slow, trained[name], claim.kind) for name in claim.worse]
            found |= {arm.name: arm for arm in arms if arm is not None}
    return found


def _run(options: ReproduceOptions, setup: Setup, arms: Mapping[str, Arm], to: Listener) -> dict[str, ArmResult]:
    space = setup.space(list(arms.values())).model_copy(update={"points_only": True})
    name = study_name(options, setup.what)
    settings = _run_options(options, setup, name, "mae,flops", len(arms))
    run_space(space, settings, to.on_message, to.on_event, to.on_training)
    store = open_study(options, setup.what)
    results = read_arms(store, arms)
    store.close()
    return results


def run_search_beside(
    options: ReproduceOptions, setup: Setup, what: str, fixed: Mapping[str, Scalar], published: Arm, to: Listener
) -> StudyStore:
    """Run one search of Table 6 or 9 that begins with the paper's setting; this and the best ones get every seed.

    Args:
        options: Options of the command.
        setup: Settings that its trials share with the tables.
        what: The part of the study's name that distinguishes it from others, such as "table6-ord".
        fixed: Parameters that are not searched: route, width, loss, share.
        published: The paper's setting.
        to: Receives messages and events.

    Returns:
        The study, open.
    """
    searched = replace(setup, fixed={**setup.fixed, **fixed, "epochs": options.level.epochs})
    space = searched.space([published])
    settings = _run_options(options, setup, study_name(options, what), "mae", options.trials)
    settings = replace(settings, confirm_best=CANDIDATES)
    run_space(space, settings, to.on_message, to.on_event, to.on_training)
    return open_study(options, what)


def _run_options(options: ReproduceOptions, setup: Setup, study: str, objectives: str, trials: int) -> RunOptions:
    """Translate the options into those of `kdsearch run`."""
    return RunOptions(
        dataset=options.dataset,
        protocol="stgcn",
        channel=options.channel,
        fill="published",
        readings="published",
        objectives=objectives,
        space="izadi",
        preset=setup.preset,
        trials=trials,
        executor=options.executor,
        workers=options.workers,
        device=options.device,
        confirm_seeds=options.seeds,
        confirm_points=True,
        study=study,
        studies=options.studies,
        data_dir=options.data_dir,
        allow_outside=options.allow_outside,
        command=options.command,
        stopping=False,
        files=False,
    )
