"""Which teacher can teach which student by which loss."""

from kdsearch.distill.loss_config import LossConfig
from kdsearch.distill.loss_table import LOSSES
from kdsearch.models import Forecaster

__all__ = ["incompatibility"]


def incompatibility(config: LossConfig, teacher: Forecaster, student: Forecaster) -> str | None:
    """Say why a loss does not fit a pair of networks; None where it does.

    Outputs in real units fit any pair. Features are compared tap by tap, so that both networks must have the same taps,
    which is to say one family. Embeddings are compared whatever their sizes are.

    Raises:
        SpaceError: Where there is no loss of that name.
    """
    loss = LOSSES.choose(config.loss)
    for weight, kind, theirs, own in (
        (loss.spatial_weight(config), "spatial", teacher.spatial_taps, student.spatial_taps),
        (loss.temporal_weight(config), "temporal", teacher.temporal_taps, student.temporal_taps),
    ):
        if weight > 0 and not (own and set(own) <= set(theirs)):
            return (
                f"loss {loss.name} compares {kind} features layer by layer, which {teacher.family} as teacher "
                f"({_listed(theirs)}) and {student.family} as student ({_listed(own)}) do not have in common; "
                f"choose {_fitting()} for this pair"
            )
    for network, role in ((teacher, "teacher"), (student, "student")):
        if loss.teacher == "embeddings" and network.embeddings is None:
            return (
                f"loss {loss.name} compares embeddings, and {network.family} as {role} has none; "
                f"choose {_fitting()} for this pair"
            )
    return None


def _fitting() -> str:
    """Name the losses that fit every pair."""
    *first, last = (loss.name for loss in LOSSES.values() if loss.fits_every_pair)
    return f"{', '.join(first)} or {last}"


def _listed(taps: tuple[str, ...]) -> str:
    return ", ".join(taps) or "none"
