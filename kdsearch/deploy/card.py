"""What an exported forecaster says of itself: in the file, in card.json, and for people in card.md."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from kdsearch.breakdown import Breakdown
from kdsearch.data.target import Target
from kdsearch.deploy.rounding import Numbers
from kdsearch.errors import DataError
from kdsearch.record import Metrics

__all__ = ["Card", "Rounding"]


class Rounding(BaseModel):
    """What fewer bits changed.

    Attributes:
        change: Mean absolute difference between forecasts with and without rounding, in the unit of the readings, over
            the windows that the study keeps.
        epochs: Of training on with rounded weights.
        val_mae: Validation MAE in "float", in "int8" and in "int8, fine-tuned" numbers, where the network was trained
            on; the better one of the last two was kept, and the card's errors are its own.
        bytes: Size of the ONNX file with "float" and with "int8" numbers.
        latency_ms: Milliseconds of one forecast of it by onnxruntime, one thread.
    """

    model_config = ConfigDict(frozen=True)

    change: float
    epochs: int = 0
    val_mae: dict[str, float] = Field(default_factory=dict)
    bytes: dict[Numbers, int] = Field(default_factory=dict)
    latency_ms: dict[Numbers, float] = Field(default_factory=dict)


class Card(BaseModel):
    """An exported forecaster.

    Attributes:
        study: The study that it was taken from.
        network: "trial 7", or the name of a baseline.
        family: Its family.
        dataset: Name of the data that it was trained on.
        data_hash: Hash of these data.
        protocol: Name of the protocol.
        protocol_hash: Hash of the protocol.
        protocol_text: The protocol in words.
        weights: Number of its weights.
        stored_numbers: Number of its weights and of its calendar's numbers.
        metrics: Errors on the validation and test splits, in the unit of the readings; of the search's seed.
        breakdown: Errors by sensor and time on the test split, and the share of the readings that the bounds hold; None
            where the study did not score it. It is in card.json, and too long for the file itself.
        kdsearch: Version that wrote it.
        target: What it forecasts.
        numbers: Of its weights: "float", or "int8" for 8 bits with a float scale for each output channel.
        rounding: What "int8" changed.
    """

    model_config = ConfigDict(frozen=True)

    study: str
    network: str
    family: str
    dataset: str
    data_hash: str
    protocol: str
    protocol_hash: str
    protocol_text: str
    weights: int
    stored_numbers: int
    metrics: Metrics = Field(default_factory=dict)
    breakdown: Breakdown | None = None
    kdsearch: str
    target: Target
    numbers: Numbers = "float"
    rounding: Rounding | None = None

    def metadata(self) -> dict[str, str]:
        """Write each fact as a text: words as they are, all else as JSON; those of the target beside the others.

        What is None is left out, but not inside a fact, where None may be no default: a protocol of all channels.
        """
        facts = self.model_dump(mode="json", exclude={"breakdown"})
        facts |= facts.pop("target")
        known = {name: fact for name, fact in facts.items() if fact is not None}
        return {name: fact if isinstance(fact, str) else json.dumps(fact) for name, fact in known.items()}

    @classmethod
    def from_metadata(cls, metadata: Mapping[str, str], path: Path) -> Self:
        """Read the texts of `metadata`.

        Raises:
            DataError: They are not there, or not those of an exported forecaster.
        """
        try:
            return cls.model_validate(_facts(cls, metadata) | {"target": _facts(Target, metadata)})
        except ValidationError as error:
            raise DataError(
                f"{path} does not say what it forecasts, as the files of `kdsearch export STUDY` do; give one of those"
            ) from error


def _facts(model: type[BaseModel], metadata: Mapping[str, str]) -> dict[str, Any]:
    """Read the texts that are fields of a model."""
    found: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        if name in metadata:
            kind = TypeAdapter[Any](field.annotation or str)
            try:
                found[name] = kind.validate_python(metadata[name], strict=True)  # a word
            except ValidationError:
                found[name] = kind.validate_json(metadata[name])
    return found
