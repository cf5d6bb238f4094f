"""The card of an exported forecaster in Markdown."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from kdsearch.breakdown import Breakdown, CoveredSums
from kdsearch.deploy.card import Card
from kdsearch.record import Baseline
from kdsearch.report.numbers import count, error, share
from kdsearch.report.text.bounds import node_name, share_inside

__all__ = ["card_text"]

SENSORS_SHOWN = 20


def card_text(card: Card, files: Sequence[Path], baselines: Sequence[Baseline]) -> str:
    """Write it.

    Args:
        card: The card.
        files: The other files of its folder.
        baselines: Whose errors stand beside its own.
    """
    target = card.target
    interval = target.interval_minutes
    sensors = [f"`{name}`" for name in target.sensors[:SENSORS_SHOWN]]
    more = len(target.sensors) - len(sensors)
    channels = "" if len(target.channels) == 1 else f", each with {', '.join(target.channels)}"
    zone = f" of {target.zone}" if target.zone else ""
    lines = [
        f"# {card.study}: {card.network}",
        "",
        f"A {card.family} network of {count(card.weights)} weights. It looks at the last {target.history} readings of "
        f"{len(target.sensors)} sensors, {interval} minutes apart, and forecasts the next {target.horizon} steps "
        f"({target.horizon * interval} minutes), in {target.unit or 'the unit of the readings'}.",
        "",
        *_table(["file", "bytes"], [[f"`{path.name}`", f"{path.stat().st_size:,}"] for path in files]),
        "",
        "## How good it is",
        "",
        f"Errors on {card.dataset}; {card.protocol_text}.",
        "",
        *_errors(card, baselines),
        "",
        *_bounds(card),
        *_rounding(card),
        "## How to use it",
        "",
        "`python forecast.py readings.csv` prints forecasts; it needs onnxruntime and numpy alone. With kdsearch:",
        "`kdsearch predict model.onnx --input readings.csv`, which knows more layouts of files.",
        "",
        f"- `readings`: float32 `(batch, {target.history}, {len(target.nodes)})`, oldest "
        "first, NaN where a reading is missing; the sensors in the order below.",
        f"- `time`: int64 `(batch,)`, local time{zone} of the last reading, in seconds since 1970-01-01 00:00.",
        f"- `forecast`: float32 `(batch, {target.horizon}, {len(target.nodes)})`.",
        "- `lower`, `upper`: bounds of 90 %, of the same shape.",
        "- `calendar`: the usual reading at each step of the history and of the horizon.",
        "",
        f"Sensors in order{channels}: {', '.join(sensors)}{f' and {more} more, in card.json' if more else ''}.",
        "",
        f"Data {card.data_hash}, protocol {card.protocol_hash}, kdsearch {card.kdsearch}.",
        "",
    ]
    return "\n".join(lines)


def _errors(card: Card, baselines: Sequence[Baseline]) -> list[str]:
    """Make a table of MAE and RMSE by horizon; of the test split where it was scored."""
    split = "test" if "test" in card.metrics else "val"
    horizons = sorted((minutes for minutes in card.metrics[split]["mae"] if minutes != "all"), key=float)
    unit = f", {card.target.unit}" if card.target.unit else ""
    name = {"test": "test", "val": "validation (the test split was not scored)"}[split]
    heads = [f"{name}: MAE{unit}", *(f"{minutes} min" for minutes in horizons), "mean", f"RMSE{unit}"]
    named = {card.network: card.metrics} | {one.name: one.metrics for one in baselines if one.name != card.network}
    scored = {who: metrics[split] for who, metrics in named.items() if split in metrics}
    return _table(heads, [[who, *_row(errors, horizons)] for who, errors in scored.items()])


def _bounds(card: Card) -> list[str]:
    """Make a table of the readings that the bounds hold, by horizon and week, and at the worst and the best sensor."""
    found = card.breakdown
    if found is None or not found.fixed.overall[1]:
        return []
    unit = f", {card.target.unit}" if card.target.unit else ""
    heads = ["test readings", "inside", f"mean width{unit}", "scaled: inside", f"scaled: mean width{unit}"]
    rows = [[name, *_held(fixed), *_held(adaptive)] for name, fixed, adaptive in _parts(found, card.target.nodes)]
    return [
        "## Its bounds",
        "",
        f"Bounds of {share(found.level)} from the validation split, in `lower` and `upper`; beside them the same, "
        "scaled by the errors known when a forecast is made (`kdsearch predict --adaptive`).",
        "",
        *_table(heads, rows),
        "",
    ]


def _parts(found: Breakdown, nodes: Sequence[str]) -> Iterator[tuple[str, CoveredSums, CoveredSums]]:
    """Name the parts of a split that a card shows, each with fixed and with scaled bounds."""
    fixed, adaptive = found.fixed, found.adaptive
    yield "all", fixed.overall, adaptive.overall
    for minutes in sorted(fixed.horizon, key=float):
        yield f"{minutes} min ahead", fixed.horizon[minutes], adaptive.horizon[minutes]
    for day in sorted(fixed.week):
        yield f"week from {day}", fixed.week[day], adaptive.week[day]
    counted = [node for node, sums in enumerate(fixed.sensor) if sums[1]]
    by_share = sorted(counted, key=lambda node: share_inside(fixed.sensor[node]))
    for kind, node in (("worst", by_share[0]), ("best", by_share[-1])):
        yield f"{kind} sensor, {node_name(nodes, node)}", fixed.sensor[node], adaptive.sensor[node]


def _held(sums: CoveredSums) -> list[str]:
    return [share(share_inside(sums)), error(sums[2] / sums[1])] if sums[1] else ["", ""]


def _rounding(card: Card) -> list[str]:
    """Say what fewer bits changed; the errors of the study are of float numbers."""
    rounding = card.rounding
    if rounding is None:
        return []
    unit = f" {card.target.unit}" if card.target.unit else ""
    lines = [
        "## Numbers of 8 bits",
        "",
        "Weights have 8 bits, with a float scale for each output channel, and a calendar 16. Forecasts move by "
        f"{rounding.change:.2g}{unit} on average; the errors above are of the network "
        f"{'after' if rounding.val_mae else 'before'} that.",
        "",
    ]
    if rounding.val_mae:
        epochs = "one epoch" if rounding.epochs == 1 else f"{rounding.epochs} epochs"
        heads = [f"validation MAE{unit and ','}{unit}, {epochs} of fine-tuning", *rounding.val_mae]
        lines += [*_table(heads, [[card.network, *map(error, rounding.val_mae.values())]]), ""]
    if rounding.bytes:
        rows = [[name, f"{size:,}", f"{rounding.latency_ms[name]:.3g}"] for name, size in rounding.bytes.items()]
        lines += [*_table(["ONNX file", "bytes", "ms a forecast, onnxruntime, one thread"], rows), ""]
    return lines


def _row(errors: dict[str, dict[str, float]], horizons: Sequence[str]) -> list[str]:
    return [*(error(errors["mae"][column]) for column in (*horizons, "all")), error(errors["rmse"]["all"])]


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    return ["| " + " | ".join(cells) + " |" for cells in (heads, ["---"] * len(heads), *rows)]
