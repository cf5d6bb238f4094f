"""The check of a network."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from kdsearch.data.profile import fit_scaler
from kdsearch.data.protocols import PROTOCOLS, SplitSeries, split_series
from kdsearch.data.windows import WindowedSeries
from kdsearch.distill.loss_config import LossConfig
from kdsearch.distill.teacher import Teacher
from kdsearch.measure.accuracy import forecasts, quick_validation
from kdsearch.measure.cost import forecast_cost
from kdsearch.models import FAMILIES, Forecaster
from kdsearch.models.families import Family
from kdsearch.models.module import NetworkShape, module_family
from kdsearch.prune.shrink import shrink, shrink_error
from kdsearch.testing.ring import ring_road
from kdsearch.training.fit import fit
from kdsearch.training.plan import Plan
from kdsearch.trial.network import shape_of

__all__ = ["CheckedForecaster", "check_forecaster"]

WIDTH = 4
"""Of the networks that are checked; teachers are twice as wide."""


@dataclass(frozen=True)
class CheckedForecaster:
    """What a check found of a network that passed it.

    Attributes:
        parameters: Trained parameters at width 4 on five sensors.
        flops: Floating-point operations of one forecast there.
        uncounted_operators: Operators without a formula; their operations are missing in `flops`.
        prunes: Whether it states channel groups, and cutting them left the same forecasts.
    """

    parameters: int
    flops: int
    uncounted_operators: tuple[str, ...]
    prunes: bool


def check_forecaster(
    network: str | Family | Callable[[NetworkShape], nn.Module], *, clock: bool = False
) -> CheckedForecaster:
    """Check a network as the battery checks every family of kdsearch.

    >>> check_forecaster("stid").parameters
    711

    It is made, forecasts each window by itself, looks at the last reading, gets a gradient for every weight, is
    counted, packed, trained alone and by a teacher's answers with the same result for the same seed, and, where it
    states channel groups, pruned exactly.

    Args:
        network: A torch module as `module_family` takes it, a family, or the name of a family in `FAMILIES`.
        clock: As in `module_family`; of a module alone.

    Raises:
        AssertionError: With what was expected, and what came.
    """
    if isinstance(network, str):
        family = FAMILIES.choose(network)
    else:
        family = network if isinstance(network, Family) else module_family("checked", network, clock=clock)
    series = split_series(ring_road(), PROTOCOLS["stgcn"])
    make = partial(_made, family, series)
    _check_windows(make(), series)
    _check_gradients(make(), series)
    _check_packing(family, make(), series)
    _check_training(make, series)
    prunes = _check_pruning(make(), series)
    first = _input(make(), series, 1, torch.float32)[:, : series.protocol.history]
    cost = forecast_cost(make(), first, series.protocol.horizon, 0)
    assert cost.parameters > 0, "the network has no trained parameters"
    return CheckedForecaster(cost.parameters, cost.flops, tuple(cost.uncounted_operators), prunes)


def _made(family: Family, series: SplitSeries, seed: int = 0, width: int = WIDTH) -> Forecaster:
    protocol, shape = series.protocol, shape_of(series)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        size = family.of_width(width, family.depth or 0, shape)
        return family.network(series.adjacency, size, outputs=protocol.horizon, history=protocol.history)


def _input(network: Forecaster, series: SplitSeries, windows: int, dtype: torch.dtype) -> Tensor:
    """Draw segments of neighbouring windows, ``(2, history + windows - 1, node, channel)``."""
    steps, nodes = series.protocol.history + windows - 1, series.values.shape[1]
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(2, steps, nodes, 3 if network.clock else 1, generator=generator, dtype=dtype)
    if network.clock:
        x[..., 1] = torch.linspace(0, 0.5, steps, dtype=dtype)[:, None]
        x[..., 2] = 3
    return x


def _check_windows(network: Forecaster, series: SplitSeries) -> None:
    """Forecast segments and windows: each window stands for itself, and its last reading matters."""
    network = network.double().eval()
    history, horizon = series.protocol.history, series.protocol.horizon
    wanted = (2, 3, horizon, series.values.shape[1])
    x = _input(network, series, 3, torch.float64)
    with torch.no_grad():
        segment = network(x)
        alone = torch.stack([network.forecast(x[:, first : first + history], horizon) for first in range(3)], dim=1)
        other = x.clone()
        other[:, -1, :, 0] += 1
        moved = (network(other) - segment).abs().max()
        by_itself = network.forecast(x[:1, :history], horizon)
    assert segment.shape == wanted, f"forecasts have shape {tuple(segment.shape)}, not {wanted}"
    assert torch.isfinite(segment).all(), "a forecast is not finite"
    torch.testing.assert_close(
        segment, alone, rtol=0, atol=1e-8, msg=lambda text: f"windows influence one another: {text}"
    )
    torch.testing.assert_close(
        by_itself, alone[:1, 0], rtol=0, atol=1e-8, msg=lambda text: f"the batch matters: {text}"
    )
    assert moved > 1e-8, "the last reading has no influence on the forecast"


def _check_gradients(network: Forecaster, series: SplitSeries) -> None:
    network(_input(network.train(), series, 1, torch.float32)).square().mean().backward()
    idle = [name for name, parameter in network.named_parameters() if parameter.grad is None]
    assert not idle, f"no gradient reaches {', '.join(idle)}: take these parameters out, or use them in forward"


def _check_packing(family: Family, network: Forecaster, series: SplitSeries) -> None:
    """Built again from its spec with its weights, a network forecasts the same to the last bit."""
    spec, state = network.spec(), network.state_dict()
    fields = {name: tuple(value) if isinstance(value, list) else value for name, value in spec["size"].items()}
    again = family.network(series.adjacency, family.size(**fields), outputs=spec["outputs"], history=spec["history"])
    again.load_state_dict(state)
    x = _input(network, series, 1, torch.float32)
    assert torch.equal(again.eval()(x), network.eval()(x)), (
        "a packed network forecasts something else: its state_dict lacks numbers that forward uses"
    )


def _check_training(make: Callable[..., Forecaster], series: SplitSeries) -> None:
    """Train it alone and by a teacher's answers: its loss falls, and a seed gives the same weights again."""
    starts = series.splits["train"].starts[:200]
    data = WindowedSeries(series, fit_scaler(series, None), torch.device("cpu"))
    plan = Plan(epochs=4, learning_rate=3e-3, batch=20)
    teacher = make(seed=7, width=2 * WIDTH).eval()
    answers = torch.cat([made for _, made in forecasts(teacher, data, starts)]).numpy()
    validate = partial(quick_validation, data=data, series=series)
    for loss in ("none", "rd-l2"):
        networks = []
        for _ in range(2):
            network = make()
            lessons = None if loss == "none" else Teacher(answers, starts, data)
            curve = fit(network, data, starts, plan, LossConfig(loss=loss), seed=0, teacher=lessons, validate=validate)
            assert np.isfinite([point.train_loss for point in curve]).all(), f"loss {loss} is not finite"
            assert curve[-1].train_loss < curve[0].train_loss, f"loss {loss} does not fall in {plan.epochs} epochs"
            networks.append(torch.cat([one.detach().flatten() for one in network.parameters()]))
        assert torch.equal(*networks), "the same seed gives other weights: draw chance from torch's generator alone"


@torch.no_grad()
def _check_pruning(network: Forecaster, series: SplitSeries) -> bool:
    """Cut half of each channel group; in float64 the shrunk network equals the masked one."""
    network = network.double().eval()
    groups = network.channel_groups()
    if not groups:
        return False
    names = dict(network.named_parameters())
    lost = [member.parameter for group in groups for member in group.members if member.parameter not in names]
    assert not lost, f"channel groups name parameters that the network does not have: {', '.join(lost)}"
    masks = {}
    for group in groups:
        masks[group.name] = torch.arange(group.size) % 2 == 0
        masks[group.name][sorted(group.required)] = True
    small = shrink(network, masks)
    error = shrink_error(network, masks, small, _input(network, series, 1, torch.float64))
    assert error < 1e-10, (
        f"the shrunk network differs from the masked one by {error:.2g}: a channel group lacks a member"
    )
    return True
