"""Trials of a study as a frame."""

import math

from kdsearch.report.frames import trials_frame
from kdsearch.report.summarise import summarise
from kdsearch.study.storage.store import StudyStore
from kdsearch.trial.config import TrialConfig


def test_a_trial_is_a_row_and_what_it_lacks_is_missing(confirmed: StudyStore) -> None:
    """Failed trials have no errors; only the confirmed front has test errors."""
    summary = summarise(confirmed)
    frame = trials_frame(summary)
    assert frame["number"].tolist() == list(range(30))
    assert not frame.columns.duplicated().any()
    assert frame.loc[frame["state"] == "FAIL", "val_mae_all"].isna().all()
    assert set(frame.loc[frame["test_mae_all"].notna(), "number"]) >= set(summary.front)
    for trial, (_, row) in zip(summary.trials, frame.iterrows(), strict=True):
        assert row["learning_rate"] == trial.params["learning_rate"]
        assert trial.cost is not None
        assert trial.cost.latency_ms is not None
        assert row["latency_ms"] == trial.cost.latency_ms.p50
        assert math.isnan(row["val_rmse_45"]) or row["val_rmse_45"] == trial.metrics["val"]["rmse"]["45"]


def test_no_setting_is_called_as_another_column(confirmed: StudyStore) -> None:
    others = set(trials_frame(summarise(confirmed)).columns) - set(TrialConfig.model_fields)
    assert {"number", "state", "reason", "parameters", "flops", "latency_ms", "cpu_seconds"} <= others


def test_a_study_without_trials_is_an_empty_frame(empty_store: StudyStore) -> None:
    assert trials_frame(summarise(empty_store)).empty
