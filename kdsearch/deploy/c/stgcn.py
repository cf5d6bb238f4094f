"""STGCN as C, column by column: each layer keeps the last columns of its input and makes one column of its output.

A history is pushed through step by step; in iterated decoding so is each forecast step. A column is
``(channel, LINE)``.
"""

import numpy as np
import torch

from kdsearch.deploy.c.layers import APPLY
from kdsearch.deploy.c.parts import Parts, plain
from kdsearch.models.stgcn.graph import ChebyshevGraph, chebyshev_graph
from kdsearch.models.stgcn.layers import NORM_EPSILON, TIME_KERNEL, Block, NodeChannelNorm, TemporalConvolution
from kdsearch.models.stgcn.network import Stgcn

__all__ = ["write_stgcn"]

NORM_TYPE = {
    "float": """\
/* Layer norm over channels and nodes jointly; weight and bias are (channel, node). */
typedef struct {
    const Weight *weight, *bias;
} Norm;""",
    "int8": """\
/* Layer norm over channels and nodes jointly; weight and bias are (channel, node), with a scale for each channel. */
typedef struct {
    const Weight *weight, *bias;
    const float *weight_scale, *bias_scale;
} Norm;""",
}

LAYERS = """\
/* Forget the oldest of a layer's kept columns, and keep this one. */
static void keep(float *kept, int kernel, int channels, const float *column)
{
    const size_t size = (size_t)(channels * LINE);
    memmove(kept, kept + size, (size_t)(kernel - 1) * size * sizeof(float));
    memcpy(kept + (size_t)(kernel - 1) * size, column, size * sizeof(float));
}

static float sigmoid(float x)
{
    return 1.0f / (1.0f + expf(-x));
}

/* (P + R) * sigmoid(Q) of kept columns; R is the last one, mapped by align, or as it is if that is 0. */
static void gate(const Linear *layer, const Linear *align, const float *kept, int kernel, float *column)
{
    const int outputs = layer->outputs / 2, channels = layer->inputs / kernel;
    const float *last = kept + (kernel - 1) * channels * LINE;
    for (int first = 0; first < LINE; first += LANES) {
        apply(layer, kept + first, LINE, lanes);
        if (align)
            apply(align, last + first, LINE, residual);
        for (int output = 0; output < outputs; output++)
            for (int lane = 0; lane < LANES; lane++) {
                const float own = align ? residual[output * LANES + lane]
                                        : output < channels ? last[output * LINE + first + lane] : 0.0f;
                column[output * LINE + first + lane] = (lanes[output * LANES + lane] + own)
                                                       * sigmoid(lanes[(outputs + output) * LANES + lane]);
            }
    }
}

/* max(0, P + R); R are so many channels, added to the first outputs. */
static void rectify(const Linear *layer, const float *in, const float *own, int channels, float *column)
{
    for (int first = 0; first < LINE; first += LANES) {
        apply(layer, in + first, LINE, lanes);
        for (int output = 0; output < layer->outputs; output++)
            for (int lane = 0; lane < LANES; lane++) {
                const float sum = lanes[output * LANES + lane]
                                  + (output < channels ? own[output * LINE + first + lane] : 0.0f);
                column[output * LINE + first + lane] = sum > 0.0f ? sum : 0.0f;
            }
    }
}

/* Fill in the Chebyshev polynomials of the graph after the first channels, which are the column itself. */
static void polynomials(int channels)
{
    for (int line = channels; line < ORDER * channels; line++) {
        const float *given = orders + (line - channels) * LINE, *before = given - channels * LINE;
        float *made = orders + line * LINE;
        for (int node = 0; node < NODES; node++) {
            float total = 0.0f;
            for (int edge = edge_starts[node]; edge < (int)edge_starts[node + 1]; edge++)
                total += edge_weights[edge] * given[neighbours[edge]];
            made[node] = line < 2 * channels ? total : 2.0f * total - before[node];
        }
    }
}

static void normalise(const Norm *norm, int channels, float *column)
{
    float sum = 0.0f, squares = 0.0f;
    for (int channel = 0; channel < channels; channel++) {
        float part = 0.0f;
        for (int node = 0; node < NODES; node++)
            part += column[channel * LINE + node];
        sum += part;
    }
    const float mean = sum / (float)(channels * NODES);
    for (int channel = 0; channel < channels; channel++) {
        float part = 0.0f;
        for (int node = 0; node < NODES; node++)
            part += (column[channel * LINE + node] - mean) * (column[channel * LINE + node] - mean);
        squares += part;
    }
    const float factor = 1.0f / sqrtf(squares / (float)(channels * NODES) + EPSILON);
    for (int channel = 0; channel < channels; channel++) {
        const Weight *weight = norm->weight + channel * NODES, *bias = norm->bias + channel * NODES;
        float *line = column + channel * LINE;
        for (int node = 0; node < NODES; node++)
            line[node] = (line[node] - mean) * factor * SCALED(norm->weight_scale, channel, weight[node])
                         + SCALED(norm->bias_scale, channel, bias[node]);
    }
}"""

BLOCK = """\
    keep($PLACE_kept1, KERNEL, $INPUTS, $GIVEN);
    if (step < $ENOUGH1)
        return;
    gate(&$PLACE_temporal1, $ALIGN, $PLACE_kept1, KERNEL, orders);
    polynomials($HIDDEN);
    rectify(&$PLACE_graph, orders, orders, $HIDDEN, current);
    keep($PLACE_kept2, KERNEL, $HIDDEN, current);
    if (step < $ENOUGH2)
        return;
    rectify(&$PLACE_temporal2, $PLACE_kept2, $PLACE_kept2 + (KERNEL - 1) * $HIDDEN * LINE, $HIDDEN, current);
    normalise(&$PLACE_norm, $OUTPUT, current);
"""

PUSH = """\
/* Push the inputs of a step through the network; from the history's last step on, write the steps after it. */
static void push(const float *line, int step, float *forecast)
{
$BLOCKS    keep(head_kept, HEAD_KERNEL, $OUTPUT, current);
    if (step < HISTORY - 1)
        return;
    gate(&head_temporal1, 0, head_kept, HEAD_KERNEL, current);
    normalise(&head_norm, $OUTPUT, current);
    for (int first = 0; first < LINE; first += LANES) {
        const int count = NODES - first < LANES ? NODES - first : LANES;
        apply(&head_temporal2, current + first, LINE, lanes);
        for (int i = 0; i < head_temporal2.outputs * LANES; i++)
            lanes[i] = sigmoid(lanes[i]);
        apply(&head_steps, lanes, LANES, residual);
        for (int output = 0; output < head_steps.outputs; output++)
            for (int lane = 0; lane < count; lane++)
                forecast[output * NODES + first + lane] = residual[output * LANES + lane] + node_bias[first + lane];
    }
}

static void network(int64_t time, float *forecast)
{
    (void)time; /* the calendar alone knows it */
    for (int step = 0; step < HISTORY; step++)
        push(inputs + step * LINE, step, forecast);
$ITERATED}"""

ITERATED = """\
    for (int step = 1; step < HORIZON; step++) {
        memcpy(inputs, forecast + (step - 1) * NODES, NODES * sizeof(float)); /* a line, of LINE numbers */
        push(inputs, HISTORY - 1 + step, forecast + step * NODES);
    }
"""


def write_stgcn(network: Stgcn, horizon: int, parts: Parts) -> None:
    """Write the function `network` and its constants."""
    size, head = network.size, network.head
    graph = chebyshev_graph(network._adjacency)
    parts.constants.append(NORM_TYPE[parts.numbers])
    _write_graph(parts, graph)
    places = {"block0": (1, network.block0), "block1": (size.output[0], network.block1)}
    blocks = "".join(
        _block(parts, place, inputs, block, 2 * at * (TIME_KERNEL - 1))
        for at, (place, (inputs, block)) in enumerate(places.items())
    )
    _convolution(parts, "head_temporal1", head.temporal1)
    _norm(parts, "head_norm", head.norm)
    _convolution(parts, "head_temporal2", head.temporal2)
    bias = np.zeros(1, np.float32) if head.step_bias is None else plain(head.step_bias)
    steps = parts.linear("head_steps", plain(head.weight)[:horizon, :, 0, 0], bias[:horizon])
    parts.constants.append(f"static const Linear head_steps = {steps};")
    parts.array("node_bias", plain(head.node_bias))
    parts.scratch("head_kept", head.kernel * size.output[1] * parts.line)
    parts.scratch("current", max(*size.hidden, *size.output) * parts.line)
    parts.scratch("orders", graph.order * max(size.hidden) * parts.line)
    parts.scratch("lanes", max(2 * max(size.hidden), *size.output, 2 * size.output[1], size.head) * parts.lanes)
    parts.scratch("residual", max(*size.hidden, size.output[1], min(network.outputs, horizon)) * parts.lanes)
    parts.sizes |= {"KERNEL": TIME_KERNEL, "HEAD_KERNEL": head.kernel, "ORDER": graph.order}
    parts.functions += [APPLY, LAYERS.replace("EPSILON", f"{NORM_EPSILON!r}f")]
    push = PUSH.replace("$BLOCKS", blocks).replace("$OUTPUT", str(size.output[1]))
    parts.functions.append(push.replace("$ITERATED", ITERATED if network.outputs < horizon else ""))


def _write_graph(parts: Parts, graph: ChebyshevGraph) -> None:
    """Write each node's list of neighbours: those whose numbers its own polynomial sums."""
    matrix = graph.laplacian.T.tocsr()
    parts.array("edge_starts", matrix.indptr.astype(_least(matrix.nnz)))
    parts.array("neighbours", matrix.indices.astype(_least(graph.nodes)))
    parts.array("edge_weights", matrix.data.astype(np.float32))


def _least(largest: int) -> np.dtype[np.unsignedinteger]:
    """Find the smallest type that holds the numbers up to this one."""
    return next(np.dtype(kind) for kind in ("uint8", "uint16", "uint32") if largest <= np.iinfo(kind).max)


def _block(parts: Parts, place: str, inputs: int, block: Block, before: int) -> str:
    """Write a block's constants; give its part of `push`, after the columns that went before it."""
    hidden, output = len(block.graph.bias), len(block.temporal2.bias)
    for name in ("temporal1", "graph", "temporal2"):
        _convolution(parts, f"{place}_{name}", getattr(block, name))
    align = block.temporal1.align
    if align is not None:
        initialiser = parts.linear(f"{place}_align", plain(align)[:, :, 0, 0], None)
        parts.constants.append(f"static const Linear {place}_align = {initialiser};")
    _norm(parts, f"{place}_norm", block.norm)
    parts.scratch(f"{place}_kept1", TIME_KERNEL * inputs * parts.line)
    parts.scratch(f"{place}_kept2", TIME_KERNEL * hidden * parts.line)
    words = {
        "$PLACE": place,
        "$INPUTS": str(inputs),
        "$GIVEN": "line" if before == 0 else "current",
        "$ENOUGH1": str(before + TIME_KERNEL - 1),
        "$ENOUGH2": str(before + 2 * (TIME_KERNEL - 1)),
        "$ALIGN": "0" if align is None else f"&{place}_align",
        "$HIDDEN": str(hidden),
        "$OUTPUT": str(output),
    }
    written = BLOCK
    for word, value in words.items():
        written = written.replace(word, value)
    return written


def _convolution(parts: Parts, name: str, layer: TemporalConvolution | torch.nn.Module) -> None:
    """Write a convolution as a linear map of all its taps: the channels of the first column, then of the next."""
    weight = plain(layer.weight)[..., 0].transpose(0, 2, 1)
    initialiser = parts.linear(name, np.ascontiguousarray(weight.reshape(len(weight), -1)), plain(layer.bias))
    parts.constants.append(f"static const Linear {name} = {initialiser};")


def _norm(parts: Parts, name: str, norm: NodeChannelNorm) -> None:
    arrays = [f"{name}_weight", f"{name}_bias"]
    for array, values in zip(arrays, (norm.weight, norm.bias), strict=True):
        parts.weights(array, plain(values))
    scales = [f"{array}_scale" for array in arrays] if parts.numbers == "int8" else []
    parts.constants.append(f"static const Norm {name} = {{{', '.join([*arrays, *scales])}}};")
