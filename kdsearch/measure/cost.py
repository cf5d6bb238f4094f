"""Parameters and floating-point operations, counted operator by operator as they run."""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from kdsearch.costs import Cost, Latency
from kdsearch.errors import RunError, failure
from kdsearch.jit import plain_forms
from kdsearch.measure.latency import Call, at_pace, measure_calls, measure_latency
from kdsearch.measure.objectives import OBJECTIVES
from kdsearch.measure.subject import Subject
from kdsearch.models import Forecaster

__all__ = ["OperationCounter", "forecast_cost", "measured_costs", "timed", "weight_count"]

ELEMENTWISE = frozenset(
    {"add", "sub", "mul", "div", "neg", "relu", "sigmoid", "tanh", "exp", "log", "sqrt", "rsqrt", "square", "pow"}
    | {"abs", "where", "clamp", "clamp_min", "maximum", "minimum", "gelu", "leaky_relu", "round", "remainder", "eq"}
)
"""One operation for each element of the result."""

REDUCTIONS = {"sum": 1, "mean": 1, "amax": 1, "var_mean": 4, "_softmax": 5, "_log_softmax": 5}
REDUCTIONS |= {"glu": 1, "native_layer_norm": 8}
"""Operations for each element that goes in."""

FREE = frozenset(
    {"view", "_unsafe_view", "reshape", "permute", "transpose", "t", "expand", "as_strided", "contiguous", "alias"}
    | {
        "slice",
        "select",
        "split",
        "cat",
        "stack",
        "unbind",
        "index",
        "embedding",
        "unsqueeze",
        "squeeze",
        "unfold",
        "constant_pad_nd",
    }
    | {"clone", "copy_", "_to_copy", "detach", "lift_fresh", "empty", "empty_like", "zeros", "zeros_like", "ones"}
    | {"ones_like", "new_empty", "new_zeros", "new_ones", "full", "fill_", "arange"}
)
"""Moving and making numbers is no arithmetic."""


class OperationCounter(TorchDispatchMode):  # type: ignore[no-untyped-call]  # torch leaves it untyped
    """Counts the floating-point operations of everything that runs inside the block.

    Attributes:
        product_flops: Matrix products and convolutions, 2 for each multiply-accumulate (torch's own formulas).
        elementwise_flops: Element by element operations and reductions.
        uncounted: Operators for which no formula is known -> how often they ran.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.product_flops = 0
        self.elementwise_flops = 0
        self.uncounted: Counter[str] = Counter()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Run the operator and count it."""
        kwargs = kwargs or {}
        result = func(*args, **kwargs)
        packet = func.overloadpacket
        name = packet.__name__
        if packet in flop_registry:
            self.product_flops += int(flop_registry[packet](*args, **kwargs, out_val=result))
        elif name.removesuffix("_") in ELEMENTWISE:
            self.elementwise_flops += result.numel()
        elif name in REDUCTIONS:
            self.elementwise_flops += REDUCTIONS[name] * args[0].numel()
        elif name not in FREE:
            self.uncounted[str(packet)] += 1
        return result


def weight_count(network: torch.nn.Module) -> int:
    """Trained parameters."""
    return sum(math.prod(parameter.shape) for parameter in network.parameters())


def timed(
    subjects: Sequence[Subject], horizon: int, *, repeats: int, threads: int, max_seconds: float
) -> list[Latency]:
    """Time one forecast of one window by each network, or by its file where it has one, in alternation.

    Args are those of `measured_costs`.
    """
    calls = [Call(one.file, 1) for one in subjects if one.file is not None]
    if calls:
        assert len(calls) == len(subjects), "files are compared with files"
        return measure_calls(calls, repeats=repeats, threads=threads, max_seconds=max_seconds)
    pairs = [(one.network, one.window) for one in subjects]
    return measure_latency(pairs, horizon, repeats=repeats, threads=threads, max_seconds=max_seconds)


def measured_costs(
    subjects: Sequence[Subject],
    horizon: int,
    *,
    repeats: int,
    threads: int,
    max_seconds: float,
    batch_repeats: int = 0,
    quiet: Latency | None = None,
) -> list[Cost]:
    """Count and time networks, in alternation with the first one; trial, teacher and confirmation measure here.

    Args:
        subjects: The reference network first, to which latency ratios refer; it may be alone.
        horizon: Steps to forecast.
        repeats: Readings of each network at batch 1.
        threads: Threads inside an operator.
        max_seconds: Wall-clock limit of each of the two timings.
        batch_repeats: Readings of each network's `batch`; none are taken where 0.
        quiet: Latency of the reference network at the time that counts, to whose pace all milliseconds are scaled; its
            reading here and now where None.

    Returns:
        One for each subject, in the order given.

    Raises:
        RunError: A cost of the user's own could not be measured.
    """
    single = timed(subjects, horizon, repeats=repeats, threads=threads, max_seconds=max_seconds)
    batches = [(one.network, one.batch) for one in subjects if one.batch is not None] if batch_repeats else []
    many = measure_latency(batches, horizon, repeats=batch_repeats, threads=threads, max_seconds=max_seconds)
    costs = []
    for place, subject in enumerate(subjects):
        latency, ratio = at_pace(single[place], single[0], quiet or single[0])
        readings: dict[str, Any] = {"latency_ms": latency, "latency_ratio": ratio}
        if many:
            readings |= {"latency_batch_ms": many[place], "latency_batch_ratio": many[place].p2 / many[0].p2}
        counted = forecast_cost(subject.network, subject.window, horizon, subject.stored_numbers)
        others = {"file_bytes": subject.file_bytes, "measured": _own_costs(subject, horizon)}
        costs.append(counted.model_copy(update=readings | others))
    return costs


def _own_costs(subject: Subject, horizon: int) -> dict[str, float]:
    """Measure the costs of the user's own: those of the objectives' rows that say how.

    Raises:
        RunError: A row's function fails, or gives no finite number above 0.
    """
    costs: dict[str, float] = {}
    for objective in OBJECTIVES.values():
        if objective.measure is None:
            continue
        try:
            with torch.no_grad():
                cost = float(objective.measure(subject, horizon))
        except Exception as error:
            raise RunError(f"the cost {objective.name!r} could not be measured: {failure(error)}") from error
        if not 0 < cost < math.inf:
            raise RunError(f"the cost {objective.name!r} was measured as {cost}; give a finite number above 0")
        costs[objective.name] = cost
    return costs


def forecast_cost(network: Forecaster, x: Tensor, horizon: int, stored_numbers: int) -> Cost:
    """Count what one forecast of the whole horizon costs, iterated decoding included.

    Graph products are counted as the published networks carry them out: dense, whatever of the graph is zero.

    Args:
        network: The forecaster.
        x: One window, ``(1, history, node, channel)``.
        horizon: Steps to forecast.
        stored_numbers: What the forecaster keeps besides its parameters: its calendar profile.
    """
    network.eval()
    counter = OperationCounter()
    with torch.no_grad(), plain_forms(), counter:
        network.forecast(x, horizon)
    parameters = weight_count(network)
    return Cost(
        parameters=parameters,
        stored_numbers=parameters + stored_numbers,
        flops=counter.product_flops + counter.elementwise_flops,
        product_flops=counter.product_flops,
        uncounted_operators=sorted(counter.uncounted),
    )
