"""Python that becomes machine code at its first call, for loops that torch has no operator for."""

from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit

__all__ = ["compiled", "inlined"]

Function = TypeVar("Function", bound=Callable[..., Any])

SETTINGS: dict[str, Any] = {
    # Sums in any order, so that they run in vector instructions; infinities and NaN keep their meaning.
    "fastmath": {"reassoc", "contract", "nsz", "arcp"},
    "error_model": "numpy",
}


def compiled(function: Function) -> Function:
    """Compile; what comes out is kept on disk beside the module, or in the user's cache folder."""
    try:
        made: Function = njit(cache=True, **SETTINGS)(function)
    except RuntimeError:  # neither can be written to: each process compiles for itself
        made = njit(**SETTINGS)(function)
    return made


def inlined(function: Function) -> Function:
    """Compile into the functions that call it; they have to stand in the same module, or would be kept too long."""
    made: Function = njit(inline="always", **SETTINGS)(function)
    return made
