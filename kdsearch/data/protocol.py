"""The rules that make two results comparable: channel, split, history, horizon, fill, scaler and metric convention."""

import hashlib
from dataclasses import asdict, dataclass, replace
from typing import Literal, Self

from kdsearch.data.fill import FILLS, FillName
from kdsearch.data.quantity import QUANTITIES, Quantity
from kdsearch.data.series import Series
from kdsearch.errors import ProtocolError
from kdsearch.record import Readings

__all__ = ["Protocol"]


_HASHED_WHERE_NOT = {
    "history_days": None,
    "test_days": None,
    "inputs_reach_back": False,
    "fill": "interpolated",
    "readings": "published",
    "validation_from": None,
    "test_from": None,
}
"""Fields that came later -> what every protocol did before: there they leave its hash alone."""


@dataclass(frozen=True)
class Protocol:
    """A named, hashable set of rules.

    Attributes:
        name: As in `PROTOCOLS`; of a user's own protocol her name, or words of what differs from its base.
        channel: Position of the forecast channel; None for all of them together.
        split: Shares of train, val and test.
        split_by: "days" cuts between calendar days, "rows" anywhere.
        history: Steps looked at; 0 where `history_days` says it.
        horizon: Steps forecast.
        reported_steps: Steps of the horizon that tables show, counted from 1.
        within_day: Whether a window must lie inside one calendar day.
        scaler: "windows" and "rows" make the mean 0 and the standard deviation 1; "windows" weights each training row
            by the windows that contain it, "rows" counts it once. "min-max" brings the training rows to [-1, 1], by one
            smallest and one largest value of all nodes.
        history_days: Days looked at; `split_series` turns them into `history` steps of the series.
        test_days: The last calendar days with readings are the test split; `split` then shares out the earlier rows.
        inputs_reach_back: Whether only the forecast steps of a window must lie inside its split, while its history may
            begin in the split before: readings that are past by then, so that nothing leaks.
        fill: What stands in the input where a reading is missing, a name of `FILLS`.
        published_fill: What the papers put there.
        readings: Which readings losses, calendar, scaler and errors count: "measured" leaves out those that the source
            filled in (`Series.measured`), "published" takes the file as it is.
        validation_from: First local time of the validation split, in ISO form, in place of shares; None for shares.
        test_from: First local time of the test split.
        own: Whether it is a user's own (`kdsearch.data.protocol_table`), whose name is no rule.
    """

    name: str
    split: tuple[float, float, float]
    split_by: Literal["days", "rows"]
    history: int
    horizon: int
    reported_steps: tuple[int, ...]
    within_day: bool
    scaler: Literal["windows", "rows", "min-max"]
    channel: int | None = 0
    history_days: int | None = None
    test_days: int | None = None
    inputs_reach_back: bool = False
    fill: FillName = "causal"
    published_fill: FillName = "interpolated"
    readings: Readings = "measured"
    validation_from: str | None = None
    test_from: str | None = None
    own: bool = False

    @property
    def hash(self) -> str:
        """Hash of every field that changes a number: results of one hash may share a table.

        The name counts where kdsearch gave it. Users' own protocols of the same rules have one hash, whatever their
        names; none of them has the rules of a protocol of kdsearch's (`ProtocolTable.changing`).
        """
        no_rules = {"published_fill", "own", "name"} if self.own else {"published_fill", "own"}
        fields = {
            name: value
            for name, value in asdict(self).items()
            if name not in no_rules and (name not in _HASHED_WHERE_NOT or value != _HASHED_WHERE_NOT[name])
        }
        return hashlib.sha256(repr(sorted(fields.items())).encode()).hexdigest()

    @property
    def published(self) -> Self:
        """The same as the papers follow it: their fill, and the file as published."""
        return self.filled("published").counting("published")

    def filled(self, fill: str) -> Self:
        """Choose the fill: "causal", or "published" for that of the papers.

        Raises:
            ProtocolError: At another name.
        """
        names: dict[str, FillName] = {"causal": "causal", "published": self.published_fill}
        if fill not in names:
            raise ProtocolError(f"there is no fill {fill!r}; choose causal or published")
        return replace(self, fill=names[fill])

    def counting(self, readings: str) -> Self:
        """Choose the readings that count: "measured" or "published".

        Raises:
            ProtocolError: At another name.
        """
        names: dict[str, Readings] = {"measured": "measured", "published": "published"}
        if readings not in names:
            raise ProtocolError(f"there are no readings {readings!r}; choose measured or published")
        return replace(self, readings=names[readings])

    def reported_minutes(self, interval_minutes: int) -> dict[int, int]:
        """Compute the minutes ahead of each reported step."""
        return {step: step * interval_minutes for step in self.reported_steps}

    def first_row(self, first: int) -> int:
        """Give the first row that a window of a part may hold, the part's own being `first`."""
        return max(0, first - self.history) if self.inputs_reach_back else first

    def brief(self, series: Series) -> str:
        """Say in one short line what is forecast, from what, and at which horizons errors are reported."""
        channel = " and ".join(series.channels) if self.channel is None else series.channels[self.channel]
        history = f"{self.history} steps" if self.history_days is None else f"{self.history_days} days"
        minutes = ", ".join(str(value) for value in self.reported_minutes(series.interval_minutes).values())
        return f"protocol {self.name}: {channel}, {history} in, {self.horizon} out, reported at {minutes} minutes"

    def describe(self, series: Series) -> str:
        """Describe the protocol in one sentence for a reader of tables."""
        inside = "inside one day" if self.within_day else "inside one part"
        if self.inputs_reach_back:
            inside = "forecast inside one part, their history may reach back before it"
        channels = slice(None) if self.channel is None else self.channel
        missing = not series.present[:, :, channels].all()
        filled_in = bool(series.filled_in[:, :, channels].any())
        quantity = self.quantity(series)
        smallest = "" if quantity.smallest is None else f", no forecast below {quantity.smallest:g}"
        scaled = "; scaled to [-1, 1] by the range of the training rows" if self.scaler == "min-max" else ""
        return (
            f"{self.brief(series)}; {self.split_words}, in order of time; windows {inside}{scaled}; "
            f"{FILLS[self.fill].words if missing else 'no reading is missing'}; "
            f"{self._describe_readings(filled_in=filled_in)}, in real units{smallest}; "
            f"MAPE where the truth is above {quantity.mape_floor_words}"
        )

    def quantity(self, series: Series) -> Quantity:
        """Look up what kind of quantity is forecast.

        Raises:
            ProtocolError: Channels that are forecast together are of different kinds.
        """
        kinds = set(series.quantity if self.channel is None else series.quantity[self.channel : self.channel + 1])
        if len(kinds) > 1:
            raise ProtocolError(
                f"protocol {self.name} forecasts all channels of {series.name} together, but their quantities are "
                f"{', '.join(series.quantity)}; choose one channel"
            )
        return QUANTITIES[kinds.pop() if kinds else "none"]

    def _describe_readings(self, *, filled_in: bool) -> str:
        if not filled_in:
            return "errors over measured readings"
        if self.readings == "published":
            return "errors over all readings as published, those that the source filled in too"
        return "readings that the source filled in are left out of losses, calendar, scaler and errors"

    @property
    def split_words(self) -> str:
        """Describe how a series is cut into its parts."""
        if self.validation_from is not None:
            return f"validation from {self.validation_from}, test from {self.test_from}"
        shares = [f"{100 * share:.10g} %" if self.own else f"{100 * share:.0f} %" for share in self.split]
        if self.test_days is None:
            return f"{' / '.join(shares)} of the {self.split_by} for training, validation and test"
        before = f"{' / '.join(shares[:2])} of the {self.split_by} before them for training and validation"
        return f"the last {self.test_days} days for test, {before}"
