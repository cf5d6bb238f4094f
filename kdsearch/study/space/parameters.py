"""The kinds of parameter of a search space: one of several values, a number between two bounds, a fixed value."""

from typing import Annotated, Any, Literal

import optuna
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StrictStr

__all__ = ["KINDS", "Choice", "Fixed", "Model", "Parameter", "Range", "Scalar"]

LARGEST = 2.0**53
"""Of a range's ends: up to here whole numbers and fractions are the same numbers in every database."""


def _single(value: Any) -> Any:
    if not isinstance(value, bool | int | float | str):
        raise ValueError('is no single value; write a number, a word in "quotes", true or false')
    return value


def _number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("is no number; write one without quotes, such as 4 or 0.5")
    return value


Scalar = Annotated[StrictBool | StrictInt | StrictFloat | StrictStr, BeforeValidator(_single)]
Number = Annotated[StrictInt | StrictFloat, BeforeValidator(_number)]


class Model(BaseModel):
    """A frozen model, strict about unknown keys: a misspelt one is a mistake, not a comment."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class _Conditional(Model):
    """The base of all kinds of parameter: a name, and the conditions for asking.

    Attributes:
        name: The parameter's name.
        when: Earlier parameters and the allowed values of each; empty where the parameter is always asked.
        label: Its name in the study, where it is another: spaces of several families have one name for what each of
            them means otherwise, and samplers are to learn of each apart.
    """

    name: str
    when: dict[str, tuple[Scalar, ...]] = Field(default_factory=dict)
    label: str = ""

    @property
    def key(self) -> str:
        """Its name in the study."""
        return self.label or self.name

    def applies(self, values: dict[str, Any]) -> bool:
        """Tell whether every condition holds for the values chosen so far."""
        return all(name in values and values[name] in allowed for name, allowed in self.when.items())

    def difference(self, other: "Parameter") -> str | None:
        """Name a difference to another variant of the name, if Optuna wants the two alike; None for fixed values."""
        if isinstance(self, Fixed) or isinstance(other, Fixed):
            return None
        if isinstance(self, Range) and isinstance(other, Range):
            alike = (self.kind, self.log) == (other.kind, other.log)
            return None if alike else 'is logarithmic or of kind "int"'
        if isinstance(self, Choice) and isinstance(other, Choice):
            return None if self.choices == other.choices else "has other choices"
        return "is a range"


class Choice(_Conditional):
    """One of several values."""

    choices: tuple[Scalar, ...]

    def suggest(self, trial: optuna.Trial) -> Any:
        """Ask Optuna for one of the choices."""
        return trial.suggest_categorical(self.key, self.choices)

    def values(self) -> tuple[Scalar, ...]:
        """List all choices."""
        return self.choices

    def mistake(self) -> str | None:
        """Describe the mistake in the parameter itself, if any."""
        if not self.choices:
            return "has no choices; list at least one"
        twice = [
            one for place, one in enumerate(self.choices) if one in self.choices[:place]
        ]  # 1, 1.0 and true are one
        return f"has the choice {twice[0]} twice; leave one out" if twice else None

    def mistake_in(self, value: Scalar) -> str | None:
        """Describe the mistake in a value that is not one of the parameter's; None for one of them."""
        return None if value in self.choices else f"must be one of {', '.join(map(str, self.choices))}"


class Range(_Conditional):
    """A number between two bounds, both included."""

    low: Number
    high: Number
    kind: Literal["int", "float"] = "float"
    log: StrictBool = False

    def suggest(self, trial: optuna.Trial) -> int | float:
        """Ask Optuna for a number of the range."""
        if self.kind == "int":
            return trial.suggest_int(self.key, int(self.low), int(self.high), log=self.log)
        return trial.suggest_float(self.key, self.low, self.high, log=self.log)

    def values(self) -> tuple[Scalar, ...]:
        """Give the two ends."""
        return self.low, self.high

    def mistake(self) -> str | None:
        """Describe the mistake in the parameter itself, if any."""
        if not all(-LARGEST <= end <= LARGEST for end in (self.low, self.high)):
            return f"has the bounds {self.low} and {self.high}; give numbers of at most {LARGEST:g}"
        if self.low > self.high:
            return f"has low {self.low} above high {self.high}; swap them"
        if self.kind == "int" and not (isinstance(self.low, int) and isinstance(self.high, int)):
            return f'is of kind "int" and has bounds {self.low} and {self.high}; give whole numbers'
        if self.log and self.low <= 0:
            return f"is logarithmic and starts at {self.low}; give a low above 0"
        return None

    def mistake_in(self, value: Scalar) -> str | None:
        """Describe the mistake in a value that is not one of the parameter's; None for one of them."""
        if isinstance(value, bool | str) or (self.kind == "int" and not isinstance(value, int)):
            return "must be a whole number" if self.kind == "int" else "must be a number"
        return None if self.low <= value <= self.high else f"must lie between {self.low} and {self.high}"


class Fixed(_Conditional):
    """One value, not searched, in every configuration where it applies."""

    value: Scalar

    def suggest(self, trial: optuna.Trial) -> Scalar:  # noqa: ARG002 - Optuna is not asked
        """Give the value; Optuna does not see it."""
        return self.value

    def values(self) -> tuple[Scalar, ...]:
        """Give the one value."""
        return (self.value,)

    def mistake(self) -> str | None:
        """Give None: a fixed value cannot be wrong by itself."""
        return None

    def mistake_in(self, value: Scalar) -> str | None:
        """Describe the mistake in a value that is not the parameter's; None for its own."""
        return None if value == self.value else f"is fixed at {self.value}"


Parameter = Choice | Range | Fixed
KINDS: dict[str, type[Choice] | type[Range] | type[Fixed]] = {"choices": Choice, "value": Fixed, "low": Range}
"""Each kind by its key in the file."""
