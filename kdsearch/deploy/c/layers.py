"""C functions that networks of several families use. Inputs and outputs of layers are ``(channel, LANES)``."""

__all__ = ["ADD", "APPLY", "GELU", "LINEAR", "RECTIFY", "STORE"]

LINEAR = {
    "float": """\
typedef float Weight;
typedef float Share;
#define SCALED(scale, channel, number) (number)

/* Linear maps; a bias of 0 is none. */
typedef struct {
    const Weight *weight;
    const float *bias;
    int outputs, inputs;
} Linear;""",
    "int8": """\
typedef int8_t Weight;
typedef int16_t Share;
#define SCALED(scale, channel, number) ((scale)[channel] * (float)(number))

/* Linear maps; each output has a scale, and a bias of 0 is none. */
typedef struct {
    const Weight *weight;
    const float *scale;
    const float *bias;
    int outputs, inputs;
} Linear;""",
}
"""Types of numbers, by their name. Functions below read both: float numbers have a scale of one, which is not there."""

APPLY = """\
/* Map the inputs of LANES nodes to the layer's outputs; input i is at in + i * stride. */
static void apply(const Linear *layer, const float *in, int stride, float *out)
{
    const Weight *weight = layer->weight;
    for (int output = 0; output < layer->outputs; output++) {
        const float bias = layer->bias ? layer->bias[output] : 0.0f;
        float total[LANES] = {0};
        const Weight *const end = weight + layer->inputs;
        const float *first = in;
        for (; end - weight >= 4; weight += 4, first += 4 * stride) {
            const float a = (float)weight[0], b = (float)weight[1], c = (float)weight[2], d = (float)weight[3];
            const float *second = first + stride, *third = second + stride, *fourth = third + stride;
            for (int lane = 0; lane < LANES; lane++)
                total[lane] += (a * first[lane] + b * second[lane]) + (c * third[lane] + d * fourth[lane]);
        }
        for (; weight < end; weight++, first += stride)
            for (int lane = 0; lane < LANES; lane++)
                total[lane] += (float)*weight * first[lane];
        for (int lane = 0; lane < LANES; lane++)
            out[output * LANES + lane] = SCALED(layer->scale, output, total[lane]) + bias;
    }
}"""

RECTIFY = """\
static void rectify(float *x, int channels)
{
    for (int i = 0; i < channels * LANES; i++)
        x[i] = x[i] > 0.0f ? x[i] : 0.0f;
}"""

ADD = """\
static void add(float *x, const float *y, int channels)
{
    for (int i = 0; i < channels * LANES; i++)
        x[i] += y[i];
}"""

GELU = """\
static void gelu(float *x, int numbers)
{
    for (int i = 0; i < numbers; i++)
        x[i] *= 0.5f * (1.0f + erff(x[i] * 0.70710678f));
}"""

STORE = """\
/* Write the steps of a block of LANES nodes into the forecast. */
static void store(const float *x, int block, float *forecast)
{
    const int first = block * LANES, count = NODES - first < LANES ? NODES - first : LANES;
    for (int step = 0; step < HORIZON; step++)
        for (int lane = 0; lane < count; lane++)
            forecast[step * NODES + first + lane] = x[step * LANES + lane];
}"""
