"""STGCN in its plain form, layer by layer as in its original code: the baseline of the fast forms.

Windows one by one, residuals padded and added, all Chebyshev polynomials multiplied with, one tensor for each weight.
Weights are those of a `kdsearch` network, so that both forms compute the same.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from kdsearch.models import Stgcn

__all__ = ["PlainStgcn", "forecast"]


class PlainStgcn(nn.Module):
    """The network of `fast`, with copies of its weights under the same names.

    Args:
        fast: The network with the sizes, weights and graph.
        kernels: Chebyshev polynomials ``(order, node, node)``, the identity included.
    """

    kernels: Tensor

    def __init__(self, fast: Stgcn, kernels: Tensor) -> None:
        super().__init__()
        self.register_buffer("kernels", kernels)
        weights = {name.replace(".", "_"): value.detach().clone() for name, value in fast.named_parameters()}
        self.weights = nn.ParameterDict(weights)

    def forward(self, x: Tensor) -> Tensor:
        """Map windows ``(batch, history, node, 1)`` to scaled forecasts ``(batch, step, node)``."""
        x = x.permute(0, 3, 1, 2)
        for block in ("block0", "block1"):
            x = self._gated(x, f"{block}_temporal1")
            x = self._graph(x, f"{block}_graph")
            y = self._convolved(x, f"{block}_temporal2")
            x = torch.relu(y + _padded(x[:, :, 2:], y.shape[1]))
            x = self._norm(x, f"{block}_norm")
        x = self._norm(self._gated(x, "head_temporal1"), "head_norm")
        x = torch.sigmoid(self._convolved(x, "head_temporal2"))
        step_bias = self.weights.get("head_step_bias")
        forecasts: Tensor = F.conv2d(x, self.weights["head_weight"], step_bias) + self.weights["head_node_bias"]
        return forecasts[:, :, 0]

    def _convolved(self, x: Tensor, layer: str) -> Tensor:
        return F.conv2d(x, self.weights[f"{layer}_weight"], self.weights[f"{layer}_bias"])

    def _gated(self, x: Tensor, layer: str) -> Tensor:
        linear, gate = self._convolved(x, layer).chunk(2, dim=1)
        x = x[:, :, x.shape[2] - linear.shape[2] :]
        align = f"{layer}_align"
        residual = F.conv2d(x, self.weights[align]) if align in self.weights else _padded(x, linear.shape[1])
        return (linear + residual) * torch.sigmoid(gate)

    def _graph(self, x: Tensor, layer: str) -> Tensor:
        """Multiply every step of every channel by all polynomials side by side, then mix the channels."""
        batch, channels, time, nodes = x.shape
        wide = self.kernels.permute(1, 0, 2).reshape(nodes, -1)
        spread = (x.reshape(-1, nodes) @ wide).reshape(batch, channels, time, -1, nodes)
        spread = spread.permute(0, 2, 4, 3, 1).reshape(batch * time * nodes, -1)
        weight, bias = self.weights[f"{layer}_weight"], self.weights[f"{layer}_bias"]
        mixed = (spread @ weight[:, :, 0, 0].T + bias).reshape(batch, time, nodes, channels)
        return torch.relu(mixed.permute(0, 3, 1, 2) + x)

    def _norm(self, x: Tensor, layer: str) -> Tensor:
        mean = x.mean(dim=(1, 3), keepdim=True)
        std = (x.var(dim=(1, 3), keepdim=True, unbiased=False) + 1e-6).sqrt()
        weight, bias = self.weights[f"{layer}_weight"], self.weights[f"{layer}_bias"]
        y: Tensor = (x - mean) / std * weight[:, None] + bias[:, None]
        return y


def _padded(x: Tensor, channels: int) -> Tensor:
    """Append zero channels to ``(batch, channel, time, node)``."""
    return F.pad(x, (0, 0, 0, 0, 0, channels - x.shape[1]))


@torch.inference_mode()
def forecast(network: PlainStgcn, windows: Tensor, horizon: int) -> Tensor:
    """Forecast step by step from whole windows: ``(batch, history, node, 1)`` -> ``(batch, horizon, node)``."""
    steps: list[Tensor] = []
    for _ in range(horizon):
        steps.append(network(windows)[:, 0])
        windows = torch.cat([windows[:, 1:], steps[-1][:, None, :, None]], dim=1)
    return torch.stack(steps, dim=1)
