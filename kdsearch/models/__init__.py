"""Forecasting networks; they know nothing of teachers, pruning schedules or units."""

from kdsearch.models.base import ChannelGroup, Forecaster, Member, Place
from kdsearch.models.families import FAMILIES, FamilyName, build, fresh
from kdsearch.models.stgcn import Stgcn, StgcnSize

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
