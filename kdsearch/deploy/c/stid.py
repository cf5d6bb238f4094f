"""STID as C."""

from kdsearch.deploy.c.layers import ADD, APPLY, RECTIFY, STORE
from kdsearch.deploy.c.parts import Parts, plain
from kdsearch.models.stid import Stid

__all__ = ["write_stid"]

NETWORK = """\
static void network(int64_t time, float *forecast)
{
    const int weekday = weekday_of(time);
    const int slot = (int)rintf((float)minute_of(time) / 1440.0f * TIMES) % TIMES;
    for (int block = 0; block < BLOCKS; block++) {
        float *channel = stream + READINGS * LANES;
        apply(&embedding, inputs + block * LANES, LINE, stream);
        for (int i = 0; i < NODE_CHANNELS; i++)
            for (int lane = 0; lane < LANES; lane++) {
                const int node = block * LANES + lane;
                *channel++ = node < NODES ? SCALED(node_rows_scale, i, node_rows[node * NODE_CHANNELS + i]) : 0.0f;
            }
        for (int i = 0; i < TIME_CHANNELS; i++)
            for (int lane = 0; lane < LANES; lane++)
                *channel++ = SCALED(time_rows_scale, i, time_rows[slot * TIME_CHANNELS + i]);
        for (int i = 0; i < WEEKDAY_CHANNELS; i++)
            for (int lane = 0; lane < LANES; lane++)
                *channel++ = SCALED(weekday_rows_scale, i, weekday_rows[weekday * WEEKDAY_CHANNELS + i]);
        for (int layer = 0; layer < LAYERS; layer++) {
            apply(&widen[layer], stream, LANES, inner);
            rectify(inner, widen[layer].outputs);
            apply(&narrow[layer], inner, LANES, change);
            add(stream, change, narrow[layer].outputs);
        }
        apply(&regression, stream, LANES, change);
        store(change, block, forecast);
    }
}"""


def write_stid(network: Stid, horizon: int, parts: Parts) -> None:
    """Write the function `network` and its constants."""
    size = network.size
    parts.layer("embedding", network.reading)
    for name, rows in (("node", network.node), ("time", network.time), ("weekday", network.weekday)):
        parts.weights(f"{name}_rows", plain(rows), channel_dim=1)
    for name in ("widen", "narrow"):
        maps = [getattr(layer, name) for layer in network.layers]
        written = [parts.linear(f"{name}{at}", plain(one.weight), plain(one.bias)) for at, one in enumerate(maps)]
        parts.layers(name, written)
    parts.layer("regression", network.regression, horizon)
    parts.sizes |= {
        "READINGS": size.reading,
        "NODE_CHANNELS": size.node,
        "TIME_CHANNELS": size.time,
        "WEEKDAY_CHANNELS": size.weekday,
        "TIMES": size.slots,
        "LAYERS": len(size.inner),
    }
    parts.scratch("stream", size.hidden * parts.lanes)
    parts.scratch("inner", max(size.inner) * parts.lanes)
    parts.scratch("change", max(size.hidden, horizon) * parts.lanes)
    parts.functions += [APPLY, RECTIFY, ADD, STORE, NETWORK]
