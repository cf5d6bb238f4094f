"""Exported files in a run: their bytes, latency and memory, in trials where they are asked for and at the end."""

from collections.abc import Callable, Collection
from dataclasses import replace

import torch

from kdsearch.costs import Cost
from kdsearch.data.protocols import SplitSeries
from kdsearch.deploy.architecture import ArchitectureFiles
from kdsearch.deploy.card import Card
from kdsearch.deploy.export import missing_packages
from kdsearch.errors import StudyError
from kdsearch.measure.cost import timed
from kdsearch.measure.files import Files
from kdsearch.measure.latency import at_pace
from kdsearch.measure.objectives import RUNTIMES, parse_objectives
from kdsearch.measure.subject import Subject
from kdsearch.pipeline.options import RunOptions
from kdsearch.record import Baseline
from kdsearch.study.constraints import parse_constraints
from kdsearch.study.storage.meta import StudyMeta
from kdsearch.trial import teachers
from kdsearch.trial.run import TrialRunner

__all__ = ["check_files", "study_files", "with_files"]


def check_files(options: RunOptions) -> None:
    """Refuse costs of files that cannot be written here, before anything is trained.

    Raises:
        StudyError: Packages are missing.
    """
    missing = missing_packages()
    if missing and (asked := _asked(options)):
        raise StudyError(
            f"{asked}, for which {', '.join(missing)} {'are' if len(missing) > 1 else 'is'} not installed; "
            "pip install 'kdsearch[onnx]'"
        )


def study_files(
    options: RunOptions, meta: StudyMeta, naive: Baseline, series: SplitSeries, on_message: Callable[[str], None]
) -> ArchitectureFiles | None:
    """Give what measures the exported files of a study; None where nobody asks, or they cannot be written here.

    Args:
        options: What was asked.
        meta: The study.
        naive: Any baseline, whose errors have as many digits as a network's.
        series: Cut by the protocol.
        on_message: Takes a sentence where packages are missing.
    """
    if meta.target is None or not (options.files or _asked(options)):
        return None
    if missing := missing_packages():
        on_message(
            f"exported files are not measured: {', '.join(missing)} not installed; pip install 'kdsearch[onnx]', or "
            "say --no-files"
        )
        return None
    return ArchitectureFiles(meta.target, series.adjacency, _facts_bytes(meta, naive))


def with_files(
    options: RunOptions,
    files: Files | None,
    kept: Collection[str],
    runner: TrialRunner,
    baselines: list[Baseline],
) -> tuple[TrialRunner, list[Baseline]]:
    """Measure the files of trials, teacher and baselines where a search needs them.

    Args:
        options: What was asked.
        files: Measures files.
        kept: Names of the networks that the study keeps, with their first quiet readings.
        runner: What trials share.
        baselines: The networks among them, the teacher first.

    Returns:
        What trials share, and the baselines, with bytes and, where latency is that of files, with their latency.
    """
    if files is None or not _asked(options):
        return runner, baselines
    measuring = replace(runner, files=files, runtime=options.runtime)
    networks = {"teacher": runner.teacher, **runner.baselines}
    made = [networks[line.name] for line in baselines]
    windows = torch.empty(0)  # files have their own
    subjects = [
        measuring.subject(one.checkpoint.network(torch.device("cpu")), windows, one.checkpoint.scaler) for one in made
    ]
    costs = [
        one.cost.model_copy(update={"file_bytes": subject.file_bytes})
        for one, subject in zip(made, subjects, strict=True)
    ]
    if options.runtime == "onnx":
        costs = _timed_files(measuring, subjects, costs, [line.name in kept for line in baselines])
    networks = {line.name: replace(one, cost=cost) for line, one, cost in zip(baselines, made, costs, strict=True)}
    lines = [line.model_copy(update={"cost": cost}) for line, cost in zip(baselines, costs, strict=True)]
    teacher = networks.pop("teacher")
    return replace(measuring, teacher=teacher, base=networks.get("base"), baselines=networks), lines


def _timed_files(runner: TrialRunner, subjects: list[Subject], costs: list[Cost], kept: list[bool]) -> list[Cost]:
    """Give networks that the study does not keep yet the latency of their files, at the pace of its first reading.

    Args:
        runner: What trials share.
        subjects: The networks, the teacher first.
        costs: What is known of each.
        kept: Whether the study keeps each, with a latency of its file.
    """
    horizon, threads = runner.series.protocol.horizon, runner.threads
    repeats, seconds = teachers.QUIET_REPEATS, teachers.QUIET_SECONDS
    times = timed(subjects, horizon, repeats=repeats, threads=threads, max_seconds=seconds)
    quiet = costs[0].latency_ms if kept[0] else times[0]
    assert quiet is not None, "it was measured when it was kept"
    found = []
    for own, cost, known in zip(times, costs, kept, strict=True):
        latency, ratio = at_pace(own, times[0], quiet)
        found.append(cost if known else cost.model_copy(update={"latency_ms": latency, "latency_ratio": ratio}))
    return found


def _asked(options: RunOptions) -> str | None:
    """Say why the search itself needs files; None where it does not."""
    minimised = {objective.name for objective in parse_objectives(options.objectives)}
    if options.runtime == "onnx":
        return f"latency is that of {RUNTIMES['onnx']}"
    if "bytes" in minimised | {limit.name for limit in parse_constraints(options.constraints)}:
        return "bytes are those of the exported ONNX file"
    return None


def _facts_bytes(meta: StudyMeta, naive: Baseline) -> int:
    """Count the bytes of what the file of a confirmed network says of itself, but for a few digits."""
    from onnx import ModelProto, helper  # noqa: PLC0415 - an extra

    assert meta.target is not None
    scored = {name.replace("val", "test", 1): errors for name, errors in naive.metrics.items()}
    card = Card(
        network="trial 100",
        family="stgcn",
        weights=10_000,
        stored_numbers=10_000,
        metrics=naive.metrics | scored,
        kdsearch=meta.versions["kdsearch"],
        target=meta.target,
        **meta.model_dump(
            include={"study", "dataset", "data_hash", "protocol", "protocol_hash", "protocol_text"},
        ),
    )
    model = ModelProto()
    helper.set_model_props(model, card.metadata())
    return int(model.ByteSize())
