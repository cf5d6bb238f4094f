"""Forecasting networks; they know nothing of teachers, pruning schedules or units."""

from kdsearch.models.families import FAMILIES, Family, build, new_forecaster
from kdsearch.models.forecaster import ChannelGroup, DataShape, Forecaster, Member
from kdsearch.models.stgcn.network import Stgcn, StgcnSize

__all__ = [
    "FAMILIES",
    "ChannelGroup",
    "DataShape",
    "Family",
    "Forecaster",
    "Member",
    "Stgcn",
    "StgcnSize",
    "build",
    "new_forecaster",
]
