"""Precision of the factors in wide products."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Literal

__all__ = ["Precision", "products_are_rounded", "rounded_products"]

Precision = Literal["float32", "bfloat16"]

_rounded: ContextVar[bool] = ContextVar("rounded", default=False)


def products_are_rounded() -> bool:
    """Tell whether wide products take rounded factors now."""
    return _rounded.get()


@contextmanager
def rounded_products(precision: Precision) -> Iterator[None]:
    """Round the factors of wide convolutions to 8 bits inside the block, where `precision` is "bfloat16".

    Sums and all else stay as they are, and so do the optimiser's weights.
    """
    before = _rounded.set(precision == "bfloat16")
    try:
        yield
    finally:
        _rounded.reset(before)
