"""A training that goes on from what was packed after an epoch ends as if it had not been interrupted, bit for bit."""

import io
from collections.abc import Callable
from functools import partial

import pytest
import torch
from torch import Tensor, nn

from kdsearch.data.profile import fit_scaler
from kdsearch.data.protocols import SplitSeries
from kdsearch.data.windows import WindowedSeries
from kdsearch.distill.loss_config import LossConfig
from kdsearch.models import Forecaster, Stgcn, StgcnSize
from kdsearch.models.module import ModuleSize, NetworkShape, module_family
from kdsearch.record import CurvePoint
from kdsearch.training.fit import fit
from kdsearch.training.plan import Plan

EPOCHS = 4


class Noisy(nn.Module):
    """A module with chance in its training, and with state that no gradient moves."""

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        self.norm, self.dropout = nn.BatchNorm1d(shape.history), nn.Dropout(0.3)
        self.map = nn.Linear(shape.history, shape.horizon)

    def forward(self, x: Tensor) -> Tensor:
        rows = self.norm(x[..., 0].transpose(1, 2).flatten(0, 1))
        answer: Tensor = self.map(self.dropout(rows))
        return answer.reshape(len(x), -1, answer.shape[1]).transpose(1, 2)


def stgcn(series: SplitSeries) -> Forecaster:
    return Stgcn(series.source.adjacency, StgcnSize.of_width(2), outputs=9)


def noisy(series: SplitSeries) -> Forecaster:
    size = ModuleSize(width=1, depth=1, nodes=5, slots=96)
    network: Forecaster = module_family("noisy", Noisy).network(series.source.adjacency, size, outputs=9, history=12)
    return network


@pytest.mark.parametrize(
    ("make", "plan"),
    [
        (stgcn, Plan(EPOCHS, 1e-2)),
        (stgcn, Plan(EPOCHS, 1e-2, averaged=0.6, batch=20, segment=3)),
        (noisy, Plan(EPOCHS, 1e-2, optimiser="tf-rmsprop", schedule="staircase")),
        (noisy, Plan(EPOCHS, 1e-2, averaged=0.3)),
    ],
    ids=["adam", "averaged", "chance-and-rmsprop", "chance-averaged"],
)
def test_it_ends_with_the_same_bits(series: SplitSeries, make: Callable[[SplitSeries], Forecaster], plan: Plan) -> None:
    data = WindowedSeries(series, fit_scaler(series, None), torch.device("cpu"))

    def trained(begun: bytes | None = None) -> tuple[dict[str, Tensor], list[CurvePoint], list[bytes]]:
        torch.manual_seed(0)
        network, kept = make(series), list[bytes]()
        curve = fit(
            network,
            data,
            series.splits["train"].starts,
            plan,
            LossConfig(),
            seed=3,
            validate=lambda _: {"mape": float("nan")},
            begun=begun,
            keep=lambda _, packed: kept.append(packed()),
        )
        return {name: value.clone() for name, value in network.state_dict().items()}, curve, kept

    whole, curve, kept = trained()
    assert len(kept) == EPOCHS
    for done, begun in enumerate(kept, 1):
        again, later_curve, later = trained(begun)
        assert all(torch.equal(again[name], value) for name, value in whole.items()), done
        assert [one.train_loss for one in later_curve] == [one.train_loss for one in curve]
        assert len(later) == EPOCHS - done
    first, *others = [torch.load(io.BytesIO(one), weights_only=True)["weights"][0] for one in kept]
    assert not any(torch.equal(first, other) for other in others), "nothing was learnt: the test shows nothing"


def test_seconds_of_both_parts_are_counted(series: SplitSeries) -> None:
    data = WindowedSeries(series, fit_scaler(series, None), torch.device("cpu"))
    kept: list[bytes] = []
    starts, plan = series.splits["train"].starts, Plan(2, 1e-2)
    train = partial(fit, data=data, starts=starts, plan=plan, loss_config=LossConfig(), seed=0)
    first = train(stgcn(series), keep=lambda _, packed: kept.append(packed()))
    again = train(stgcn(series), begun=kept[0])
    assert again[0] == first[0]
    assert 0 < again[0].cpu_seconds < again[1].cpu_seconds
