"""The course of a run once its teacher is trained: search, confirmation, report."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch
from optuna.exceptions import StorageInternalError
from sqlalchemy.exc import SQLAlchemyError

from kdsearch.confirm.confirm import confirm
from kdsearch.errors import RunError
from kdsearch.measure.files import Files
from kdsearch.measure.objectives import parse_objectives
from kdsearch.pipeline.begin import with_baselines
from kdsearch.pipeline.budget import Budget
from kdsearch.pipeline.fitting import taught_space
from kdsearch.pipeline.options import RunOptions
from kdsearch.pipeline.setup import make_features
from kdsearch.pipeline.timely import timely_space
from kdsearch.pipeline.trainer import TrainingEvent
from kdsearch.record import Baseline, TrialRecord
from kdsearch.report.numbers import duration
from kdsearch.report.page.page import write_page
from kdsearch.report.summarise import summarise
from kdsearch.report.summary import StudySummary
from kdsearch.study.executors.local import Executor
from kdsearch.study.run_search import run_search
from kdsearch.study.search.adopt import adopt
from kdsearch.study.search.driver import StudyEvent
from kdsearch.study.space.space import SearchSpace
from kdsearch.study.storage.store import StudyStore
from kdsearch.trial.run import TrialRunner

__all__ = ["Course", "Event", "Message", "RunResult", "Training"]

Message = Callable[[str], None]
Event = Callable[[StudyEvent], None]
Training = Callable[[TrainingEvent], None]


@dataclass(frozen=True)
class RunResult:
    """Where a run ended."""

    summary: StudySummary
    report: Path
    storage: str


@dataclass(eq=False)
class Course:
    """One run, its data read and its teacher trained.

    Attributes:
        options: What was asked.
        space: What is searched.
        store: The study, closed at the end.
        runner: Trains and measures one configuration.
        files: Measures exported files; None where nobody asks for them.
        baselines: What every trial is compared with.
        records: Of the networks among them that were trained now, by name.
        executor: Runs trials and trainings.
        budget: Time of the run.
        on_message: Takes sentences for people.
        on_event: Takes the events of the search.
    """

    options: RunOptions
    space: SearchSpace
    store: StudyStore
    runner: TrialRunner
    files: Files | None
    baselines: list[Baseline]
    records: dict[str, TrialRecord]
    executor: Executor
    budget: Budget
    on_message: Message
    on_event: Event

    def complete(self) -> RunResult:
        """Search, confirm and report; the report is written however the run ends."""
        summary: StudySummary | None = None
        readable = True
        try:
            self.runner = with_baselines(self.store, self.runner, self.baselines)
            self._narrow()
            self._adopt()  # at once: what is trained is not to wait for anything that may be stopped
            make_features(self.runner, self.space, self.on_message)
            self._announce()
            self._search()
            self._confirm()
            self._check_trained()
            summary = summarise(self.store, self.options.prefer)
            return RunResult(summary, self.report, self.store.url)
        except (SQLAlchemyError, StorageInternalError):
            readable = False  # reading it for a report would fail too, and hide this error
            raise
        finally:
            if readable:
                write_page(summary or summarise(self.store, self.options.prefer), self.report, self.on_message)
            self.store.close()

    @property
    def report(self) -> Path:
        """Path of the report."""
        return self.options.studies / self.store.meta.study / "report.html"

    def _narrow(self) -> None:
        """Leave out what does not fit the study's teacher, which may be another run's, and what has no time."""
        series, teacher = self.runner.series, self.runner.teacher.inside.network(torch.device("cpu"))
        self.space, said = taught_space(self.space, series, teacher)
        if self.budget.search_until is not None:
            seconds = self.budget.search_until - time.monotonic()
            self.space, shortened = timely_space(self.space, series, seconds, self.options.device)
            said += shortened
        for sentence in said:
            self.on_message(sentence)

    def _announce(self) -> None:
        """Say which limits and warnings stand before the first trial."""
        begun = summarise(self.store, self.options.prefer)
        for sentence in [*(f"limit: {limit.words}" for limit in begun.limits), *begun.warnings]:
            self.on_message(sentence)

    def _adopt(self) -> None:
        """Put networks that were trained already onto the front, where the search is among families.

        The teacher is what all others are measured by, and no trial.
        """
        families = self.space.values_of("family")
        if len(families) < 2:
            return
        shown = {line.name: line for line in self.store.baselines()}
        networks = self.runner.baselines
        for name, trained in self.records.items():
            if name != "teacher" and trained.params["family"] in families:
                record = trained.model_copy(update={"cost": shown[name].cost, "baseline": name})
                weights = networks[name].checkpoint.to_bytes()
                objectives = parse_objectives(self.options.objectives)
                number = adopt(self.store, self.space, record, weights, objectives)
                if number is not None:
                    self.on_message(f"{name} is trial {number}: it stands on the same front")

    def _check_trained(self) -> None:
        """Say that the time was too short for anything.

        Raises:
            RunError: No trial has given a network.
        """
        if self.budget.seconds is not None and not any(one.state == "COMPLETE" for one in self.store.trials()):
            raise RunError(
                f"no trial ended within {duration(self.budget.seconds)}; give a larger --budget, a smaller space, or "
                "--trials without a budget"
            )

    def _search(self) -> None:
        options, until = self.options, self.budget.search_until
        run_search(
            self.store,
            self.space,
            parse_objectives(options.objectives),
            self.runner,
            self.executor,
            trials=options.trials,
            budget_seconds=None if until is None else until - time.monotonic(),
            seed=options.seed,
            sampler=options.sampler,
            stopping=str(options.stopping),
            on_event=self.on_event,
        )

    def _confirm(self) -> None:
        options = self.options
        also = [point.params for point in self.space.points] if options.confirm_points else []
        if options.confirm_best:
            also += [trial.params for trial in summarise(self.store).best(options.confirm_best)]
        confirm(
            self.store,
            self.runner,
            self.executor,
            seeds=options.confirm_seeds,
            on_message=self.on_message,
            files=self.files,
            also=also,
            until=self.budget.twins_until,
            end=self.budget.end,
        )
