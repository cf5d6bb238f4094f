"""LightST's student as C."""

from typing import cast

from torch import nn

from kdsearch.deploy.c.layers import APPLY, RECTIFY, STORE
from kdsearch.deploy.c.parts import Parts, plain
from kdsearch.models.lightst import STD_FLOOR, Lightst

__all__ = ["write_lightst"]

NETWORK = """\
/* Take each window of LANES nodes less its own mean, divided by its own std. */
static void normalise(const float *window, float *mean, float *std, float *scores)
{
    for (int lane = 0; lane < LANES; lane++) {
        float sum = 0.0f, squares = 0.0f;
        for (int step = 0; step < HISTORY; step++)
            sum += window[step * LINE + lane];
        mean[lane] = sum / HISTORY;
        for (int step = 0; step < HISTORY; step++) {
            const float centred = window[step * LINE + lane] - mean[lane];
            squares += centred * centred;
        }
        std[lane] = sqrtf(squares / HISTORY);
        std[lane] = std[lane] > STD_FLOOR ? std[lane] : STD_FLOOR;
        for (int step = 0; step < HISTORY; step++)
            scores[step * LANES + lane] = (window[step * LINE + lane] - mean[lane]) / std[lane];
    }
}

static void network(int64_t time, float *forecast)
{
    (void)time; /* the calendar alone knows it */
    for (int block = 0; block < BLOCKS; block++) {
        float mean[LANES], std[LANES], *given = hidden, *made = other_hidden;
        normalise(inputs + block * LANES, mean, std, given);
        for (int layer = 0; layer < LAYERS; layer++) {
            apply(&layers[layer], given, LANES, made);
            rectify(made, layers[layer].outputs);
            float *const free = given;
            given = made;
            made = free;
        }
        apply(&head, given, LANES, made);
        for (int step = 0; step < HORIZON; step++)
            for (int lane = 0; lane < LANES; lane++)
                made[step * LANES + lane] = made[step * LANES + lane] * std[lane] + mean[lane];
        store(made, block, forecast);
    }
}"""


def write_lightst(network: Lightst, horizon: int, parts: Parts) -> None:
    """Write the function `network` and its constants."""
    maps = cast("list[nn.Linear]", network.layers)
    written = [parts.linear(f"layer{at}", plain(one.weight), plain(one.bias)) for at, one in enumerate(maps)]
    parts.layers("layers", written)
    parts.layer("head", network.head, horizon)
    parts.sizes["LAYERS"] = len(maps)
    widest = max(network.history, horizon, *(one.out_features for one in maps))
    for name in ("hidden", "other_hidden"):
        parts.scratch(name, widest * parts.lanes)
    parts.functions += [APPLY, RECTIFY, STORE, NETWORK.replace("STD_FLOOR", f"{STD_FLOOR}f")]
