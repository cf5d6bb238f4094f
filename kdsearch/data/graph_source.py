"""The table `[graph]` of a `dataset.toml`: how the road graph is stored."""

from typing import Literal

from pydantic import Field, model_validator

from kdsearch.data.frozen import Frozen
from kdsearch.data.keys import FileName

__all__ = ["GraphSource"]


class GraphSource(Frozen):
    """The stored form of the road graph.

    Attributes:
        file: File name in the dataset's folder: `.csv`, `.npz` (sparse, of scipy) or `.pkl` (of DCRNN); empty for a
            grid.
        kind: "distances" (a matrix), "weights" (an adjacency matrix as it stands), "edges" (a list of
            from, to and, where roads have lengths, cost), "dcrnn-pickle" (ids, index and weights) or "grid" (no file:
            each cell of a grid has an edge of weight 1 to the cells beside, above and below it).
        unit_metres: Metres in one unit of distance or cost.
        symmetric: Whether each edge counts in both directions; by default edge lists do, matrices stay as given.
        sigma2_km2: Width of the Gaussian kernel over distances, see `kdsearch.data.graph`.
        threshold: Weights below it are no edge.
    """

    file: FileName = ""
    kind: Literal["distances", "weights", "edges", "dcrnn-pickle", "grid"]
    unit_metres: float = Field(default=1.0, gt=0)
    symmetric: bool | None = None
    sigma2_km2: float = Field(default=10.0, gt=0)
    threshold: float = Field(default=0.5, ge=0, le=1)

    @model_validator(mode="after")
    def _only_a_grid_needs_no_file(self) -> "GraphSource":
        if not self.file and self.kind != "grid":
            raise ValueError(f"kind = {self.kind!r} wants file = ...; name the file that holds the graph")
        if self.file and self.kind == "grid":
            raise ValueError(f"kind = 'grid' reads no file; leave out file = {self.file!r}")
        return self
