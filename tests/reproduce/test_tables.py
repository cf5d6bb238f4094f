"""Tables of a tiny dataset, with real trainings: none is repeated, and every cell has its seeds."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from kdsearch.data.series import Series
from kdsearch.errors import StudyError
from kdsearch.record import ShouldContinue, TrialRecord, never_stop
from kdsearch.reproduce import arms, searches
from kdsearch.reproduce.arms import Fidelity
from kdsearch.reproduce.commands import Listener, Reproduced, ReproduceOptions, reproduced
from kdsearch.study.storage.listing import find_study
from kdsearch.trial.run import TrialRunner
from tests.ring import write_ring


@pytest.fixture(scope="module")
def options(source: Series, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReproduceOptions]:
    """Make options for two seeds of one epoch in this process; all tests of the module share the teachers."""
    folder = tmp_path_factory.mktemp("reproduce")
    write_ring(folder, source)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("kdsearch.pipeline.setup.STID", {"family": "stid", "width": 4, "epochs": 1})
        patch.setitem(arms.FIDELITIES, "quick", Fidelity(1, 10, "one epoch"))
        yield ReproduceOptions(
            "ring",
            seeds=2,
            trials=3,
            executor="local",
            studies=folder / "studies",
            data_dir=folder,
            command="by a test",
        )


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """List the losses of the trials that the test trains."""
    seen: list[str] = []
    honest = TrialRunner.evaluate

    def counted(
        runner: TrialRunner, params: dict[str, object], seed: int, should_continue: ShouldContinue = never_stop
    ) -> tuple[TrialRecord, bytes | None]:
        seen.append(str(params["loss"]))
        return honest(runner, params, seed, should_continue)

    monkeypatch.setattr(TrialRunner, "evaluate", counted)
    return seen


def silent(*_: object) -> None:
    """Take what a listener is told."""


def derive(table: str, options: ReproduceOptions, on_part: Callable[[str, int], None] = silent) -> Reproduced:
    """Reproduce a table without messages."""
    return reproduced(table, options, Listener(silent, silent, silent, on_part))


def test_a_device_that_is_not_there_is_refused_before_training(options: ReproduceOptions, trained: list[str]) -> None:
    """The question reaches the run that would use it."""
    with pytest.raises(StudyError, match="no device 'cuda:99' here"):
        derive("table2", replace(options, device="cuda:99"))
    assert trained == []


def test_a_table_trains_what_it_lacks_and_nothing_twice(options: ReproduceOptions, trained: list[str]) -> None:
    """Table 4 has a row of Table 2's; both again train nothing."""
    second = derive("table2", options)
    assert "ord" in trained
    trained.clear()
    derive("table4", options)
    assert "ord" not in trained
    assert {"tcd", "scd", "stcd"} <= set(trained)
    trained.clear()
    assert derive("table2", options).json_object == second.json_object
    assert trained == []
    lines = second.json_object["lines"]
    assert [line["seeds"] for line in lines] == [1, 2, 2, 2, 2, 2]
    assert all(line["cells"]["mae"]["45"]["published"] > 1 for line in lines)
    assert all(line["cells"]["mae"]["all"]["standard_deviation"] > 0 for line in lines[1:])
    assert all("not the paper's data" in head for head in second.head[:1])
    store = find_study("ring-izadi-tables-quick", options.studies, None)
    assert store.meta.command == "by a test"
    store.close()


def test_claims_are_judged_at_equal_epochs_and_at_equal_seconds(options: ReproduceOptions) -> None:
    """Every claim of the paper that the rows of a table allow, each with its paired seeds."""
    parts: list[tuple[str, int]] = []
    eighth = derive("table8", options, lambda *part: parts.append(part))
    assert parts[0] == ("search 1 of 2, the rows of the table", 3)
    assert [line["title"] for line in eighth.json_object["lines"]][:2] == ["base", "base, 25 % pruned, no distillation"]
    claims = eighth.json_object["claims"]
    assert [claim["budget"] for claim in claims] == ["epochs", "seconds"] * 3
    assert {len(claim["judgement"]["gains"]) for claim in claims} == {2}
    assert all(claim["judgement"]["days"] >= 1 for claim in claims)
    assert eighth.tables[-1][0].startswith("Claims; less MAE")


def test_attention_is_a_share_of_the_targets(options: ReproduceOptions) -> None:
    """A higher threshold leaves less to the teacher; it needs no training beyond the rows'."""
    third = derive("table3", options)
    shares = {line["title"]: line["cells"]["attention"]["share, %"] for line in third.json_object["lines"]}
    assert all(0 < cell["mean"] < 100 for cell in shares.values())
    assert shares["L_STCD"]["mean"] > shares["L_ORD"]["mean"]  # PeMSD7's thresholds 0.170 and 0.593
    assert shares["L_ORD"]["published"] == 3.009


def _said(judgement: dict[str, Any]) -> str:
    return f"{judgement['verdict']}: {judgement['reason']}" if judgement["reason"] else str(judgement["verdict"])


def test_a_search_stands_beside_the_papers_setting(options: ReproduceOptions, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both with every seed; the paper's setting is the study's first trial, and none is stopped."""
    monkeypatch.setitem(searches.TABLE_ARMS, "table6", ("ord",))
    parts: list[tuple[str, int]] = []
    found = derive("table6", options, lambda *part: parts.append(part))
    assert parts == [("search 1 of 1, ord", 3)]
    (line,) = found.json_object["lines"]
    assert line["trials"] == {"COMPLETE": 3}
    assert line["published"] == {"batch": 50, "learning_rate": 1e-3, "alpha1": 0.593}
    assert set(line["found"]) == set(line["published"])
    judgements = line["judgements"]
    assert set(judgements) == {"published", "epochs", "seconds"}
    assert len(judgements["published"]["gains"]) == 2
    with_teacher, without = line["found_errors"]["all"]["mean"], line["plain_errors"]["all"]["mean"]
    assert without - with_teacher == pytest.approx(sum(judgements["epochs"]["gains"]) / 2)
    assert [row[1] for row in found.tables[0][2]] == ["the paper's", "found", "found, no teacher"]
    assert [row[2] for row in found.tables[0][2]][::2] == ["batch 50, learning_rate 0.001, alpha1 0.593", ""]
    assert [row[2:4] for row in found.tables[1][2]] == [
        ["the paper's", _said(judgements["published"])],
        ["no teacher, same epochs", _said(judgements["epochs"])],
        ["no teacher, same CPU seconds", _said(judgements["seconds"])],
    ]
    store = find_study("ring-izadi-table6-ord-quick", options.studies, None)
    means = {
        trial.params["alpha1"]: sum(
            one.metrics["val"]["mae"]["all"] for one in trial.confirmation.trained("own", "further")
        )
        for trial in store.trials()
        if trial.confirmation is not None
    }
    assert len(means) == 3
    assert line["found"]["alpha1"] == min(means, key=lambda alpha1: means[alpha1])
    first = store.trials()[0]
    assert (first.state, first.params["alpha1"]) == ("COMPLETE", 0.593)
    assert first.confirmation is not None
    store.close()


def test_an_unknown_table_is_named() -> None:
    """Before anything is read."""
    with pytest.raises(StudyError, match="there is no reproduction of 'table99'; choose one of claims, room, table1"):
        derive("table99", ReproduceOptions("ring"))


@pytest.mark.parametrize("table", ["table2", "table6", "room"])
def test_an_unknown_fidelity_is_named_before_data_is_read(table: str) -> None:
    """The dataset is not there either; that is not what is said."""
    with pytest.raises(StudyError, match="'lots'"):
        derive(table, ReproduceOptions("nowhere", fidelity="lots"))
