"""Studies side by side: what may be compared, their fronts, one reference point for all, what differs."""

import json
from typing import Any

import pytest

from kdsearch.errors import StudyError
from kdsearch.report.comparison.compare import compare_studies
from kdsearch.report.comparison.model import Comparison
from kdsearch.report.comparison.words import answer_of
from kdsearch.report.front import log_hypervolume
from kdsearch.report.summarise import summarise
from kdsearch.report.summary import candidates
from kdsearch.study.storage.meta import StudyMeta
from kdsearch.study.storage.store import StudyStore

SPACE = """
name = "mine"
dataset = "demo"
protocol = "stgcn"
[parameters.loss]
choices = ["none", "rd-l2"]
[parameters.beta]
low = 0.0
high = 1.0
when = { loss = ["rd-l2"] }
[parameters.width]
value = 2
"""


def with_other(store: StudyStore, **changes: Any) -> Comparison:
    """Compare a study with the same trials under other metadata."""
    own = store.meta
    other = own.model_copy(update=changes)
    summaries = [summarise(store)]
    store.meta = other
    summaries.append(summarise(store).model_copy(update={"study": "other"}))
    store.meta = own
    return compare_studies(summaries, [own, other.model_copy(update={"study": "other"})])


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"data_hash": "e", "dataset": "los-loop"}, "cannot be compared: their data differ"),
        ({"data_hash": "e"}, "cannot be compared: their readings differ (both are named"),
        ({"protocol_hash": "q", "protocol": "six-two-two"}, "their protocols differ (stgcn and six-two-two)"),
        ({"protocol_hash": "q"}, "their protocols differ (both are named stgcn)"),
        ({"unit": "mph"}, "their errors are in km/h and in mph"),
        (
            {"objectives": ["rmse", "flops"], "reference_point": None},
            "no objective in common (pemsd8-mae-latency: mae, latency; other: rmse, flops)",
        ),
    ],
)
def test_what_may_not_be_compared_is_refused(confirmed: StudyStore, changes: dict[str, Any], sentence: str) -> None:
    confirmed.meta = confirmed.meta.model_copy(update={"unit": "km/h"})
    with pytest.raises(StudyError) as refused:
        with_other(confirmed, **changes)
    assert sentence in str(refused.value)
    assert "; " in str(refused.value)


@pytest.mark.parametrize("number", [1, 27])
def test_two_studies_are_needed_and_letters_go_to_z(confirmed: StudyStore, number: int) -> None:
    with pytest.raises(StudyError, match=f"takes 2 to 26 studies, not {number}"):
        compare_studies([summarise(confirmed)] * number, [confirmed.meta] * number)


def test_a_unit_that_one_study_did_not_keep_is_that_of_the_other(confirmed: StudyStore) -> None:
    assert with_other(confirmed, unit="mph").error_title == "MAE, mph"


def test_hypervolume_has_one_reference_point_for_all(confirmed: StudyStore) -> None:
    """The worst of both in each objective; a study alone is measured below its own."""
    found = with_other(confirmed, reference_point=[20.0, 15.0])
    assert found.reference_point == [20.0, 21.4]
    summary = summarise(confirmed)
    names = ["mae", "latency"]
    values = [trial.values(names) for trial in candidates(summary.trials, names)]
    expected = log_hypervolume(values, [20.0, 21.4], [False, True])
    assert [one.hypervolume for one in found.studies] == [expected, expected]
    assert expected != summary.hypervolume
    assert "Their fronts dominate equally much." in found.answer


def test_fronts_above_the_reference_point_are_not_called_equal(confirmed: StudyStore) -> None:
    found = with_other(confirmed)
    studies = [one.model_copy(update={"hypervolume": 0.0}) for one in found.studies]
    said = answer_of(found.model_copy(update={"studies": studies}))
    assert said.endswith("No front reaches below the reference point of hypervolume.")
    studies[1] = studies[1].model_copy(update={"hypervolume": 0.5})
    said = answer_of(found.model_copy(update={"studies": studies}))
    assert said.endswith("The front of B dominates most: hypervolume A 0, B 0.500.")


@pytest.mark.parametrize(
    "changes", [{"reference_point": None}, {"objectives": ["rmse", "latency"], "reference_point": [30.0, 21.4]}]
)
def test_hypervolume_is_left_out_where_it_has_no_meaning(confirmed: StudyStore, changes: dict[str, Any]) -> None:
    """One study has no corner, or no error is minimised by both."""
    found = with_other(confirmed, **changes)
    assert (found.reference_point, found.studies[0].hypervolume) == (None, None)
    assert any(note.startswith("Hypervolume: none") for note in found.notes)


def test_fronts_are_of_the_common_cost(confirmed: StudyStore) -> None:
    """Cheaper means worse along each; no network inside the limits is better in both."""
    found = with_other(confirmed)
    assert (found.objectives, found.metric, found.costs) == (["mae", "latency"], "mae", ["latency"])
    front = found.studies[0].fronts["latency"]
    assert [one.cost for one in front] == sorted(one.cost for one in front)
    assert [one.error for one in front] == sorted((one.error for one in front), reverse=True)
    for trial in candidates(summarise(confirmed).trials, ["mae", "latency"]):
        assert any(one.error <= trial.objectives["mae"] and one.cost <= trial.objectives["latency"] for one in front)
    alone = with_other(confirmed, objectives=["mae"], reference_point=[17.4])
    assert (alone.objectives, alone.costs) == (["mae"], ["params"])


def test_fronts_hold_networks_inside_their_own_limits(limited: StudyStore) -> None:
    found = with_other(limited, constraints=[])
    feasible = {trial.number for trial in summarise(limited).trials if trial.feasible}
    inside, every = ({one.trial for one in study.fronts["latency"]} for study in found.studies)
    assert inside <= feasible
    assert found.studies[1].fronts["latency"][0].cost <= found.studies[0].fronts["latency"][0].cost
    assert every
    assert any(note.startswith("The limits differ") for note in found.notes)


def test_a_study_without_trials_has_no_front(confirmed: StudyStore, empty_store: StudyStore) -> None:
    """What is there is shown, and what is not is said."""
    summaries = [summarise(confirmed), summarise(empty_store).model_copy(update={"trials": [], "front": []})]
    found = compare_studies(summaries, [confirmed.meta, empty_store.meta])
    assert found.studies[1].fronts == {"latency": []}
    assert {one.words for one in found.differences} == {"not paired: B has no front"}


def test_what_differs_is_listed_and_nothing_else(confirmed: StudyStore) -> None:
    confirmed.meta = confirmed.meta.model_copy(update={"space_text": SPACE})
    found = with_other(
        confirmed,
        sampler="nsga2",
        seed=3,
        teacher_hash="u" * 24,
        constraints=["params<=3%"],
        space_text=SPACE.replace("1.0", "0.5").replace("value = 2", "low = 1\nhigh = 4\nkind = 'int'"),
        versions=confirmed.meta.versions | {"torch": "2.9.0"},
    )
    differing = {one.name: one.values for one in found.settings}
    teacher = "298,810 parameters, validation MAE 14.20"
    assert differing == {
        "sampler": ["tpe", "nsga2"],
        "seed": ["0", "3"],
        "limits": ["none", "params<=3%"],
        "teacher": [f"{teacher} (t)", f"{teacher} (uuuuuu)"],
        "beta": ["0 to 1 where loss is rd-l2", "0 to 0.5 where loss is rd-l2"],
        "width": ["fixed at 2", "1 to 4, whole numbers"],
        "torch version": ["2.13.0", "2.9.0"],
    }


def test_the_object_is_short_in_a_notebook_and_whole_in_json_and_in_a_frame(confirmed: StudyStore) -> None:
    found = with_other(confirmed)
    assert repr(found).startswith("<comparison on <script>")
    assert "A pemsd8-mae-latency, B other; Best networks, on the test split: A and B are the same." in repr(found)
    plain = json.loads(json.dumps(found.model_dump(mode="json"), allow_nan=False))
    assert Comparison.model_validate(plain) == found
    assert set(plain) == set(Comparison.model_json_schema()["properties"])
    frame = found.frame
    front = summarise(confirmed).front
    assert list(frame["trial"].dropna()) == front * 2
    assert set(frame["letter"]) == {"A", "B"}
    assert {"val_mae", "test_mae", "test_mae_std", "seeds", "params", "flops", "latency"} <= set(frame.columns)
    assert list(frame[frame["network"] == "teacher"]["params"]) == [298_810.0] * 2


def test_metadata_are_not_changed(confirmed: StudyStore) -> None:
    """Comparing only reads."""
    before = StudyMeta.model_validate_json(confirmed.meta.model_dump_json())
    compare_studies([summarise(confirmed)] * 2, [confirmed.meta] * 2)
    assert confirmed.meta == before
