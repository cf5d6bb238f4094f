"""Exported files in a run: their bytes, where they are minimised or limited."""

from dataclasses import replace

import torch

from kdsearch.deploy.architecture import ArchitectureFiles
from kdsearch.deploy.card import Card
from kdsearch.deploy.export import missing_packages
from kdsearch.errors import StudyError
from kdsearch.measure.objectives import parse_objectives
from kdsearch.pipeline.options import RunOptions
from kdsearch.record import Baseline
from kdsearch.study.constraints import parse_constraints
from kdsearch.study.storage.meta import StudyMeta
from kdsearch.trial.run import TrialRunner

__all__ = ["check_files", "with_files"]


def check_files(options: RunOptions) -> None:
    """Refuse bytes of files that cannot be written here, before anything is trained.

    Raises:
        StudyError: Packages are missing.
    """
    missing = missing_packages()
    if missing and _asked(options):
        raise StudyError(
            f"bytes are those of the exported ONNX file, for which {', '.join(missing)} "
            f"{'are' if len(missing) > 1 else 'is'} not installed; pip install 'kdsearch[onnx]'"
        )


def with_files(
    options: RunOptions, meta: StudyMeta, naive: Baseline, runner: TrialRunner, baselines: list[Baseline]
) -> tuple[TrialRunner, list[Baseline]]:
    """Foresee the bytes of files in trials, teacher and baselines where they are minimised or limited.

    Args:
        options: What was asked.
        meta: The study.
        naive: Any baseline, whose errors have as many digits as a network's.
        runner: What trials share.
        baselines: The networks among them.
    """
    if not _asked(options) or meta.target is None:
        return runner, baselines
    files = ArchitectureFiles(meta.target, runner.series.adjacency, _facts_bytes(meta, naive))
    networks, known = {"teacher": runner.teacher, **runner.baselines}, list[Baseline]()
    for line in baselines:
        checkpoint = networks[line.name].checkpoint
        size = files.foreseen_bytes(checkpoint.network(torch.device("cpu")), checkpoint.scaler)
        cost = None if line.cost is None else line.cost.model_copy(update={"file_bytes": size})
        known.append(line.model_copy(update={"cost": cost}))
    return replace(runner, files=files), known


def _asked(options: RunOptions) -> bool:
    minimised = {objective.name for objective in parse_objectives(options.objectives)}
    return "bytes" in minimised | {limit.name for limit in parse_constraints(options.constraints)}


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
