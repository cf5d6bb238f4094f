"""Tables 6 and 9: the searches behind the paper's settings, and whether ours find better ones."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

from kdsearch.report.summary import summarise
from kdsearch.reproduce.arms import Arm, arms_of
from kdsearch.reproduce.results import ArmResult, read_arms
from kdsearch.reproduce.runs import Listener, ReproduceOptions, paper_setup, run_search_beside, study_name
from kdsearch.reproduce.tables import Cell, cell_of, head_of
from kdsearch.reproduce.verdicts import Verdict, verdict
from kdsearch.running import prepared_dataset
from kdsearch.study.parameters import Scalar
from kdsearch.study.store import StudyStore

__all__ = ["FoundLine", "SearchReproduction", "reproduce_search"]

SEARCHED = ("batch", "learning_rate", "alpha1", "alpha2", "alpha3", "alpha", "beta")
"""In the order of the columns of Table 6."""

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
    """One search.

    Attributes:
        setting: The loss, or the share that is pruned.
        trials: State -> how many.
        published: What the paper found.
        found: What our search found.
        published_errors: Test MAE of the paper's setting, horizon -> mean and spread over seeds.
        found_errors: The same of ours, with the same seeds and epochs.
        verdict: Whether ours is better.
        gains: Test MAE of the paper's setting minus that of ours, seed by seed.
    """

    model_config = ConfigDict(frozen=True)

    setting: str
    trials: dict[str, int]
    published: dict[str, Any]
    found: dict[str, Any]
    published_errors: dict[str, Cell]
    found_errors: dict[str, Cell]
    verdict: Verdict
    gains: list[float]
    study: str


class SearchReproduction(BaseModel):
    """Table 6 or 9 derived again."""

    model_config = ConfigDict(frozen=True)

    table: str
    title: str
    head: list[str]
    lines: list[FoundLine]
    unit: str


def reproduce_search(table: str, options: ReproduceOptions, to: Listener) -> SearchReproduction:
    """Search batch, learning rate and weights of each loss (Table 6) or of each pruned share (Table 9).

    Every trial trains as long as every other and sees one seed; the best one by validation error and the paper's
    setting are then trained with every seed.

    Raises:
        KdsearchError: With one sentence that names the mistake and its remedy.
    """
    prepared, note = prepared_dataset(options.dataset, "stgcn", options.data_dir, options.channel)
    arms, setup = arms_of(prepared.series.name, options.level), paper_setup(options.level, ())
    lines, head = [], []
    for name in TABLE_ARMS[table]:
        what, arm = f"{table}-{name}", arms[name]
        fixed = {one: arm.params[one] for one in FIXED if one in arm.params}
        to.talk(f"{table}, {name}: {options.trials} trials")
        store = run_search_beside(options, setup, what, fixed, arm, to)
        lines.append(_found(name, arm, store, study_name(options, what)))
        head = head_of(options, options.level.words, note, prepared, store.meta)
        store.close()
    return SearchReproduction(table=table, title=TITLES[table], head=head, lines=lines, unit=prepared.unit)


def _found(name: str, published: Arm, store: StudyStore, study: str) -> FoundLine:
    summary = summarise(store)
    best = summary.front_trials[0]
    ours = Arm("found", "", {one: best.params[one] for one in (*FIXED, *SEARCHED, "epochs") if one in best.params})
    results = read_arms(store, {"published": published, "found": ours})
    sides = {side: _errors(results, side) for side in ("published", "found")}
    gains = [sides["published"]["all"][seed] - error for seed, error in sides["found"]["all"].items()]
    states = [trial.state for trial in summary.trials]
    return FoundLine(
        setting=name,
        trials={state: states.count(state) for state in sorted(set(states))},
        published=_searched(published.params),
        found=_searched(ours.params),
        published_errors={horizon: cell_of(list(errors.values())) for horizon, errors in sides["published"].items()},
        found_errors={horizon: cell_of(list(errors.values())) for horizon, errors in sides["found"].items()},
        verdict=verdict(gains).verdict,
        gains=gains,
        study=study,
    )


def _errors(results: Mapping[str, ArmResult], side: str) -> dict[str, dict[int, float]]:
    """Test MAE by horizon and seed."""
    runs = results[side].runs["own"]
    horizons = next(iter(runs.values())).metrics["test"]["mae"]
    return {horizon: results[side].errors(horizon=horizon) for horizon in horizons}


def _searched(params: Mapping[str, Scalar]) -> dict[str, Any]:
    return {name: params[name] for name in SEARCHED if name in params}
