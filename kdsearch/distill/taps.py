"""Taps: intermediate outputs taken by the name of a submodule; the network itself does not change."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from torch import Tensor, nn

__all__ = ["tapped"]


@contextmanager
def tapped(network: nn.Module, names: Sequence[str]) -> Iterator[dict[str, Tensor]]:
    """Collect the outputs of the named submodules at each forward pass inside the block.

    Yields:
        name -> latest output as ``(batch, time, node, channel)``; filled by each forward pass, empty before the first.
    """
    features: dict[str, Tensor] = {}

    def keep(name: str, output: Tensor) -> None:
        features[name] = output.permute(0, 2, 3, 1)

    handles = [
        network.get_submodule(name).register_forward_hook(
            lambda _module, _inputs, output, name=name: keep(name, output)
        )
        for name in names
    ]
    try:
        yield features
    finally:
        for handle in handles:
            handle.remove()
