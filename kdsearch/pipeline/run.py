"""`kdsearch run` as a function: data, teacher, search, confirmation, report."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path

from kdsearch.cache import heard_by
from kdsearch.data.answers import Answers, read_answers
from kdsearch.data.series import Series
from kdsearch.data.split import SplitSeries
from kdsearch.errors import DataError, StudyError
from kdsearch.measure.baselines import answers_baseline, naive_baselines
from kdsearch.measure.latency import usable_cores
from kdsearch.pipeline.begin import begin_study, check_errors, check_study, study_meta, warm_space
from kdsearch.pipeline.budget import Budget
from kdsearch.pipeline.course import Course, Event, Message, RunResult, Training
from kdsearch.pipeline.dataset import protocol_of, split_dataset
from kdsearch.pipeline.files import check_files, study_files, with_files
from kdsearch.pipeline.fitting import answered_space, fitting_families, fitting_teachers
from kdsearch.pipeline.options import RunOptions, changed_steps
from kdsearch.pipeline.setup import check_beside_teacher, check_device, shared_networks
from kdsearch.pipeline.spaces import check_space, check_values, extended_space
from kdsearch.record import Baseline
from kdsearch.report.numbers import error, mae
from kdsearch.study.executors.local import Executor, LocalExecutor
from kdsearch.study.search.stopping import STOPPING_RULES
from kdsearch.study.space.space import SearchSpace
from kdsearch.study.storage.database import failures_named
from kdsearch.training.schedules import SCHEDULES
from kdsearch.trial.config import TrialConfig
from kdsearch.trial.presets import preset_values
from kdsearch.trial.run import TrialRunner
from kdsearch.trial.teacher_settings import teacher_config

__all__ = ["RunResult", "run", "run_space"]


MOST_TIMES_NAIVE = 3.0
"""Error of a file of forecasts, as a multiple of the worse of last value and calendar, above which it is refused."""


def _silent(_: object) -> None:
    """Take a message or an event, and tell nobody."""


def run(
    options: RunOptions,
    on_message: Message | None = None,
    on_event: Event | None = None,
    on_training: Training | None = None,
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
        on_training: Takes the events of trainings before the first trial: those of teachers and baselines.
        data: A series in memory (`Series.from_frame`), in place of the dataset that the options name.

    Raises:
        KdsearchError: With one sentence that names the mistake and its remedy.
    """
    space = extended_space(options.space, options.imports, options.sets, options.fixes)
    return run_space(
        space.with_values(preset_values(options.preset)), options, on_message, on_event, on_training, data=data
    )


def run_space(
    space: SearchSpace,
    options: RunOptions,
    on_message: Message | None = None,
    on_event: Event | None = None,
    on_training: Training | None = None,
    *,
    data: Series | None = None,
) -> RunResult:
    """Run in a space that is at hand, with what the preset fixes; the space that the options name is not looked up.

    Raises:
        KdsearchError: With one sentence that names the mistake and its remedy.
    """
    with heard_by(on_message):
        return _run_space(space, options, on_message, on_event, on_training, data)


def _run_space(
    space: SearchSpace,
    options: RunOptions,
    on_message: Message | None,
    on_event: Event | None,
    on_training: Training | None,
    data: Series | None,
) -> RunResult:
    budget, tell = Budget(options.budget_seconds), on_message or _silent
    check_files(options)
    check_values(space)
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
    tell(f"{series.source.name}: {data_note}")
    tell(series.protocol.describe(series.source) if options.verbose else series.protocol.brief(series.source))
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
        shared = shared_networks(options, space, series, kept, budget, tell, on_training or _silent)
        runner = replace(shared.runner, answers=answers)
        runner, networks = with_files(options, files, kept, runner, shared.baselines)
        baselines = [*naive, *networks]
        store = begin_study(options, meta, baselines)
        with failures_named(store.url):
            return Course(
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
