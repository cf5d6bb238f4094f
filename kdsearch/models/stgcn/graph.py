"""The graph as Chebyshev polynomials of its scaled Laplacian; computed once for all networks on it."""

import hashlib
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import scipy.sparse
import scipy.sparse.linalg
import torch
from numpy.typing import NDArray
from torch import Tensor

from kdsearch.models.stgcn.node_kernels import GROUP

__all__ = ["GRAPH_ORDER", "ChebyshevGraph", "chebyshev_graph"]

GRAPH_ORDER = 3

SPARSE_SHARE = 0.2
"""Largest share of entries at which lists of neighbours are faster than a dense product. At 207 nodes and 7 % they
are three times as fast."""

DENSE_NODES = 512
"""Largest number of nodes for which all eigenvalues are computed; above it only the largest one is."""

Lists = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]
"""Start of each node's list ``(node + 1,)``, the neighbours, and the matrix entries."""


@dataclass(frozen=True, eq=False)
class ChebyshevGraph:
    """Polynomials of the scaled Laplacian, Defferrard et al. 2016 as used in STGCN's Eq 4.

    Attributes:
        laplacian: Scaled to [-1, 1], ``(node, node)``.
        order: Number of polynomials, the identity included.
    """

    laplacian: "scipy.sparse.csr_array[Any, Any]"
    order: int = GRAPH_ORDER

    @property
    def nodes(self) -> int:
        """Number of nodes, N."""
        return int(self.laplacian.shape[0])

    @property
    def is_sparse(self) -> bool:
        """Whether lists of neighbours are the faster form."""
        return bool(self.laplacian.nnz <= SPARSE_SHARE * self.nodes**2)

    @cached_property
    def forward_lists(self) -> Lists:
        """Lists for lines times the Laplacian: column by column."""
        return _lists(self.laplacian.T.tocsr())

    @cached_property
    def backward_lists(self) -> Lists:
        """Lists for lines times its transpose."""
        return _lists(self.laplacian)

    @cached_property
    def _dense(self) -> dict[tuple[torch.device, torch.dtype], Tensor]:
        return {}

    def kernels(self) -> NDArray[np.float64]:
        """Compute the polynomials ``(order, node, node)``: identity, L~, 2 L~ L~ - I, ..."""
        identity, scaled = np.eye(self.nodes), self.laplacian.toarray()
        kernels = [identity, scaled]
        while len(kernels) < self.order:
            kernels.append(2 * scaled @ kernels[-1] - kernels[-2])
        return np.stack(kernels[: self.order])

    def dense(self, like: Tensor) -> Tensor:
        """Give the kernels but the identity, ``(order - 1, node, node)``, of the type and on the device of `like`."""
        place = like.device, like.dtype
        if place not in self._dense:
            with torch.inference_mode(mode=False):  # training takes it too, whichever call is first
                self._dense[place] = torch.from_numpy(self.kernels()[1:]).to(*place)
        return self._dense[place]


def chebyshev_graph(adjacency: NDArray[np.float64]) -> ChebyshevGraph:
    """Make the graph of these edge weights, or reuse it for equal weights.

    An isolated node has a zero row in the Laplacian, not a one on its diagonal.

    Args:
        adjacency: Edge weights ``(node, node)``, zero diagonal.
    """
    content = np.ascontiguousarray(adjacency, dtype=np.float64)
    return _graphs(hashlib.sha256(content.tobytes()).digest(), _Hidden(content))


@dataclass(frozen=True)
class _Hidden:
    """An array outside a cache's key: the key has its hash."""

    array: NDArray[np.float64]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Hidden)

    def __hash__(self) -> int:
        return 0


@lru_cache(maxsize=4)
def _graphs(_key: bytes, adjacency: _Hidden) -> ChebyshevGraph:
    weights = scipy.sparse.csr_array(adjacency.array)
    degree = adjacency.array.sum(axis=1)
    scale = scipy.sparse.diags_array(np.divide(1.0, np.sqrt(degree), out=np.zeros_like(degree), where=degree > 0))
    laplacian = scale @ (scipy.sparse.diags_array(degree) - weights) @ scale
    largest = _largest_eigenvalue(laplacian)
    identity = scipy.sparse.eye_array(len(degree))
    scaled = 2 * laplacian / largest - identity if largest > 0 else -identity
    return ChebyshevGraph(scipy.sparse.csr_array(scaled))


def _largest_eigenvalue(matrix: Any) -> float:
    """Compute the largest real part of the eigenvalues."""
    if matrix.shape[0] <= DENSE_NODES:
        return float(np.linalg.eigvals(matrix.toarray()).real.max())
    start = np.ones(matrix.shape[0])  # a fixed one: the same graph gives the same network
    return float(scipy.sparse.linalg.eigs(matrix, 1, which="LR", v0=start, return_eigenvectors=False)[0].real)


def _lists(matrix: "scipy.sparse.csr_array[Any, Any]") -> Lists:
    """List rows for the compiled loops: each is filled up with zero entries to a multiple of `GROUP`."""
    counts = np.diff(matrix.indptr)
    pointers = np.concatenate([[0], np.cumsum(-(-counts // GROUP) * GROUP)]).astype(np.int64)
    neighbours = np.repeat(np.arange(len(counts)), np.diff(pointers))
    factors = np.zeros(len(neighbours), dtype=np.float32)
    places = np.arange(matrix.nnz) + np.repeat(pointers[:-1] - matrix.indptr[:-1], counts)
    neighbours[places], factors[places] = matrix.indices, matrix.data
    return pointers, neighbours, factors
