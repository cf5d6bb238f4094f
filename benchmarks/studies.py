"""The description of a study for benchmarks, without anything for people to read."""

from kdsearch.study.space.space import SearchSpace
from kdsearch.study.storage.meta import StudyMeta


def bare_meta(space: SearchSpace, objectives: list[str], teacher_hash: str | None = None) -> StudyMeta:
    """Make the description of a study that lives as long as its benchmark."""
    return StudyMeta(
        study=space.name,
        dataset=space.dataset,
        protocol=space.protocol,
        objectives=objectives,
        data_hash="",
        protocol_hash="",
        teacher_hash=teacher_hash,
        space_name=space.name,
        space_text="",
        sampler="",
        seed=0,
        data_note="",
        protocol_text="",
        command="",
        created="",
        versions={},
    )
