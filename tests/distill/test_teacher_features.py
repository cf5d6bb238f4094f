"""Tables by time step hold the features of the teacher's network, for every row of a training window."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from kdsearch.data.profile import fit_scaler
from kdsearch.data.protocols import SplitSeries
from kdsearch.data.windows import WindowedSeries
from kdsearch.distill import fused, losses, teacher_features
from kdsearch.distill.losses import Error
from kdsearch.distill.taps import tapped
from kdsearch.distill.teacher_features import SpatialTable, TeacherTables, make_tables, open_tables
from kdsearch.errors import RunError
from kdsearch.models import Forecaster, Stgcn, StgcnSize

LENGTH = 10


@pytest.fixture(scope="module")
def teacher(series: SplitSeries) -> Forecaster:
    torch.manual_seed(0)
    return Stgcn(series.source.adjacency, StgcnSize.of_width(8), outputs=9).eval()


@pytest.fixture(scope="module")
def data(series: SplitSeries) -> WindowedSeries:
    return WindowedSeries(series, fit_scaler(series, None), torch.device("cpu"))


def made(folder: Path, teacher: Forecaster, data: WindowedSeries, series: SplitSeries) -> TeacherTables:
    """Make the tables of the training split."""
    folder.mkdir(exist_ok=True)
    make_tables(folder, teacher, data, series.splits["train"].last)
    return open_tables(folder)


@pytest.fixture(scope="module")
def kept(
    teacher: Forecaster, data: WindowedSeries, series: SplitSeries, tmp_path_factory: pytest.TempPathFactory
) -> TeacherTables:
    return made(tmp_path_factory.mktemp("tables"), teacher, data, series)


def segments(series: SplitSeries) -> Tensor:
    """Give starts of the split's first and last segment, and of one across a border between the segments of making."""
    starts = series.splits["train"].starts
    across = starts[starts < teacher_features.SEGMENT][-1] - 1
    return torch.tensor([starts[0], across, starts[-1] - LENGTH + 1])


@torch.no_grad()
def live(teacher: Forecaster, data: WindowedSeries, segment_starts: Tensor) -> dict[str, Tensor]:
    """Compute the teacher's features with its network."""
    with tapped(teacher, (*teacher.spatial_taps, *teacher.temporal_taps)) as features:
        teacher(data.inputs(segment_starts, LENGTH, with_clock=False))
    return dict(features)


def losses_of(
    kept: TeacherTables, teacher: Forecaster, data: WindowedSeries, segment_starts: Tensor, error: Error
) -> list[tuple[str, Tensor, Tensor]]:
    """List tap, loss by the table and loss by the network, with gradients, for a student of two channels."""
    torch.manual_seed(1)
    found = []
    for name, feature in live(teacher, data, segment_starts).items():
        batch, time, nodes, _ = feature.shape
        student = torch.rand(batch, time, nodes, 2).requires_grad_()
        if name in kept.temporal:
            span = time - LENGTH + 1
            pair = (
                kept.temporal[name].correlation(student, segment_starts, error=error),
                fused.temporal_correlation(student, feature, span, error=error),
            )
        else:
            rows, weight = (segment_starts[:, None] + torch.arange(time)).flatten(), torch.ones(batch * time)
            slices = student.flatten(0, 1)
            pair = (
                kept.spatial[name].correlation(slices, rows, weight, torch.Generator(), error=error),
                fused.spatial_correlation(slices, feature.flatten(0, 1), weight, error=error),
            )
        table, network = (
            torch.cat([loss.detach()[None], torch.autograd.grad(loss, student)[0].flatten()]) for loss in pair
        )
        found.append((name, table, network))
    return found


def test_every_tap_has_a_table(kept: TeacherTables, teacher: Forecaster) -> None:
    assert set(kept.spatial) == set(teacher.spatial_taps)
    assert set(kept.temporal) == set(teacher.temporal_taps)


def test_float16_changes_loss_and_gradient_by_less_than_a_thousandth(
    kept: TeacherTables, teacher: Forecaster, data: WindowedSeries, series: SplitSeries
) -> None:
    """Of the greatest entry; float16 keeps 11 binary digits of each distance."""
    for name, table, network in losses_of(kept, teacher, data, segments(series), "squared"):
        assert table[0].item() == pytest.approx(network[0].item(), rel=1e-3), name
        assert (table[1:] - network[1:]).abs().max() < 1e-3 * network[1:].abs().max(), name


def test_large_graphs_keep_features(
    teacher: Forecaster, data: WindowedSeries, series: SplitSeries, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(teacher_features, "PAIR_NODES", 4)
    large = made(tmp_path / "large", teacher, data, series)
    assert all(table.kept.shape[1:] == (8, 5) for table in large.spatial.values())
    monkeypatch.setattr(teacher_features, "PAIR_NODES", 5)  # none is left out
    for name, table, network in losses_of(large, teacher, data, segments(series), "squared"):
        assert table[0].item() == pytest.approx(network[0].item(), rel=1e-3), name


def test_of_large_graphs_a_step_compares_some_nodes_and_is_right_on_the_average(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Loss and gradient: their mean over many draws is what all pairs give, each draw alone is not."""
    monkeypatch.setattr(teacher_features, "PAIR_NODES", 4)
    torch.manual_seed(0)
    kept, generator = torch.randn(3, 8, 9).half(), torch.Generator().manual_seed(0)
    student, rows, weight = torch.randn(2, 9, 2).requires_grad_(), torch.tensor([2, 0]), torch.tensor([1.0, 2.0])
    table = SpatialTable(kept.numpy())

    def with_gradient(loss: Tensor) -> Tensor:
        return torch.cat([loss.detach()[None], torch.autograd.grad(loss, student)[0].flatten()])

    seen = torch.stack(
        [with_gradient(table.correlation(student, rows, weight, generator, error="squared")) for _ in range(4000)]
    )
    whole = with_gradient(losses.spatial_correlation(student, kept[rows].float().transpose(1, 2), weight))
    spread = seen.std(dim=0) / len(seen) ** 0.5
    assert (seen[:, 0].std() > 0.05 * whole[0]).item()
    assert ((seen.mean(dim=0) - whole).abs() < 4.5 * spread + 1e-6).all()


def test_rows_are_written_once_and_in_order(
    kept: TeacherTables, teacher: Forecaster, data: WindowedSeries, series: SplitSeries
) -> None:
    """All rows at once give the same tables as segments do, zeros beyond the split included."""
    rows = series.splits["train"].last
    with torch.no_grad(), tapped(teacher, (*teacher.spatial_taps, *teacher.temporal_taps)) as features:
        teacher(data.inputs(torch.tensor([0]), rows - teacher.history + 1, with_clock=False))
    for name, temporal in kept.temporal.items():
        expected = losses.lagged_distances(features[name], temporal.distances.shape[1])[0]
        np.testing.assert_allclose(temporal.distances, expected.numpy(), rtol=1e-3, atol=1e-5)
    for name, spatial in kept.spatial.items():
        expected = losses.pair_distances(features[name][0])
        np.testing.assert_allclose(spatial.kept, expected.numpy(), rtol=1e-3, atol=1e-5)


def test_a_full_disk_is_one_sentence(
    teacher: Forecaster, data: WindowedSeries, series: SplitSeries, tmp_path: Path
) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full on this system")
    (tmp_path / "spatial-block1.graph.npy").symlink_to("/dev/full")
    with pytest.raises(RunError, match=r"No space left on device.*KDSEARCH_CACHE"):
        made(tmp_path, teacher, data, series)


def test_features_beyond_float16_are_refused(series: SplitSeries, data: WindowedSeries, tmp_path: Path) -> None:
    torch.manual_seed(0)
    wild = Stgcn(series.source.adjacency, StgcnSize.of_width(2), outputs=9)
    with torch.no_grad():
        wild.block0.graph.weight.mul_(1e9)
    with pytest.raises(RunError, match="beyond 65504"):
        made(tmp_path, wild, data, series)
