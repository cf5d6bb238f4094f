"""ST-MLP as C. Nodes are in blocks of lanes: a mixer's numbers are ``(block, channel, LANES)``."""

from typing import cast

import numpy as np
from torch import nn

from kdsearch.deploy.c.layers import ADD, APPLY, GELU, RECTIFY, STORE
from kdsearch.deploy.c.parts import Parts, plain
from kdsearch.models.stmlp import INPUTS, Mixer, MixerLayer, StMlp
from kdsearch.models.window import ChannelNorm

__all__ = ["write_stmlp"]

TYPES = """\
/* Layer norm over the channels of a node. */
typedef struct {
    const float *weight, *bias;
} Norm;

/* What mixes nodes and then channels; nodes_in is (token, LINE), and so is nodes_out, which is transposed. */
typedef struct {
    Norm node_norm;
    const Weight *nodes_in, *nodes_out;
    const float *nodes_in_scale, *nodes_out_scale, *nodes_in_bias, *nodes_out_bias;
    int tokens;
    Norm channel_norm;
    Linear channels_in, channels_out;
} MixerLayer;"""

MIX = """\
static void normalise(const Norm *norm, const float *in, int channels, float *out)
{
    for (int lane = 0; lane < LANES; lane++) {
        float sum = 0.0f, squares = 0.0f;
        for (int i = 0; i < channels; i++)
            sum += in[i * LANES + lane];
        const float mean = sum / (float)channels;
        for (int i = 0; i < channels; i++)
            squares += (in[i * LANES + lane] - mean) * (in[i * LANES + lane] - mean);
        const float factor = 1.0f / sqrtf(squares / (float)channels + EPSILON);
        for (int i = 0; i < channels; i++)
            out[i * LANES + lane] = (in[i * LANES + lane] - mean) * factor * norm->weight[i] + norm->bias[i];
    }
}

/* Map the nodes to tokens: token after token, hidden is (token, channel). */
static void gather(const MixerLayer *layer, int channels)
{
    for (int token = 0; token < layer->tokens; token++)
        for (int channel = 0; channel < channels; channel++) {
            const Weight *weight = layer->nodes_in + token * LINE;
            float total[LANES] = {0}, sum = 0.0f;
            for (int block = 0; block < BLOCKS; block++)
                for (int lane = 0; lane < LANES; lane++)
                    total[lane] += (float)weight[block * LANES + lane]
                                   * normal[(block * channels + channel) * LANES + lane];
            for (int lane = 0; lane < LANES; lane++)
                sum += total[lane];
            sum = SCALED(layer->nodes_in_scale, token, sum) + layer->nodes_in_bias[token];
            hidden[token * channels + channel] = sum;
        }
}

/* Map the tokens back to the nodes, and add the result to the stream. */
static void spread(const MixerLayer *layer, int channels)
{
    for (int block = 0; block < BLOCKS; block++)
        for (int channel = 0; channel < channels; channel++) {
            float total[LANES] = {0};
            for (int token = 0; token < layer->tokens; token++)
                for (int lane = 0; lane < LANES; lane++)
                    total[lane] += (float)layer->nodes_out[token * LINE + block * LANES + lane]
                                   * hidden[token * channels + channel];
            for (int lane = 0; lane < LANES; lane++) {
                const int node = block * LANES + lane;
                stream[(block * channels + channel) * LANES + lane]
                    += SCALED(layer->nodes_out_scale, node, total[lane]) + layer->nodes_out_bias[node];
            }
        }
}

/* Mix the stream in place. */
static void mix(const MixerLayer *layers, int count, const Norm *last, int channels)
{
    for (const MixerLayer *layer = layers; layer < layers + count; layer++) {
        for (int block = 0; block < BLOCKS; block++)
            normalise(&layer->node_norm, stream + block * channels * LANES, channels,
                      normal + block * channels * LANES);
        gather(layer, channels);
        gelu(hidden, layer->tokens * channels);
        spread(layer, channels);
        for (int block = 0; block < BLOCKS; block++) {
            float *own = stream + block * channels * LANES;
            normalise(&layer->channel_norm, own, channels, normal);
            apply(&layer->channels_in, normal, LANES, lanes);
            gelu(lanes, layer->channels_in.outputs * LANES);
            apply(&layer->channels_out, lanes, LANES, normal);
            add(own, normal, channels);
        }
    }
    for (int block = 0; block < BLOCKS; block++)
        normalise(last, stream + block * channels * LANES, channels, stream + block * channels * LANES);
}"""

NETWORK = """\
static void network(int64_t time, float *forecast)
{
    for (int block = 0; block < BLOCKS; block++) {
        for (int step = 0; step < HISTORY; step++) {
            const int64_t then = time - (HISTORY - 1 - step) * (int64_t)INTERVAL;
            for (int lane = 0; lane < LANES; lane++) {
                lanes[(step * 3 + 0) * LANES + lane] = inputs[step * LINE + block * LANES + lane];
                lanes[(step * 3 + 1) * LANES + lane] = (float)minute_of(then) / 1440.0f;
                lanes[(step * 3 + 2) * LANES + lane] = (float)weekday_of(then);
            }
        }
        apply(&embedding1, lanes, LANES, stream + block * WIDTH1 * LANES);
    }
    mix(mixer1, DEPTH1, &norm1, WIDTH1);
    memcpy(normal, stream, sizeof normal);
    for (int block = 0; block < BLOCKS; block++) {
        for (int step = 0; step < HISTORY; step++) {
            const float *given = normal + (block * WIDTH1 + step * (WIDTH1 / HISTORY)) * LANES;
            for (int layer = 0; layer < POINTWISE; layer++) {
                const int last = layer == POINTWISE - 1;
                float *made = last ? lanes + step * pointwise[layer].outputs * LANES : point + layer % 2 * POINT;
                apply(&pointwise[layer], given, LANES, made);
                if (!last)
                    rectify(made, pointwise[layer].outputs);
                given = made;
            }
        }
        apply(&embedding2, lanes, LANES, stream + block * WIDTH2 * LANES);
    }
    mix(mixer2, DEPTH2, &norm2, WIDTH2);
    for (int block = 0; block < BLOCKS; block++) {
        for (int step = 0; step < HISTORY; step++) {
            apply(&head, stream + (block * WIDTH2 + step * (WIDTH2 / HISTORY)) * LANES, LANES, point);
            for (int i = 0; i < head.outputs * LANES; i++)
                point[i] = tanhf(point[i]);
            apply(&regression, point, LANES, lanes + step * LANES);
        }
$STEPS    }
}"""

LAST_MAP = """\
        apply(&steps, lanes, LANES, point);
        store(point, block, forecast);
"""

NO_LAST_MAP = """\
        store(lanes, block, forecast);
"""


def write_stmlp(network: StMlp, horizon: int, parts: Parts) -> None:
    """Write the function `network` and its constants."""
    size, history = network.size, network.history
    parts.constants.append(TYPES)
    for number, mixer in ((1, network.mixer1), (2, network.mixer2)):
        _write_mixer(parts, number, mixer)
    maps = list(network.pointwise)
    written = [parts.linear(f"pointwise{at}", plain(one.weight), plain(one.bias)) for at, one in enumerate(maps)]
    parts.layers("pointwise", written)
    parts.layer("head", network.head)
    parts.layer("regression", network.regression)
    last = NO_LAST_MAP
    if isinstance(network.steps, nn.Linear):
        last = LAST_MAP
        parts.layer("steps", network.steps, horizon)
    widths = [width * history for width in size.width]
    point = max(*size.pointwise, size.head, horizon) * parts.lanes
    parts.sizes |= {"WIDTH1": widths[0], "WIDTH2": widths[1], "POINTWISE": len(maps), "POINT": point}
    tokens, inner = max(*size.tokens1, *size.tokens2), max(*size.inner1, *size.inner2)
    for name in ("stream", "normal"):
        parts.scratch(name, max(widths) * parts.line)
    parts.scratch("hidden", tokens * max(widths))
    parts.scratch("lanes", max(inner, history * max(INPUTS, size.pointwise[-1])) * parts.lanes)
    parts.scratch("point", 2 * point)
    mix = MIX.replace("EPSILON", f"{network.mixer1.norm.epsilon!r}f")
    parts.functions += [APPLY, RECTIFY, ADD, GELU, STORE, mix, NETWORK.replace("$STEPS", last)]


def _write_mixer(parts: Parts, number: int, mixer: Mixer) -> None:
    parts.layer(f"embedding{number}", mixer.embedding)
    written = [
        _mixer_layer(parts, f"mixer{number}_{at}", layer)
        for at, layer in enumerate(cast("list[MixerLayer]", mixer.layers))
    ]
    parts.constants.append(f"static const MixerLayer mixer{number}[] = {{\n" + ",\n".join(written) + "\n};")
    parts.constants.append(f"static const Norm norm{number} = {_norm(parts, f'mixer{number}_norm', mixer.norm)};")
    parts.sizes[f"DEPTH{number}"] = len(mixer.layers)


def _mixer_layer(parts: Parts, name: str, layer: MixerLayer) -> str:
    """Define the constants of a layer; give the initialiser of its struct."""
    into, back = plain(layer.nodes_in.weight), plain(layer.nodes_out.weight)
    parts.weights(f"{name}_nodes_in", into, padded=True)
    parts.weights(f"{name}_nodes_out", np.ascontiguousarray(back.T), channel_dim=1, padded=True)
    parts.array(f"{name}_nodes_in_bias", plain(layer.nodes_in.bias))
    parts.array(f"{name}_nodes_out_bias", np.pad(plain(layer.nodes_out.bias), (0, parts.line - parts.nodes)))
    scales = [f"{name}_nodes_{way}_scale" if parts.numbers == "int8" else "0" for way in ("in", "out")]
    fields = [
        _norm(parts, f"{name}_node_norm", layer.node_norm),
        f"{name}_nodes_in, {name}_nodes_out, {', '.join(scales)}, {name}_nodes_in_bias, {name}_nodes_out_bias",
        str(len(into)),
        _norm(parts, f"{name}_channel_norm", layer.channel_norm),
        parts.linear(f"{name}_channels_in", plain(layer.channels_in.weight), plain(layer.channels_in.bias)),
        parts.linear(f"{name}_channels_out", plain(layer.channels_out.weight), plain(layer.channels_out.bias)),
    ]
    return "    {" + ",\n     ".join(fields) + "}"


def _norm(parts: Parts, name: str, norm: ChannelNorm) -> str:
    parts.array(f"{name}_weight", plain(norm.weight))
    parts.array(f"{name}_bias", plain(norm.bias))
    return f"{{{name}_weight, {name}_bias}}"
