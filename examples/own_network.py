r"""A network of your own: any torch module that maps (batch, history, node, channel) to (batch, horizon, node).

kdsearch run --import examples/own_network.py --space demo --trials 6 --fix route=student \
    --set family=dilated,stgcn --set loss=none,rd-l2
"""

import torch
from torch import Tensor, nn

from kdsearch import FAMILIES, NetworkShape, module_family


class Dilated(nn.Module):
    """Dilated convolutions over time, the same at every sensor; what they add is added to the last reading."""

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        width = 4 * shape.width
        self.first = nn.Conv2d(shape.channels, width, (3, 1))
        self.second = nn.Conv2d(width, width, (3, 1), dilation=(2, 1))
        self.out = nn.Conv2d(width, shape.horizon, (shape.history - 6, 1))

    def forward(self, x: Tensor) -> Tensor:
        hidden = torch.relu(self.first(x.permute(0, 3, 1, 2)))
        hidden = torch.relu(self.second(hidden))
        change: Tensor = self.out(hidden)[:, :, 0]
        return change + x[:, -1:, :, 0]


FAMILIES.add(module_family("dilated", Dilated))
