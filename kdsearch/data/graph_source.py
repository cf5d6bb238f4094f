"""The table `[graph]` of a `dataset.toml`: how the road graph is stored."""

from typing import Literal

from pydantic import Field, model_validator

from kdsearch.data.frozen import Frozen
from kdsearch.data.keys import FileName

__all__ = ["GraphSource"]

WITHOUT_A_FILE = ("grid", "none", "correlation")


class GraphSource(Frozen):
    """The stored form of the road graph.

    Attributes:
        file: File name in the dataset's folder: `.csv`, `.npz` (sparse, of scipy) or `.pkl` (of DCRNN); empty for the
            kinds that read none.
        kind: "edges" (a list of from, to and, where roads have lengths, distance), "weighted-edges" (a list of from,
            to, weight), "distances" (a matrix), "weights" (an adjacency matrix as it stands), "dcrnn-pickle" (ids,
            index and weights), "coordinates" (a table of latitudes and longitudes), "grid" (each cell of a grid has
            an edge of weight 1 to the cells beside, above and below it), "correlation" (of the readings themselves)
            or "none" (no edge).
        unit_metres: Metres in one unit of distance; None for metres, unless the numbers look otherwise.
        symmetric: Whether each edge counts in both directions; by default edge lists do, matrices stay as given.
        sigma2_km2: Width of the Gaussian kernel over distances, see `kdsearch.data.graph`.
        threshold: Weights below it are no edge; of correlations too.
        zero_is: What a distance of 0 between two sensors means; None where the file is to tell.
        first_node: Number of the first column of the readings in an edge list of column numbers; None where the list
            is to tell.
        positions: File name of latitudes and longitudes, where the graph comes from elsewhere.
        latitude: Column of the latitudes; None for a usual name.
        longitude: Column of the longitudes; None for a usual name.
    """

    file: FileName = ""
    kind: Literal[
        "distances",
        "weights",
        "edges",
        "weighted-edges",
        "dcrnn-pickle",
        "coordinates",
        "grid",
        "correlation",
        "none",
    ]
    unit_metres: float | None = Field(default=None, gt=0, allow_inf_nan=False)
    symmetric: bool | None = None
    sigma2_km2: float = Field(default=10.0, gt=0, allow_inf_nan=False)
    threshold: float = Field(default=0.5, ge=0, le=1)
    zero_is: Literal["no road", "same place"] | None = None
    first_node: Literal[0, 1] | None = None
    positions: FileName = ""
    latitude: str | None = None
    longitude: str | None = None

    @property
    def is_list(self) -> bool:
        """Whether the file lists road segments."""
        return self.kind in ("edges", "weighted-edges")

    @model_validator(mode="after")
    def _a_file_where_one_is_read(self) -> "GraphSource":
        if not self.file and self.kind not in WITHOUT_A_FILE:
            raise ValueError(f"kind = {self.kind!r} wants file = ...; name the file that holds the graph")
        if self.file and self.kind in WITHOUT_A_FILE:
            raise ValueError(f"kind = {self.kind!r} reads no file; leave out file = {self.file!r}")
        if self.positions and self.kind == "coordinates":
            raise ValueError(
                f"kind = 'coordinates' has its positions in file; leave out positions = {self.positions!r}"
            )
        return self
