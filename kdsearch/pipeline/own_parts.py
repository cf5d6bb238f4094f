"""Try the user's own parts once, before a teacher is trained: what cannot work is one sentence at once."""

import copy

import torch
from torch import Tensor

from kdsearch.data.protocols import SplitSeries
from kdsearch.distill.loss_config import LossConfig
from kdsearch.distill.loss_table import LOSSES
from kdsearch.distill.small_batch import judge_small_batch
from kdsearch.errors import KdsearchError, SpaceError, failure
from kdsearch.models import FAMILIES, Forecaster
from kdsearch.prune.criteria import CRITERIA, Scores
from kdsearch.prune.shrink import shrink, shrink_error
from kdsearch.trial.stages import SHRINK_TOLERANCE

__all__ = ["try_criterion", "try_loss", "try_network"]


def try_network(network: Forecaster, series: SplitSeries, *, pruned: bool) -> None:
    """Let a network of the user's forecast two windows, learn from them, and, where it is to be pruned, be cut.

    Raises:
        SpaceError: Where it fails, or gives what no training can use.
    """
    if FAMILIES.ships(network.family):
        return
    x = _windows(network, series)
    try:
        _try_training(network, x, series.protocol.horizon)
        if pruned and network.channel_groups():
            _try_cut(network.eval(), x)
    except KdsearchError:
        raise
    except Exception as error:
        raise SpaceError(
            f"family {network.family} fails with an input of shape {tuple(x.shape)}, (batch, history, node, channel): "
            f"{failure(error)}; mend it, and try `check_forecaster` of kdsearch.testing"
        ) from error


def _windows(network: Forecaster, series: SplitSeries) -> Tensor:
    """Draw two windows, ``(2, history, node, channel)``."""
    shape = (2, series.protocol.history, series.values.shape[1], 3 if network.clock else 1)
    x = torch.randn(shape, generator=torch.Generator().manual_seed(0))
    if network.clock:
        x[..., 1], x[..., 2] = 0.25, 3
    return x


def _try_training(network: Forecaster, x: Tensor, horizon: int) -> None:
    name = network.family
    parameters = dict(network.named_parameters())
    if not any(one.requires_grad for one in parameters.values()):
        raise SpaceError(f"family {name} has no parameters to train; keep its layers as attributes of the module")
    if other := [key for key, one in parameters.items() if one.dtype != torch.float32]:
        raise SpaceError(
            f"parameter {other[0]} of family {name} is {parameters[other[0]].dtype}; make it float32, or a buffer"
        )
    forecasts = network.train().forecast(x, horizon)
    if forecasts.dtype != torch.float32:
        raise SpaceError(f"family {name} gives forecasts of {forecasts.dtype}; give float32")
    if not torch.isfinite(forecasts).all():
        raise SpaceError(f"family {name} gives a forecast that is no finite number before it is trained")
    if not forecasts.requires_grad:
        raise SpaceError(f"the forecasts of family {name} do not depend on its parameters; use them in forward")
    forecasts.square().mean().backward()  # type: ignore[no-untyped-call]
    network.zero_grad()


@torch.no_grad()
def _try_cut(network: Forecaster, x: Tensor) -> None:
    """Cut half of each channel group, as pruning will, and compare with the masked network."""
    masks = {}
    for group in network.channel_groups():
        masks[group.name] = torch.arange(group.size) % 2 == 0
        masks[group.name][sorted(group.required)] = True
    error = shrink_error(network, masks, shrink(network, masks), x)
    if not error <= SHRINK_TOLERANCE:
        raise SpaceError(
            f"family {network.family} cut by half differs from its masked form by {error:.2g} of the largest forecast: "
            "a channel group lacks a member, or zeros do not stay zeros in a layer; correct `groups` of its row"
        )


def try_loss(name: str) -> None:
    """Let a loss of the user's judge one small batch.

    Raises:
        SpaceError: Where it fails, or gives no number with a gradient.
    """
    if LOSSES.ships(name) or LOSSES[name].teacher == "embeddings":
        return
    try:
        judged, student = judge_small_batch(LOSSES[name], LossConfig(loss=name))
        terms = judged if isinstance(judged, tuple) else (judged,)
        for term in terms:
            if not isinstance(term, Tensor) or term.shape != ():
                given = f"a tensor of shape {tuple(term.shape)}" if isinstance(term, Tensor) else type(term).__name__
                raise SpaceError(f"loss {name} gives {given}; give one number of torch, such as errors.mean()")
        whole = torch.stack(terms).sum()
        if not torch.isfinite(whole):
            raise SpaceError(f"loss {name} gives {float(whole.detach())} for a usual batch; give a finite number")
        if not whole.requires_grad:
            raise SpaceError(f"loss {name} does not depend on the student's forecasts; use outputs.student in it")
        (gradient,) = torch.autograd.grad(whole, student)
        if not torch.isfinite(gradient).all():
            raise SpaceError(f"loss {name} has a gradient that is not finite for a usual batch")
    except KdsearchError:
        raise
    except Exception as error:
        raise SpaceError(
            f"loss {name} fails: {failure(error)}; mend it, and try `check_loss` of kdsearch.testing"
        ) from error


def try_criterion(name: str, network: Forecaster) -> None:
    """Let a criterion of the user's score the channels of a network.

    Raises:
        SpaceError: Where it fails, or its scores tell no channels apart.
    """
    if CRITERIA.ships(name):
        return
    network = copy.deepcopy(network)
    generator = torch.Generator().manual_seed(0)
    for parameter in network.parameters():
        parameter.grad = torch.randn(parameter.shape, generator=generator)
    try:
        scores = Scores(name, network.channel_groups(), 0)
        scores.observe(network)
        made = scores.result(network)
    except KdsearchError:
        raise
    except Exception as error:
        raise SpaceError(f"criterion {name} fails: {failure(error)}; mend it") from error
    if not any(one.min() < one.max() for one in made.values()):
        raise SpaceError(f"criterion {name} gives every channel the same score; add to the scores with `scores.add`")
