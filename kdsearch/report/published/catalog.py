"""All published errors, and the choice of those that a study may be compared with."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kdsearch.data.catalog import CARDS, is_whole
from kdsearch.report.published.izadi import BASE_PRUNED, STUDENTS
from kdsearch.report.published.others import D2STGNN, LIGHTST, STGCN, STRESNET
from kdsearch.report.published.point import PublishedPoint

if TYPE_CHECKING:
    from kdsearch.study.storage.meta import StudyMeta

__all__ = ["PUBLISHED", "comparable_with"]

PUBLISHED = (*STUDENTS, *BASE_PRUNED, *STGCN, *LIGHTST, *D2STGNN, *STRESNET)
"""All published errors of networks."""


def comparable_with(meta: StudyMeta) -> list[PublishedPoint]:
    """Choose the published errors on a study's data under its protocol.

    There are none where it searched on a part of the public files.

    The protocol's hash must be that of the protocol which kdsearch has under this name with the published channel, so
    that another channel, or another split of an older version, agrees with nothing.
    """
    if not is_whole(meta.data_note):
        return []
    return [
        point
        for point in PUBLISHED
        if (point.dataset, point.protocol) == (meta.dataset, meta.protocol) and _hash_of(point) == meta.protocol_hash
    ]


def _hash_of(point: PublishedPoint) -> str:
    """Hash the protocol that a published error follows, as a run resolves it for the public files."""
    from kdsearch.data.protocols import PROTOCOLS, resolved  # noqa: PLC0415 - pandas, which few reports need

    card = CARDS[point.dataset]
    channel = None if point.channel is None else card.channels.index(point.channel)
    return resolved(replace(PROTOCOLS[point.protocol].published, channel=channel), card.interval_minutes).hash
