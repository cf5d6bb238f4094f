"""Precomputed teacher features: tables by time step, kept on disk and mapped into memory.

A tap's feature at a step depends on the readings in its convolutions' reach and on nothing else, so that it belongs
to a row of the series, whatever window or segment uses it: row r is where those readings begin. Feature losses use
the teacher's distances alone, so that these are kept, and no training runs the teacher's network. Processes that map
one table share its memory.
"""

import functools
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from kdsearch.data.windows import WindowedSeries
from kdsearch.distill import fused
from kdsearch.distill.losses import Error
from kdsearch.distill.taps import tapped
from kdsearch.errors import RunError
from kdsearch.models import Forecaster

__all__ = ["SpatialTable", "TeacherTables", "TemporalTable", "make_tables", "open_tables"]

PAIR_NODES = 300
"""Largest number of nodes with all pairs compared. Pairs grow with the square: their distances take 90 KB for a row and
tap of 300 nodes, which is 1.3 GB for two taps and 25 days of 5 minutes. Of larger graphs the features are kept, and
each step of a training compares the pairs among so many nodes drawn at random: every pair is as likely as any other, so
that loss and gradient are right on the average, and a step costs no more than at 300 nodes."""
SEGMENT = 64
"""Windows that share a pass of the network while tables are made; 75 slices of 300 nodes' pairs are 13 MB."""

FLOAT16_MAX = float(np.finfo(np.float16).max)


@dataclass(frozen=True, eq=False)
class TemporalTable:
    """A temporal tap.

    Attributes:
        distances: `losses.lagged_distances` of every row, ``(row, lag, node)``, as many lags as a window has.
    """

    distances: NDArray[np.floating[Any]]

    def correlation(self, student: Tensor, segment_starts: Tensor, *, error: Error) -> Tensor:
        """Compute L_TCD of segments ``(batch, time, node, channel)`` from the rows `segment_starts` ``(batch,)`` on."""
        rows = segment_starts[:, None] + torch.arange(student.shape[1], device=segment_starts.device)
        return fused.temporal_from_distances(student, _taken(self.distances, rows).to(student.device), error=error)


@dataclass(frozen=True, eq=False)
class SpatialTable:
    """A spatial tap.

    Attributes:
        kept: `losses.pair_distances` of every row, ``(row, pair)``; or, where nodes are many, the feature itself,
            ``(row, channel, node)``.
    """

    kept: NDArray[np.floating[Any]]

    def correlation(
        self, student: Tensor, rows: Tensor, weight: Tensor, generator: torch.Generator, *, error: Error
    ) -> Tensor:
        """Compute L_SCD of slices ``(slice, node, channel)``.

        Args:
            student: The slices.
            rows: Their rows in the series, ``(slice,)``.
            weight: Count of each slice, ``(slice,)``.
            generator: Draws the nodes for the pairs, where there are more than `PAIR_NODES`.
            error: Measure of the difference of two correlations.
        """
        nodes, distances = self.distances(rows, student.shape[1], generator)
        seen = student if nodes is None else student[:, nodes]
        return fused.spatial_from_distances(seen, distances.to(student.device), weight, error=error)

    def distances(self, rows: Tensor, nodes: int, generator: torch.Generator) -> tuple[Tensor | None, Tensor]:
        """Give the nodes to compare, None for all, and `losses.pair_distances` of the teacher ``(slice, pair)``."""
        if self.kept.ndim == 2:
            return None, _taken(self.kept, rows)
        drawn = torch.randperm(nodes, generator=generator)[:PAIR_NODES].sort().values
        features = torch.from_numpy(self.kept[rows.cpu().numpy()[:, None], :, drawn.numpy()]).float()
        return drawn.to(rows.device), fused.pair_distances(features)


def _taken(kept: NDArray[np.floating[Any]], rows: Tensor) -> Tensor:
    """Copy some rows; torch itself would warn of memory that it must not write to."""
    return torch.from_numpy(np.take(kept, rows.cpu().numpy(), axis=0))


@dataclass(frozen=True, eq=False)
class TeacherTables:
    """The tables of a teacher, by the names of its taps."""

    spatial: Mapping[str, SpatialTable]
    temporal: Mapping[str, TemporalTable]


@functools.cache
def open_tables(folder: Path) -> TeacherTables:
    """Map the files of `make_tables` into memory; once in a process, whatever the number of trials."""

    def mapped(kind: str) -> dict[str, NDArray[Any]]:
        files = folder.glob(f"{kind}-*.npy")
        return {file.stem.removeprefix(f"{kind}-"): np.asarray(np.load(file, mmap_mode="r")) for file in files}

    return TeacherTables(
        {name: SpatialTable(kept) for name, kept in mapped("spatial").items()},
        {name: TemporalTable(distances) for name, distances in mapped("temporal").items()},
    )


@torch.no_grad()
def make_tables(folder: Path, network: Forecaster, data: WindowedSeries, rows: int) -> None:
    """Write the tables of the train split, segment by segment, in float16.

    Rows whose later steps would lie beyond the split have zeros there; no window uses them.

    Args:
        folder: The folder for the files, one for each tap.
        network: The teacher.
        data: The series as the teacher sees it.
        rows: Number of the series' first rows, those of the train split.

    Raises:
        RunError: The disk is full, or a distance is no number that float16 holds.
    """
    try:
        _write_tables(folder, network.eval(), data, rows - network.history + 1)
    except OSError as error:
        raise RunError(
            f"the teacher's tables cannot be written to {folder} ({error.strerror}); "
            "make room there, or set KDSEARCH_CACHE to a folder on another disk"
        ) from error


def _write_tables(folder: Path, network: Forecaster, data: WindowedSeries, windows: int) -> None:
    with ExitStack() as files, tapped(network, (*network.spatial_taps, *network.temporal_taps)) as features:
        tables = dict[str, _GrowingTable]()
        for first in range(0, windows, SEGMENT):
            length = min(SEGMENT, windows - first)
            network(data.inputs(torch.tensor([first], device=data.device), length, with_clock=network.clock))
            for name, made in _answers(network, features, length):
                if name not in tables:  # steps less windows: as many in a segment as in the whole split
                    file = files.enter_context((folder / f"{name}.npy").open("wb"))
                    tables[name] = _GrowingTable(file, (windows + len(made) - length, *made.shape[1:]))
                tables[name].append(made if first + length == windows else made[:length])


def _answers(network: Forecaster, features: Mapping[str, Tensor], length: int) -> Iterator[tuple[str, Tensor]]:
    """Give the file's name and the rows ``(row, ...)`` for each tap of a segment of `length` windows."""
    for name in network.spatial_taps:
        feature = features[name][0]
        few = feature.shape[1] <= PAIR_NODES
        yield f"spatial-{name}", fused.pair_distances(feature) if few else feature.transpose(1, 2)
    for name in network.temporal_taps:
        feature = features[name]
        yield f"temporal-{name}", fused.lagged_distances(feature, feature.shape[1] - length)[0]


class _GrowingTable:
    """A file of numpy's format, written from its beginning to its end.

    Writing to a mapped file instead would kill the process without a message where the disk is full.
    """

    def __init__(self, file: BinaryIO, shape: tuple[int, ...]) -> None:
        self._file = file
        np.lib.format.write_array_header_1_0(file, {"descr": "<f2", "fortran_order": False, "shape": shape})

    def append(self, rows: Tensor) -> None:
        largest = float(rows.abs().max())
        if not largest <= FLOAT16_MAX:
            raise RunError(f"a feature of the teacher is {largest:g}, beyond {FLOAT16_MAX:g}; train another teacher")
        self._file.write(rows.half().cpu().numpy().astype("<f2").tobytes())
