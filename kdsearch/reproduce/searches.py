"""Tables 6 and 9: our searches for settings, compared with the settings that the paper's searches found."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

from kdsearch.report.numbers import mae
from kdsearch.report.summarise import summarise
from kdsearch.report.summary import TrialSummary
from kdsearch.report.verdicts import Outcome, corrected_together
from kdsearch.reproduce.arms import SETTINGS, Arm, Claim, arms_of
from kdsearch.reproduce.claims import Judgement
from kdsearch.reproduce.results import ArmResult, Kind, arm_outcome, claim_outcomes, read_arms
from kdsearch.reproduce.runs import (
    CANDIDATES,
    Listener,
    ReproduceOptions,
    paper_setup,
    run_search_beside,
    study_name,
    with_paper_channel,
)
from kdsearch.reproduce.tables import Cell, cell_of, head_of
from kdsearch.study.space.parameters import Scalar
from kdsearch.study.storage.store import StudyStore

__all__ = ["FoundLine", "SearchReproduction", "found_line", "reproduce_search"]

TABLE_ARMS = {
    "table6": ("rd-l2", "rd-kl", "skd", "ord", "stcd"),
    "table9": ("pruned-97", "pruned-75", "pruned-50", "pruned-25"),
}
FIXED = ("route", "loss", "width", "source", "keep")
TITLES = {
    "table6": "Table 6: settings of each loss, the paper's and those a search finds",
    "table9": "Table 9: settings of distilled pruning, the paper's and those a search finds",
}


class FoundLine(BaseModel):
    """Result of one search.

    Attributes:
        setting: The loss, or the share that is pruned.
        trials: State -> number of trials.
        published: Settings that the paper found.
        found: Settings that our search found.
        published_errors: Test MAE of the paper's setting, horizon -> mean and spread over seeds.
        found_errors: The same of ours, with the same seeds and epochs.
        plain_errors: The same of ours without a teacher in the loss.
        judgements: What ours is compared with -> what its pairs say: "published" is the paper's setting; "epochs" and
            "seconds" are ours without a teacher in the loss, trained for the same epochs or the same CPU seconds.
    """

    model_config = ConfigDict(frozen=True)

    setting: str
    trials: dict[str, int]
    published: dict[str, Any]
    found: dict[str, Any]
    published_errors: dict[str, Cell]
    found_errors: dict[str, Cell]
    plain_errors: dict[str, Cell]
    judgements: dict[str, Judgement]
    study: str


class SearchReproduction(BaseModel):
    """Reproduction of Table 6 or 9."""

    model_config = ConfigDict(frozen=True)

    table: str
    title: str
    head: list[str]
    lines: list[FoundLine]
    unit: str


def reproduce_search(table: str, options: ReproduceOptions, to: Listener) -> SearchReproduction:
    """Search batch, learning rate and weights of each loss (Table 6) or of each pruned share (Table 9).

    All trials train equally long, with one seed. The best few by validation error and the paper's setting are then
    trained with every seed, and so are their twins without a teacher in the loss: a search may have found no more than
    a better batch and learning rate. The setting with the least mean validation error over the seeds counts as found;
    the test split chooses nothing.

    Args:
        table: "table6" or "table9".
        options: Options of the command.
        to: Receives messages and events.

    Raises:
        KdsearchError: With one sentence that names the mistake and its remedy.
    """
    level = options.level  # an unknown one is refused before anything is read
    options = with_paper_channel(options)
    series, note = options.split_dataset()
    arms, setup = arms_of(series.source.name, level), paper_setup(level, ())
    found, head = [], list[str]()
    for number, name in enumerate(TABLE_ARMS[table], 1):
        what, arm = f"{table}-{name}", arms[name]
        fixed = {one: arm.params[one] for one in FIXED if one in arm.params}
        to.on_part(f"search {number} of {len(TABLE_ARMS[table])}, {name}", options.trials)
        store = run_search_beside(options, setup, what, fixed, arm, to)
        found.append(found_line(name, arm, store, study_name(options, what)))
        head = head_of(options, level.words, note, series, store.meta)
        store.close()
    judged = corrected_together([outcomes for _, outcomes in found])
    lines = [
        line.model_copy(
            update={
                "judgements": {
                    name: Judgement.of(outcome, line.found_errors["all"].mean) for name, outcome in outcomes.items()
                }
            }
        )
        for (line, _), outcomes in zip(found, judged, strict=True)
    ]
    return SearchReproduction(table=table, title=TITLES[table], head=head, lines=lines, unit=series.unit)


def found_line(name: str, published: Arm, store: StudyStore, study: str) -> tuple[FoundLine, dict[str, Outcome]]:
    """Read a search's line, and the comparisons that are judged with those of the other lines."""
    summary = summarise(store)
    best = min(summary.best(CANDIDATES), key=_over_the_seeds)
    ours = Arm("found", "", {one: best.params[one] for one in (*FIXED, *SETTINGS, "epochs") if one in best.params})
    results = read_arms(store, {"published": published, "found": ours})
    outcomes = {"published": arm_outcome(results["found"], results["published"])}
    outcomes |= claim_outcomes(Claim(f"a teacher helps: {name}", ("found",)), results)
    states = [trial.state for trial in summary.trials]
    line = FoundLine(
        setting=name,
        trials={state: states.count(state) for state in sorted(set(states))},
        published=_searched(published.params),
        found=_searched(ours.params),
        published_errors=_cells(results["published"]),
        found_errors=_cells(results["found"]),
        plain_errors=_cells(results["found"], "twin"),
        judgements={},
        study=study,
    )
    return line, outcomes


def _over_the_seeds(trial: TrialSummary) -> tuple[int, float]:
    """Give the sort key of a trial: seeds that gave no network, then the mean validation error of the others."""
    assert trial.confirmed is not None, "the best was confirmed"
    return trial.confirmed.asked_seeds - len(trial.confirmed.seeds), mae(trial.confirmed.mean)


def _cells(result: ArmResult, kind: Kind = "own") -> dict[str, Cell]:
    """Summarise the test MAE over the seeds, by horizon."""
    horizons = next(iter(result.runs[kind].values())).metrics["test"]["mae"]
    return {horizon: cell_of(list(result.errors(kind, horizon=horizon).values())) for horizon in horizons}


def _searched(params: Mapping[str, Scalar]) -> dict[str, Any]:
    return {name: params[name] for name in SETTINGS if name in params}
