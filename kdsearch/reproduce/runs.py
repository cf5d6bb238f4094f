"""Training what the tables show: one study for all arms of a dataset, and one for each search of Tables 6 and 9."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from kdsearch.data.load import load_series
from kdsearch.pipeline.options import RunOptions
from kdsearch.pipeline.run import run_space
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
    "Listener",
    "ReproduceOptions",
    "Setup",
    "open_study",
    "run_arms",
    "run_search_beside",
    "study_name",
    "with_paper_channel",
]

PAPER_CHANNEL = "speed"
CANDIDATES = 3
"""How many of a search's best networks get every seed: where seeds differ by more than settings, one seed's best is a
lucky one."""


@dataclass(frozen=True)
class ReproduceOptions:
    """What `kdsearch reproduce` was asked for.

    Attributes:
        dataset: Name or folder.
        channel: Of the readings; speed, the paper's, where None and the file has it, else the protocol's own.
        fidelity: One of `kdsearch.reproduce.arms.FIDELITIES`.
        seeds: Of each cell.
        trials: Of each search of Tables 6 and 9.
        executor: As in `RunOptions`.
        workers: As in `RunOptions`.
        device: Where tensors live.
        studies: Folder of studies.
        data_dir: Folder of datasets.
        command: As typed, for the record.
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
    command: str = "kdsearch reproduce"

    @property
    def level(self) -> Fidelity:
        """How much is trained."""
        return chosen_fidelity(self.fidelity)


@dataclass(frozen=True)
class Setup:
    """What a study of arms has in common.

    Attributes:
        what: The part of the study's name that tells it from others.
        preset: Of its teacher.
        fixed: Settings of every arm.
        teacher: Settings of the teacher beside its recipe.
        claims: What is to be compared; those of one arm against another get arms that train for the same CPU seconds.
    """

    what: str
    preset: str
    fixed: Mapping[str, Scalar]
    teacher: Mapping[str, Scalar]
    claims: Sequence[Claim]

    def space(self, points: Sequence[Arm]) -> SearchSpace:
        """The space `izadi` as far as it is not fixed, with arms to be tried first."""
        space = load_space("izadi").model_copy(
            update={
                "points": tuple(Point(cite=arm.cite, params=dict(arm.params)) for arm in points),
                "teacher": dict(self.teacher),
            }
        )
        return space.with_values(dict(self.fixed))


@dataclass(frozen=True)
class Listener:
    """Who is told how far things are.

    Attributes:
        on_message: Takes sentences for people.
        on_event: Takes the events of a search.
    """

    on_message: Callable[[str], None]
    on_event: Callable[[StudyEvent], None]


def with_paper_channel(options: ReproduceOptions) -> ReproduceOptions:
    """The options with speed as their channel where the file has it and none was asked for.

    Raises:
        DataError: As `load_series`.
    """
    if options.channel is not None or PAPER_CHANNEL not in load_series(options.dataset, options.data_dir).channels:
        return options
    return replace(options, channel=PAPER_CHANNEL)


def paper_setup(fidelity: Fidelity, claims: Sequence[Claim]) -> Setup:
    """As Izadi et al. train, the teacher as long as its students."""
    teacher: dict[str, Scalar] = {"epochs": fidelity.epochs, "segment": fidelity.segment}
    return Setup("tables", "paper", fixed_settings(fidelity), teacher, claims)


def study_name(options: ReproduceOptions, what: str) -> str:
    """DATASET-izadi-WHAT-FIDELITY."""
    return f"{Path(options.dataset).name}-izadi-{what}-{options.fidelity}"


def open_study(options: ReproduceOptions, what: str) -> StudyStore:
    """The study of a reproduction that has been run."""
    return find_study(study_name(options, what), options.studies, None)


def run_arms(options: ReproduceOptions, setup: Setup, arms: Mapping[str, Arm], to: Listener) -> dict[str, ArmResult]:
    """Train arms with every seed, beside their twins, then those that claims at equal CPU seconds need.

    The same call again goes on where it was; arms of another table that the study holds are not trained again.

    Args:
        options: What was asked.
        setup: What the arms have in common.
        arms: By name.
        to: Is told.
    """
    results = _run(options, setup, arms, to)
    missing = {name: arm for name, arm in _stretched(setup.claims, results).items() if name not in results}
    return results | _run(options, setup, missing, to) if missing else results


def _stretched(claims: Sequence[Claim], results: Mapping[str, ArmResult]) -> dict[str, Arm]:
    """Arms that take as long as those which claims set against them."""
    trained = {name: result for name, result in results.items() if result.runs}
    found: dict[str, Arm] = {}
    for claim in claims:
        if all(name in trained for name in (*claim.better, *claim.worse)):
            slow = [trained[name] for name in claim.better]
            arms = [longer(slow, trained[name]) for name in claim.worse]
            found |= {arm.name: arm for arm in arms if arm is not None}
    return found


def _run(options: ReproduceOptions, setup: Setup, arms: Mapping[str, Arm], to: Listener) -> dict[str, ArmResult]:
    space = setup.space(list(arms.values())).model_copy(update={"points_only": True})
    name = study_name(options, setup.what)
    settings = _run_options(options, setup, name, "mae,flops", len(arms))
    run_space(space, settings, to.on_message, to.on_event)
    store = open_study(options, setup.what)
    results = read_arms(store, arms)
    store.close()
    return results


def run_search_beside(
    options: ReproduceOptions, setup: Setup, what: str, fixed: Mapping[str, Scalar], published: Arm, to: Listener
) -> StudyStore:
    """One search of Tables 6 or 9, the paper's setting in it from the beginning; it and the best ones get every seed.

    Args:
        options: What was asked.
        setup: What its trials have in common with the tables.
        what: The part of the study's name that tells it from others, such as "table6-ord".
        fixed: What is not searched: route, width, loss, share.
        published: The paper's setting.
        to: Is told.

    Returns:
        The study, open.
    """
    searched = replace(setup, fixed={**setup.fixed, **fixed, "epochs": options.level.epochs})
    space = searched.space([published])
    settings = _run_options(options, setup, study_name(options, what), "mae", options.trials)
    settings = replace(settings, confirm_best=CANDIDATES)
    run_space(space, settings, to.on_message, to.on_event)
    return open_study(options, what)


def _run_options(options: ReproduceOptions, setup: Setup, study: str, objectives: str, trials: int) -> RunOptions:
    """The same as `kdsearch run` takes it."""
    return RunOptions(
        dataset=options.dataset,
        protocol="stgcn",
        channel=options.channel,
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
        command=options.command,
        stopping=False,
    )
