"""Forecasting networks; they know nothing of teachers, pruning schedules or units."""

from kdsearch.models.families import FAMILIES, FamilyName, build, fresh
from kdsearch.models.forecaster import ChannelGroup, Forecaster, Member, Place
from kdsearch.models.stgcn.network import Stgcn, StgcnSize

__all__ = [
    "FAMILIES",
    "ChannelGroup",
    "FamilyName",
    "Forecaster",
    "Member",
    "Place",
    "Stgcn",
    "StgcnSize",
    "build",
    "fresh",
]
