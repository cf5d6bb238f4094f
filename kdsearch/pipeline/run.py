"""`kdsearch run` as a function: data, teacher, search, confirmation, report."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from kdsearch.confirm.confirm import confirm
from kdsearch.data.answers import Answers, read_answers
from kdsearch.data.series import Series
from kdsearch.data.split import SplitSeries
from kdsearch.errors import DataError, RunError, StudyError
from kdsearch.measure.baselines import answers_baseline, naive_baselines
from kdsearch.measure.files import Files
from kdsearch.measure.latency import usable_cores
from kdsearch.measure.objectives import parse_objectives
from kdsearch.pipeline.begin import begin_study, check_errors, check_study, study_meta, warm_space, with_baselines
from kdsearch.pipeline.budget import Budget
from kdsearch.pipeline.files import check_files, study_files, with_files
from kdsearch.pipeline.fitting import answered_space, fitting_families, fitting_teachers, taught_space
from kdsearch.pipeline.options import RunOptions, changed_steps
from kdsearch.pipeline.setup import (
    check_beside_teacher,
    check_device,
    make_features,
    protocol_of,
    shared_networks,
    split_dataset,
)
from kdsearch.pipeline.spaces import check_space, extended_space
from kdsearch.record import Baseline, TrialRecord
from kdsearch.report.numbers import duration, error, mae
from kdsearch.report.page.page import write_page
from kdsearch.report.summarise import summarise
from kdsearch.report.summary import StudySummary
from kdsearch.study.executors.local import Executor, LocalExecutor
from kdsearch.study.run_search import run_search
from kdsearch.study.search.adopt import adopt
from kdsearch.study.search.driver import StudyEvent
from kdsearch.study.search.stopping import STOPPING_RULES
from kdsearch.study.space.space import SearchSpace
from kdsearch.study.storage.database import failures_named
from kdsearch.study.storage.store import StudyStore
from kdsearch.training.schedules import SCHEDULES
from kdsearch.trial.config import TrialConfig
from kdsearch.trial.presets import preset_values
from kdsearch.trial.run import TrialRunner
from kdsearch.trial.teacher_settings import teacher_config

__all__ = ["Run", "RunResult", "run", "run_space"]


@dataclass(frozen=True)
class RunResult:
    """Where a run ended."""

    summary: StudySummary
    report: Path
    storage: str


MOST_TIMES_NAIVE = 3.0
"""Error of a file of forecasts, as a multiple of the worse of last value and calendar, above which it is refused."""

Message = Callable[[str], None]
Event = Callable[[StudyEvent], None]


def _silent(_: object) -> None:
    """Take a message or an event, and tell nobody."""


def run(
    options: RunOptions,
    on_message: Message | None = None,
    on_event: Event | None = None,
    *,
    data: Series | None = None,
) -> RunResult:
    """Search, confirm, report; the same options again go on where an earlier run ended.

    >>> from kdsearch import RunOptions, run
    >>> options = RunOptions(dataset="demo", space="demo", trials=8, executor="local")
    >>> result = run(options, print)  # doctest: +SKIP
    >>> result.summary.answer  # doctest: +SKIP

    Args:
        options: What was asked.
        on_message: Takes sentences for people.
        on_event: Takes the events of the search.
        data: A series in memory (`Series.from_frame`), in place of the dataset that the options name.

    Raises:
        KdsearchError: With one sentence that names the mistake and its remedy.
    """
    space = extended_space(options.space, options.imports, options.sets, options.fixes)
    return run_space(space.with_values(preset_values(options.preset)), options, on_message, on_event, data=data)


def run_space(
    space: SearchSpace,
    options: RunOptions,
    on_message: Message | None = None,
    on_event: Event | None = None,
    *,
    data: Series | None = None,
) -> RunResult:
    """Run in a space that is at hand, with what the preset fixes; the space that the options name is not looked up.

    Raises:
        KdsearchError: With one sentence that names the mistake and its remedy.
    """
    budget, tell = Budget(options.budget_seconds), on_message or _silent
    check_files(options)
    if STOPPING_RULES[str(options.stopping)].foresees and not _can_be_foreseen(space):
        schedules = " or ".join(schedule.name for schedule in SCHEDULES.values() if schedule.foreseeable)
        tell(
            f"early stopping is off: its rule foresees the {schedules} schedule, and would stop good trials of another"
        )
        options = replace(options, stopping="none")
    if options.warm_start is not None:
        space = warm_space(space, options)
    if data is not None and options.dataset is not None:
        raise StudyError(f"data and dataset = {options.dataset!r} are both given; leave one of them out")
    dataset = data or options.dataset or space.dataset
    series, data_note = split_dataset(
        dataset,
        protocol_of(options.protocol, space, dataset, options.data_dir, allow_outside=options.allow_outside),
        options.data_dir,
        options.channel,
        fill=options.fill,
        readings=options.readings,
        allow_outside=options.allow_outside,
        changes=changed_steps(options.history, options.horizon, options.report_at),
    )
    tell(f"{series.source.name}: {data_note}; {series.protocol.describe(series.source)}")
    for note in series.source.notes:
        tell(note)
    check_device(options.device)
    space, left_out = fitting_families(fitting_teachers(space, series, options.preset), series)
    for sentence in left_out:
        tell(sentence)
    for settings in space.teachers:
        check_space(space, series, teacher_config(series, options.preset, settings))
    check_beside_teacher(series, options.preset, space)
    naive = naive_baselines(series, ("val",))
    check_errors(options, naive[0], series.source.name)
    answers = None if options.teacher is None else read_answers(Path(options.teacher), series)
    if answers is not None:
        naive = [*naive, _scored_answers(answers, series, naive, tell)]
        space = _answered(answers, space, tell)
    executor, meta = _executor(options), study_meta(options, space, series, data_note, answers)
    kept = check_study(options, meta)  # nor is a wrong address, of either kind, to cost a teacher
    with executor as workers:
        files = study_files(options, meta, naive[0], series, tell)
        shared = shared_networks(options, space, series, kept, budget, tell)
        runner = replace(shared.runner, answers=answers)
        runner, networks = with_files(options, files, kept, runner, shared.baselines)
        baselines = [*naive, *networks]
        space, left_out = taught_space(space, series, runner.teacher.inside.network(torch.device("cpu")))
        for sentence in left_out:
            tell(sentence)
        store = begin_study(options, meta, baselines)
        with failures_named(store.url):
            return Run(
                options,
                space,
                store,
                runner,
                files,
                baselines,
                shared.records,
                workers,
                budget,
                tell,
                on_event or _silent,
            ).complete()


@dataclass(eq=False)
class Run:
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
        try:
            self.runner = with_baselines(self.store, self.runner, self.baselines)
            make_features(self.runner, self.space, self.on_message)
            self._announce()
            self._adopt()
            self._search()
            self._confirm()
            self._check_trained()
            summary = summarise(self.store, self.options.prefer)
            return RunResult(summary, self.report, self.store.url)
        finally:
            write_page(summary or summarise(self.store, self.options.prefer), self.report, self.on_message)
            self.store.close()

    @property
    def report(self) -> Path:
        """Path of the report."""
        return self.options.studies / self.store.meta.study / "report.html"

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


def _scored_answers(answers: Answers, series: SplitSeries, naive: list[Baseline], tell: Message) -> Baseline:
    """Score a file of forecasts beside the naive baselines.

    Raises:
        DataError: Its errors are so large that it cannot be of these readings.
    """
    line = answers_baseline(answers, series, ("val",))
    own, worst = mae(line.metrics), max(mae(one.metrics) for one in naive)
    if own > MOST_TIMES_NAIVE * worst:
        raise DataError(
            f"{answers.name} errs by {error(own, series.unit)} on the validation split, last value and calendar by "
            f"{error(worst)} at most; its forecasts are in another unit, or of another time or place"
        )
    tell(
        f"{answers.name} teaches, by its forecasts alone: validation MAE {error(own, series.unit)}; costs are compared "
        "with those of the network that is called teacher"
    )
    return line


def _answered(answers: Answers, space: SearchSpace, tell: Message) -> SearchSpace:
    space, said = answered_space(space, answers.name)
    for sentence in said:
        tell(sentence)
    return space


def _can_be_foreseen(space: SearchSpace) -> bool:
    """Tell whether learning curves follow schedules whose end can be foreseen."""
    schedules = space.values_of("schedule") or {TrialConfig().schedule}
    return all(SCHEDULES.choose(str(name)).foreseeable for name in schedules)


def _executor(options: RunOptions) -> AbstractContextManager[Executor]:
    if options.executor == "local":
        return nullcontext(LocalExecutor())
    from kdsearch.study.executors.ray import RayExecutor  # noqa: PLC0415 - seconds to import, and not always there

    workers = options.workers if options.address else options.workers or usable_cores()
    return RayExecutor(
        workers,
        address=options.address,
        on_gpu=options.device.startswith("cuda"),
        verbose=options.verbose,
        preload=(TrialRunner.__module__,),
    )
