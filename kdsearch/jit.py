"""Compilation of Python to machine code at its first call, for loops that torch has no operator for.

Each compiled form has a plain form in torch beside it: its reference, and its fallback where tensors are not float32
in the processor's own memory.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

import torch
from numba import njit
from torch import Tensor

__all__ = ["compiled", "inlined", "plain_forms", "takes_compiled"]

Function = TypeVar("Function", bound=Callable[..., Any])

SETTINGS: dict[str, Any] = {
    # Sums in any order, so that they run in vector instructions; infinities and NaN keep their meaning.
    "fastmath": {"reassoc", "contract", "nsz", "arcp"},
    "error_model": "numpy",
}

_plain: ContextVar[bool] = ContextVar("plain", default=False)


def compiled(function: Function) -> Function:
    """Compile a function and keep the code on disk beside the module, or in the user's cache folder.

    A loop that sums must not write to an array as well. Where a loop writes, the compiler checks at run time how far
    apart its arrays lie, and uses scalars where that is not far; the sum is then made in another order, so that the
    place in memory would decide its last digit.
    """
    try:
        made: Function = njit(cache=True, **SETTINGS)(function)
    except RuntimeError:  # neither can be written to: each process compiles for itself
        made = njit(**SETTINGS)(function)
    return made


def inlined(function: Function) -> Function:
    """Compile into the calling functions; they have to stand in the same module, or their cache would be stale."""
    made: Function = njit(inline="always", **SETTINGS)(function)
    return made


@contextmanager
def plain_forms() -> Iterator[None]:
    """Let torch's own operators do everything inside the block, for counting, export or comparison."""
    before = _plain.set(True)
    try:
        yield
    finally:
        _plain.reset(before)


def takes_compiled(*tensors: Tensor) -> bool:
    """Tell whether compiled loops may take these tensors."""
    return not _plain.get() and all(x.device.type == "cpu" and x.dtype == torch.float32 for x in tensors)
