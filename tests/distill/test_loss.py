"""Losses are combined as Eq 11 does, and taps leave the network as it was."""

from dataclasses import replace

import pytest
import torch

from kdsearch.distill import losses
from kdsearch.distill.loss import Features, Outputs, drawn_slices
from kdsearch.distill.loss_config import LossConfig
from kdsearch.distill.loss_table import LOSSES
from kdsearch.distill.taps import tapped
from kdsearch.distill.teacher_features import SpatialTable, TemporalTable


def outputs(*, teacher: bool = True) -> Outputs:
    """Draw random outputs of one batch."""
    torch.manual_seed(0)
    student, taught, target = torch.randn(3, 2, 4, 3, 5)
    measured = torch.ones_like(target, dtype=torch.bool)
    return Outputs(student, target, measured, taught if teacher else None, 10.0, torch.full_like(target, 50.0))


def features() -> Features:
    """Draw random taps of segments of 4 windows, from rows 3 and 20; a window's feature is 3 steps long."""
    torch.manual_seed(1)
    taught = [torch.randn(1, 30, 5, 8) for _ in range(4)]
    return Features(
        spatial=[
            (torch.randn(2, 6, 5, 2), SpatialTable(losses.pair_distances(feature[0]).numpy())) for feature in taught[:2]
        ],
        temporal=[
            (torch.randn(2, 6, 5, 2), TemporalTable(losses.lagged_distances(feature, 2)[0].numpy()))
            for feature in taught[2:]
        ],
        segment_starts=torch.tensor([3, 20]),
        forecasts=4,
    )


def judge(config: LossConfig, batch: Outputs, seen: Features | None = None) -> torch.Tensor:
    """Judge a batch, with the weights of the row."""
    row = LOSSES[config.loss]
    if seen is not None:
        spatial, temporal = row.spatial_weight(config), row.temporal_weight(config)
        seen = replace(seen, spatial_weight=spatial, temporal_weight=temporal)
    judged = row.judge(config, batch, seen, torch.Generator().manual_seed(0))
    assert isinstance(judged, torch.Tensor)
    return judged


def test_stcd_is_equation_11() -> None:
    """ORD plus alpha3 times the alpha2-weighted mean of the spatial and temporal terms."""
    weights = {"alpha1": 0.3, "alpha2": 0.4, "alpha3": 0.7, "slice_share": 1.0}
    ord_ = judge(LossConfig("ord", **weights), outputs(), features())  # type: ignore[arg-type]
    scd = judge(LossConfig("scd", **weights), outputs(), features()) - ord_  # type: ignore[arg-type]
    tcd = judge(LossConfig("tcd", **weights), outputs(), features()) - ord_  # type: ignore[arg-type]
    stcd = judge(LossConfig("stcd", **weights), outputs(), features())  # type: ignore[arg-type]
    torch.testing.assert_close(stcd, ord_ + 0.4 * scd + 0.6 * tcd)
    assert scd > 0
    assert tcd > 0


def test_no_teacher_no_teacher() -> None:
    """Plain training does not change with the teacher's outputs."""
    plain = judge(LossConfig("none"), outputs())
    deaf = judge(LossConfig("none"), outputs(teacher=False))
    assert plain == deaf


@pytest.mark.parametrize("loss", ["rd-l2", "rd-kl"])
def test_beta_zero_leaves_the_task(loss: str) -> None:
    plain = judge(LossConfig("none"), outputs())
    torch.testing.assert_close(judge(LossConfig(loss, beta=0.0), outputs()), plain)


def test_the_printed_divergence_is_fed_with_real_units() -> None:
    batch = outputs()
    assert batch.teacher is not None
    expected = losses.printed_divergence(batch.student * 10 + 50, batch.teacher * 10 + 50, batch.measured)
    value = judge(LossConfig("rd-kl", beta=1.0, divergence="printed"), batch)
    torch.testing.assert_close(value, expected)


def test_all_slices_give_the_mean_over_windows() -> None:
    """A slice in more windows weighs more: the loss over a segment is the mean over its windows one by one."""
    batch = features()
    student, table = batch.spatial[0]
    drawn = drawn_slices(student, batch, LossConfig(slice_share=1.0), torch.Generator())
    whole = table.correlation(*drawn, torch.Generator(), error="squared")
    rows = batch.segment_starts[:, None] + torch.arange(6)
    each = [
        table.correlation(
            student[:, start : start + 3].flatten(0, 1),
            rows[:, start : start + 3].flatten(),
            torch.ones(6),
            torch.Generator(),
            error="squared",
        )
        for start in range(4)
    ]
    torch.testing.assert_close(whole, torch.stack(each).mean())


def test_drawn_slices_are_unbiased() -> None:
    """The mean over many draws of a quarter of the slices is the loss over all of them."""
    batch = features()
    student, table = batch.spatial[0]
    generator = torch.Generator().manual_seed(0)

    def loss(share: float) -> torch.Tensor:
        drawn = drawn_slices(student, batch, LossConfig(slice_share=share), generator)
        return table.correlation(*drawn, torch.Generator(), error="squared")

    whole = loss(1.0)
    draws = [loss(0.25).item() for _ in range(3000)]
    spread = torch.tensor(draws).std().item() / len(draws) ** 0.5
    assert abs(sum(draws) / len(draws) - whole.item()) < 4 * spread


def test_taps_are_taken_by_name_and_removed() -> None:
    network = torch.nn.Sequential(torch.nn.Conv2d(1, 3, 1), torch.nn.ReLU())
    x = torch.randn(2, 1, 4, 5)
    with tapped(network, ["0"]) as taken:
        network(x)
    assert taken["0"].shape == (2, 4, 5, 3)
    network(torch.zeros_like(x))
    assert taken["0"].abs().sum() > 0
    assert not network[0]._forward_hooks
