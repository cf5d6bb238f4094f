"""Which teacher can teach which student by which loss."""

from kdsearch.distill.loss_config import LossConfig
from kdsearch.models import Forecaster

__all__ = ["incompatibility"]


def incompatibility(loss_config: LossConfig, teacher: Forecaster, student: Forecaster) -> str | None:
    """Why a loss does not fit a pair of networks; None where it does.

    Outputs in real units fit any pair. Correlations are compared layer by layer, so that both networks must have the
    same taps, which is to say one family. Embeddings are compared whatever their sizes are.
    """
    spatial, temporal = loss_config.uses_spatial_features, loss_config.temporal_weight > 0
    for asked, kind, theirs, own in (
        (spatial, "spatial", teacher.spatial_taps, student.spatial_taps),
        (temporal, "temporal", teacher.temporal_taps, student.temporal_taps),
    ):
        if asked and not (own and set(own) <= set(theirs)):
            return (
                f"loss {loss_config.loss} compares {kind} features layer by layer, which {_of(teacher)} as teacher "
                f"({_listed(theirs)}) and {_of(student)} as student ({_listed(own)}) do not have in common; "
                "choose none, rd-l2, rd-kl or ord for this pair"
            )
    for network, role in ((teacher, "teacher"), (student, "student")):
        if loss_config.contrasts and network.embeddings is None:
            return (
                f"loss {loss_config.loss} compares embeddings, and {_of(network)} as {role} has none; "
                "choose none, rd-l2, rd-kl or ord for this pair"
            )
    return None


def _of(network: Forecaster) -> str:
    return str(network.spec()["family"])


def _listed(taps: tuple[str, ...]) -> str:
    return ", ".join(taps) or "none"
