"""The rules that make two results comparable: channel, split, history, horizon, scaler and metric convention."""

import hashlib
from dataclasses import asdict, dataclass
from typing import Literal

from kdsearch.data.series import Series

__all__ = ["Protocol"]


@dataclass(frozen=True)
class Protocol:
    """A named, hashable set of rules.

    Attributes:
        name: As in `PROTOCOLS`.
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

    @property
    def hash(self) -> str:
        """Hash of every field: results of one hash may share a table.

        Fields that not every protocol needs count where they are in use, so that a new one leaves older hashes alone.
        """
        optional = ("history_days", "test_days", "inputs_reach_back")
        fields = {name: value for name, value in asdict(self).items() if value or name not in optional}
        return hashlib.sha256(repr(sorted(fields.items())).encode()).hexdigest()

    def reported_minutes(self, interval_minutes: int) -> dict[int, int]:
        """Compute the minutes ahead of each reported step."""
        return {step: step * interval_minutes for step in self.reported_steps}

    def describe(self, series: Series) -> str:
        """Describe the protocol in one sentence for a reader of tables."""
        channel = " and ".join(series.channels) if self.channel is None else series.channels[self.channel]
        history = f"{self.history} steps" if self.history_days is None else f"{self.history_days} days"
        minutes = ", ".join(str(value) for value in self.reported_minutes(series.interval_minutes).values())
        inside = "inside one day" if self.within_day else "inside one part"
        if self.inputs_reach_back:
            inside = "forecast inside one part, their history may reach back before it"
        scaled = "; scaled to [-1, 1] by the range of the training rows" if self.scaler == "min-max" else ""
        return (
            f"protocol {self.name}: {channel}, {history} in, {self.horizon} out, "
            f"reported at {minutes} minutes; {self._describe_split()}, in order of time; windows {inside}{scaled}; "
            f"gaps interpolated inside a part, as the papers do, so that one at the end of a history looks ahead; "
            f"errors over measured readings in real units, MAPE where the truth is above 0.1 % of the mean reading"
        )

    def _describe_split(self) -> str:
        shares = [f"{100 * share:.0f} %" for share in self.split]
        if self.test_days is None:
            return f"{' / '.join(shares)} of the {self.split_by} for training, validation and test"
        before = f"{' / '.join(shares[:2])} of the {self.split_by} before them for training and validation"
        return f"the last {self.test_days} days for test, {before}"
