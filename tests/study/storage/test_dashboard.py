"""optuna-dashboard shows a study as intended; the tests ask it over its own interface."""

import io
import json
from collections.abc import Callable
from typing import Any

import pytest

from kdsearch.measure.objectives import Objective
from kdsearch.record import TrialRecord
from kdsearch.study.constraints import Constraint
from kdsearch.study.search.ask_tell import ask, open_run, tell
from kdsearch.study.space.space import SearchSpace
from kdsearch.study.storage.store import StudyStore

optuna_dashboard = pytest.importorskip("optuna_dashboard", reason="optuna-dashboard is not installed")

LIMITS = [Constraint("latency", 2.0), Constraint("params", 200)]


def get(store: StudyStore, path: str) -> dict[str, Any]:
    """Send one request to the dashboard's web application on the study's own storage."""
    answers: list[str] = []
    environment = {"REQUEST_METHOD": "GET", "PATH_INFO": path, "QUERY_STRING": "", "wsgi.input": io.BytesIO()}
    environment |= {"SERVER_NAME": "localhost", "SERVER_PORT": "80", "wsgi.url_scheme": "http"}
    app = optuna_dashboard.wsgi(store.storage)
    body = app(environment, lambda status, *_: answers.append(status))
    content = b"".join(body)
    assert answers == ["200 OK"], content
    answer: dict[str, Any] = json.loads(content)
    return answer


def test_the_dashboard_shows_trials_values_states_and_feasibility(
    store: StudyStore, space: SearchSpace, objectives: list[Objective], record: Callable[..., TrialRecord]
) -> None:
    """Latency is 10 / (1 + error): the limit of 2 ms is kept from an error of 4 on."""
    open_run(store, space, "tpe", seed=1)
    errors = {0: 3.0, 1: 5.0, 2: 9.0, 3: 1.0, 4: 3.0, 5: 4.0}
    states = {3: "PRUNED", 4: "FAIL"}
    for number, error in errors.items():
        asked = ask(store, space)
        told = record(asked.params, 7, error).model_copy(update={"state": states.get(number, "COMPLETE")})
        tell(store, asked, told, None, objectives, LIMITS)
    ask(store, space)

    (study,) = get(store, "/api/studies")["study_summaries"]
    assert (study["study_name"], study["directions"]) == ("city", ["minimize", "minimize"])
    shown = get(store, f"/api/studies/{study['study_id']}")
    assert shown["objective_names"] == ["mae", "latency"]
    trials = shown["trials"]
    assert [trial["state"] for trial in trials] == [
        "Complete",
        "Complete",
        "Complete",
        "Pruned",
        "Fail",
        "Complete",
        "Running",
    ]
    for trial in trials:
        wanted = None
        if trial["state"] == "Complete":
            reached = errors[trial["number"]]
            wanted = pytest.approx([reached, 10 / (1 + reached)])
        assert trial.get("values") == wanted
    # The page calls a trial feasible where every number of "constraints" is at most 0.
    feasible = [all(value <= 0 for value in trial["constraints"]) for trial in trials]
    assert feasible == [False, True, True, False, True, True, True]
    assert [bool(trial["constraints"]) for trial in trials] == [True, True, True, True, False, True, False]
    attributes = {one["key"] for one in trials[0]["user_attrs"]}
    assert {"route", "seed", "cost"} <= attributes
