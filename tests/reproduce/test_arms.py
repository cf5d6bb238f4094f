"""The rows of the tables as settings."""

from itertools import chain

import pytest

from kdsearch.errors import StudyError
from kdsearch.report.published.catalog import PUBLISHED
from kdsearch.reproduce.arms import CLAIMS, FIDELITIES, TABLES, Arm, arms_of, chosen_fidelity, fixed_settings
from kdsearch.reproduce.input_and_decoding import ROOM_CLAIMS, ROOM_ROWS, room_arms, room_training
from kdsearch.reproduce.runs import Setup, paper_setup
from kdsearch.trial.config import TrialConfig

REFERENCES = {"teacher", "base"}
QUICK = FIDELITIES["quick"]


@pytest.mark.parametrize("dataset", ["pemsd8", "los-loop"])
def test_every_row_has_its_arm_and_its_published_errors(dataset: str) -> None:
    """A row without either would be an empty line."""
    arms = arms_of(dataset, QUICK)
    names = {(one.dataset, one.name) for one in PUBLISHED}
    for row in chain.from_iterable(TABLES.values()):
        assert row.source in arms or row.source in REFERENCES
        assert not row.published or {("pemsd8", row.published), ("pemsd7m", row.published)} <= names


def test_every_claim_is_of_arms_that_are_trained() -> None:
    """This holds for the paper's claims and for those beyond it."""
    for claims, arms in ((CLAIMS, arms_of("pemsd8", QUICK)), (ROOM_CLAIMS, room_arms("quick"))):
        assert {name for claim in claims for name in (*claim.better, *claim.worse)} <= set(arms)
    assert {row.source for row in ROOM_ROWS} == set(room_arms("quick"))


def test_settings_are_those_that_the_paper_found() -> None:
    """PeMSD8 takes its own; every other dataset takes those of PeMSD7."""
    own, other = arms_of("pemsd8", QUICK), arms_of("los-loop", QUICK)
    assert own["stcd"].params.items() >= {"alpha1": 0.846, "alpha2": 0.465, "alpha3": 0.504, "batch": 50}.items()
    assert own["skd"].params.items() >= {"alpha": 0.005, "batch": 60, "learning_rate": 1e-2}.items()
    assert other["ord"].params["alpha1"] == 0.593
    assert own["pruned-97"].params.items() >= {"source": "teacher", "keep": 0.03, "batch": 25}.items()
    assert own["pruned-25"].params.items() >= {"source": "base", "keep": 0.75, "alpha3": 0.868}.items()


@pytest.mark.parametrize("fidelity", FIDELITIES)
def test_the_space_takes_every_arm_as_it_is(fidelity: str) -> None:
    """A setting that the space fixes or does not have would be lost without a word."""
    level = FIDELITIES[fidelity]
    setups: list[tuple[Setup, dict[str, Arm]]] = [
        (paper_setup(level, CLAIMS), arms_of("pemsd8", level)),
        (Setup("room", "best", {"error": "absolute"}, {}, ROOM_CLAIMS), room_arms(fidelity)),
    ]
    for setup, arms in setups:
        space = setup.space(list(arms.values()))
        space.check("it")
        for point, arm in zip(space.points, arms.values(), strict=True):
            assert point.params == arm.params
            TrialConfig.of(point.params | dict(setup.fixed))


def test_the_papers_recipe_is_the_original_code_with_means_for_sums() -> None:
    """Learning rate, batch and epochs are each row's own."""
    fixed = fixed_settings(FIDELITIES["paper"])
    assert fixed.items() >= {"decoding": "iterated", "input": "raw", "reduction": "mean", "segment": 1}.items()
    assert not {"learning_rate", "batch", "epochs"} & set(fixed)


def test_an_unknown_fidelity_is_named() -> None:
    """With those that there are."""
    with pytest.raises(StudyError, match="there is no fidelity 'exact'; choose one of quick, paper"):
        chosen_fidelity("exact")


def test_the_rooms_head_says_its_own_epochs() -> None:
    """They differ by size, and are not those of the paper's tables."""
    assert room_training("quick") == "12 / 24 / 60 epochs for teacher / base / student"
