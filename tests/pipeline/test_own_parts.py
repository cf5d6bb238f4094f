"""Parts of a user's own that cannot work are refused in one sentence, before a teacher is trained."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from kdsearch.data.protocols import SplitSeries
from kdsearch.distill.loss_table import LOSSES, Loss
from kdsearch.errors import RunError, SpaceError
from kdsearch.models import FAMILIES, ChannelGroup
from kdsearch.models.forecaster import Member, consecutive
from kdsearch.models.module import NetworkShape, module_family
from kdsearch.pipeline.spaces import check_space
from kdsearch.prune.criteria import CRITERIA, Criterion
from kdsearch.study.space.files import read_space
from kdsearch.study.space.space import SearchSpace
from kdsearch.trial.teacher_settings import teacher_config

pytestmark = pytest.mark.usefixtures("own_rows")

SPACE = """
name = "small"
dataset = "demo"
protocol = "stgcn"
[teacher]
width = 4
"""


class Net(nn.Module):
    """A hidden layer over the history, whose channels can go."""

    def __init__(self, shape: NetworkShape) -> None:
        super().__init__()
        self.first = nn.Linear(shape.history * shape.channels, 2 * shape.width)
        self.second = nn.Linear(2 * shape.width, shape.horizon)

    def forward(self, x: Tensor) -> Any:
        """Map (batch, history, node, channel) to (batch, horizon, node)."""
        hidden = torch.relu(self.first(x.permute(0, 2, 1, 3).flatten(2)))
        return self.second(hidden).permute(0, 2, 1)


class Pair(Net):
    def forward(self, x: Tensor) -> Any:
        return super().forward(x), x


class Wide(Net):
    def forward(self, x: Tensor) -> Any:
        return super().forward(x).double()


class Lost(Net):
    def forward(self, x: Tensor) -> Any:
        return super().forward(x) * torch.nan


class Clocked(Net):
    def forward(self, x: Tensor) -> Any:
        return super().forward(x) + x[:, -1:, :, 1]


class Turned(Net):
    def forward(self, x: Tensor) -> Any:
        return super().forward(x).permute(0, 2, 1)


class Empty(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x[:, :9, :, 0]


class Idle(Net):
    def forward(self, x: Tensor) -> Any:
        return x[:, :9, :, 0]


class Counting(Net):
    def __init__(self, shape: NetworkShape) -> None:
        super().__init__(shape)
        self.count = nn.Parameter(torch.zeros(1, dtype=torch.int64), requires_grad=False)


def needs_four(shape: NetworkShape) -> nn.Module:
    if shape.width % 4:
        raise IndexError(f"{shape.width} channels for 4 heads")
    return Net(shape)


def group(*members: Member) -> Callable[[nn.Module], Any]:
    return lambda module: [ChannelGroup("hidden", module.get_parameter("first.bias").numel(), members)]


def hidden(count: int = 8, name: str = "first.weight", dim: int = 0) -> Member:
    return Member(name, dim, consecutive(0, count))


def space(parameters: str) -> SearchSpace:
    return read_space(SPACE + parameters, "small.toml")


def check(found: SearchSpace, series: SplitSeries) -> None:
    check_space(found, series, teacher_config(series, "best", found.teacher))


OWN = '[parameters.family]\nchoices = ["mine"]\n[parameters.width]\nlow = 4\nhigh = 8\nkind = "int"\n'


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (Pair, "family mine gives tuple; it must give one tensor"),
        (Wide, r"family mine gives forecasts of torch\.float64; give float32"),
        (Lost, "family mine gives a forecast that is no finite number before it is trained"),
        (Turned, r"family mine gives forecasts of shape \(2, 5, 9\) .* must be \(batch, horizon, node\) = \(2, 9, 5\)"),
        (
            Clocked,
            r"family mine fails with an input of shape \(2, 12, 5, 1\), .*: IndexError: index 1 is out of bounds",
        ),
        (lambda _: Empty(), "family mine has no parameters to train; keep its layers as attributes"),
        (Idle, "the forecasts of family mine do not depend on its parameters; use them in forward"),
        (Counting, r"parameter module\.count of family mine is torch\.int64; make it float32, or a buffer"),
        (lambda _: None, r"family mine of width 4 and depth 0 is NoneType, not a torch\.nn\.Module"),
        (lambda shape: Net(shape.widht), "family mine of width 4 .* cannot be made: AttributeError: .*'widht'"),
    ],
)
def test_a_network_that_cannot_work_is_refused(
    make: Callable[[NetworkShape], Any], words: str, series: SplitSeries
) -> None:
    FAMILIES.add(module_family("mine", make))
    with pytest.raises(SpaceError, match=words):
        check(space(OWN), series)


def test_a_network_that_works_is_not_refused(series: SplitSeries) -> None:
    FAMILIES.add(module_family("mine", Net))
    FAMILIES.add(module_family("timed", Clocked, clock=True))
    check(space(OWN), series)
    check(space(OWN.replace("mine", "timed")), series)


def test_every_width_that_the_space_names_is_made(series: SplitSeries) -> None:
    FAMILIES.add(module_family("mine", needs_four))
    check(space(OWN), series)
    with pytest.raises(
        SpaceError, match=r"family mine of width 6 .* cannot be made: IndexError: 6 channels for 4 heads"
    ):
        check(space(OWN.replace("high = 8", "high = 6")), series)


def test_a_teacher_of_the_users_own_is_tried_too(series: SplitSeries) -> None:
    FAMILIES.add(module_family("mine", Lost))
    with pytest.raises(SpaceError, match="family mine gives a forecast that is no finite number"):
        check(space('family = "mine"\n[parameters.width]\nlow = 1\nhigh = 2\nkind = "int"\n'), series)


WHOLE = (hidden(), hidden(name="first.bias"), hidden(name="second.weight", dim=1))


@pytest.mark.parametrize(
    ("groups", "words"),
    [
        (lambda _: None, "the channel groups of family mine are NoneType; give a list of ChannelGroup"),
        (group(hidden(name="frist.weight")), r"do not fit: there is no parameter 'frist\.weight'; did you mean 'first"),
        (group(hidden(dim=2)), r"name first\.weight\[2\], and it has 2 dimensions"),
        (group(hidden(7)), r"name first\.weight\[0\] with 7 lists of rows for 8 channels"),
        (group(Member("second.weight", 1, consecutive(1, 8))), r"name second\.weight\[1\] with a row outside 0 to 7"),
        (group(*WHOLE[:1]), r"family mine fails .*: RuntimeError"),
        (group(*WHOLE), None),
    ],
)
def test_channel_groups_that_cannot_be_cut_are_refused(
    groups: Callable[[nn.Module], Any], words: str | None, series: SplitSeries
) -> None:
    FAMILIES.add(module_family("mine", Net, groups=groups))
    searched = space(
        OWN.replace("low = 4\nhigh = 8", "low = 4\nhigh = 4") + '[parameters.route]\nvalue = "student-prune"\n'
    )
    if words is None:
        check(searched, series)
        return
    with pytest.raises(SpaceError, match=words):
        check(searched, series)


def test_a_cut_that_changes_the_forecast_is_refused(series: SplitSeries) -> None:
    class Sigmoid(Net):
        def forward(self, x: Tensor) -> Any:
            """Zero channels give 0.5, which the next layer sees."""
            return self.second(torch.sigmoid(self.first(x.permute(0, 2, 1, 3).flatten(2)))).permute(0, 2, 1)

    FAMILIES.add(module_family("mine", Sigmoid, groups=group(*WHOLE[:2])))
    text = OWN.replace("low = 4\nhigh = 8", "low = 4\nhigh = 4") + '[parameters.route]\nvalue = "student-prune"\n'
    with pytest.raises(SpaceError, match="family mine"):
        check(space(text), series)


def own_loss(judge: Callable[..., Any]) -> SearchSpace:
    LOSSES.add(Loss(name="mine", sentence="my own", symbol="star", judge=judge))
    return space('[parameters.loss]\nchoices = ["mine"]\n')


@pytest.mark.parametrize(
    ("judge", "words"),
    [
        (
            lambda _c, o, _f, _g: (o.student - o.target).abs(),
            r"loss mine gives a tensor of shape \(2, 4, 3, 5\); give one",
        ),
        (lambda *_: None, "loss mine gives NoneType; give one number of torch"),
        (lambda *_: 0.5, "loss mine gives float; give one number of torch"),
        (lambda _c, o, _f, _g: (o.student.mean(), 1.0), "loss mine gives float; give one number of torch"),
        (lambda _c, o, _f, _g: o.student.mean() * torch.nan, "loss mine gives nan for a usual batch"),
        (lambda _c, o, _f, _g: (o.student * 0).sqrt().sum(), "loss mine has a gradient that is not finite"),
        (lambda _c, o, _f, _g: o.target.abs().mean(), "loss mine does not depend on the student's forecasts"),
        (
            lambda _c, o, _f, _g: o.teacher_outputs.mean(),
            "the loss reads the teacher's outputs; write teacher='outputs'",
        ),
        (lambda _c, o, _f, _g: (o.student - o.teacher).mean(), "loss mine fails: TypeError"),
        (lambda c, o, _f, _g: o.student.mean() * c.gamma, "loss mine fails: AttributeError: .*'gamma'"),
    ],
)
def test_a_loss_that_cannot_work_is_refused(judge: Callable[..., Any], words: str, series: SplitSeries) -> None:
    found = own_loss(judge)
    with pytest.raises(SpaceError, match=words):
        check(found, series)


def test_a_loss_that_works_is_not_refused(series: SplitSeries) -> None:
    check(own_loss(lambda _c, o, _f, _g: (o.student - o.target).square()[o.measured].mean()), series)


@pytest.mark.parametrize(
    ("score", "words"),
    [
        (lambda _scores, _network: None, "criterion mine gives every channel the same score; add to the scores"),
        (lambda _scores, _network: 1 / 0, "criterion mine fails: ZeroDivisionError: division by zero"),
        (
            lambda scores, network: scores.add(network, lambda w, _: w / 0 * 0),
            "criterion mine gives group .* scores of",
        ),
        (lambda scores, _network: scores.sums.update({name: torch.ones(3) for name in scores.sums}), "shape .3,."),
    ],
)
def test_a_criterion_that_cannot_work_is_refused(score: Callable[..., Any], words: str, series: SplitSeries) -> None:
    CRITERIA.add(Criterion("mine", "my own", score))
    text = '[parameters.criterion]\nchoices = ["mine"]\n[parameters.route]\nvalue = "prune"\n'
    with pytest.raises((SpaceError, RunError), match=words):
        check(space(text), series)


def test_a_criterion_that_works_is_not_refused(series: SplitSeries) -> None:
    CRITERIA.add(Criterion("mine", "my own", lambda scores, network: scores.add(network, lambda w, _: w.abs())))
    check(space('[parameters.criterion]\nchoices = ["mine"]\n[parameters.route]\nvalue = "prune"\n'), series)


def test_a_network_too_large_for_the_machine_is_refused(series: SplitSeries) -> None:
    for width in (10**10, 10**15):
        with pytest.raises(
            SpaceError, match=f"a network of family stgcn and width {width} cannot be made: .*; choose a"
        ):
            check(space(f'[parameters.width]\nlow = 1\nhigh = {width}\nkind = "int"\n'), series)
