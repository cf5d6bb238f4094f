"""A trained network from raw readings to forecasts in real units, as one module that can be traced into a file."""

import numpy as np
import torch
from torch import Tensor, nn

from kdsearch.checkpoint import Checkpoint
from kdsearch.data.clock import DAY_MINUTES
from kdsearch.data.examples import ExampleWindows
from kdsearch.data.kinds_of_day import FILE_YEARS, holidays_between, kind_names
from kdsearch.data.profile import Profile, Scaler
from kdsearch.data.target import Target
from kdsearch.measure.bounds import LEVEL, Bounds

__all__ = ["WholeForecaster", "example_inputs"]

DAY_SECONDS = 60 * DAY_MINUTES


class WholeForecaster(nn.Module):
    """A network with its calendar, its scaler and its causal fill.

    Args:
        checkpoint: The network and its scaler.
        target: What it forecasts.
    """

    steps: Tensor

    def __init__(self, checkpoint: Checkpoint, target: Target) -> None:
        super().__init__()
        self.network = checkpoint.network(torch.device("cpu")).to(torch.float32).eval()
        self.history, self.horizon, self.interval = target.history, target.horizon, target.interval_minutes
        self.zero_is_missing, self.smallest = target.zero_is_missing, target.kind.smallest
        self.scaler = _Calendar(checkpoint.scaler, len(target.nodes))
        self.std = checkpoint.scaler.std
        self.bounds = _Bounds(checkpoint.bounds, self.horizon, self.scaler.nodes)
        self.register_buffer("steps", torch.arange(1 - self.history, self.horizon + 1) * self.interval)

    def forward(self, readings: Tensor, time: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Forecast the horizon after each window.

        Args:
            readings: ``(batch, history, node)``, in real units, NaN where missing.
            time: Local time of each window's last reading, in whole seconds since 1970-01-01 00:00, ``(batch,)``.

        Returns:
            Forecasts, their lower and their upper bounds, ``(batch, horizon, node)``; and the usual reading at each
            step of the history and of the horizon, ``(batch, history + horizon, node)``: of a network that sees
            readings as they are, their mean. Without bounds, in an older study, these are NaN.
        """
        day, minute = self._days_and_minutes(time)
        weekday = torch.remainder(day + 3, 7)  # 1970-01-01 was a Thursday
        usual = self.scaler(day, minute, weekday)
        known = torch.where(torch.isnan(readings), 0.0, readings) if self.zero_is_missing else readings
        x = carried((known - usual[:, : self.history]) / self.std)[..., None]
        if self.network.clock:
            clock = torch.stack([minute.to(x) / DAY_MINUTES, weekday.to(x)], dim=-1)[:, : self.history, None]
            x = torch.cat([x, clock.expand(-1, -1, x.shape[2], -1)], dim=-1)
        scaled = self.network.forecast_segments(x, self.horizon)[:, 0]
        forecast = scaled * self.std + usual[:, self.history :]
        radius = self.bounds(minute[:, self.history :])
        return *map(self._possible, (forecast, forecast - radius, forecast + radius)), usual

    def _possible(self, forecast: Tensor) -> Tensor:
        return forecast if self.smallest is None else forecast.clip(self.smallest, None)

    def _days_and_minutes(self, time: Tensor) -> tuple[Tensor, Tensor]:
        """Find day since 1970 and minute of the day at each step of history and horizon, ``(batch, step)``.

        Files divide as float32, which holds seconds since 1970 to 128: what is divided is small, or half a day off.
        """
        second = torch.remainder(time, DAY_SECONDS)
        day = torch.div(time - second + DAY_SECONDS // 2, DAY_SECONDS, rounding_mode="floor")
        minutes = torch.div(second, 60, rounding_mode="floor")[:, None] + self.steps
        later = torch.div(minutes, DAY_MINUTES, rounding_mode="floor")
        return day[:, None] + later, minutes - later * DAY_MINUTES


def example_inputs(windows: ExampleWindows) -> tuple[Tensor, Tensor]:
    """Give the inputs of `WholeForecaster`, `readings` and `time`."""
    return torch.from_numpy(windows.readings), torch.from_numpy(windows.times.astype("datetime64[s]").astype(np.int64))


def carried(x: Tensor) -> Tensor:
    """Fill as `kdsearch.data.fill.carried_forward` does: ``(batch, step, node)``, NaN where missing."""
    shift = 1
    while shift < x.shape[1]:  # each node's last value of the 1, 2, 4, ... steps before
        earlier = torch.cat([torch.full_like(x[:, :shift], torch.nan), x[:, :-shift]], dim=1)
        x, shift = torch.where(torch.isnan(x), earlier, x), 2 * shift
    silent = torch.isnan(x)
    begun = (~silent).sum(dim=2, keepdim=True).clip(1, None)
    others = torch.where(silent, 0.0, x).sum(dim=2, keepdim=True) / begun
    return torch.where(silent, others, x)


class _Bounds(nn.Module):
    """The radius of the bounds, `Bounds.radius`, real units; NaN where there are none."""

    by_sensor: Tensor
    by_hour: Tensor
    by_step: Tensor

    def __init__(self, bounds: Bounds | None, horizon: int, nodes: int) -> None:
        super().__init__()
        known = bounds or Bounds(LEVEL, *(np.full(size, np.nan, np.float32) for size in (nodes, 24, horizon)))
        for name in ("by_sensor", "by_hour", "by_step"):
            self.register_buffer(name, torch.from_numpy(getattr(known, name)))

    def forward(self, minute: Tensor) -> Tensor:
        """Map minutes of the day ``(batch, horizon)`` to ``(batch, horizon, node)``."""
        hour = torch.div(minute, 60, rounding_mode="floor")
        return (self.by_hour[hour] * self.by_step)[..., None] * self.by_sensor


class _Calendar(nn.Module):
    """The usual reading of each node, `Scaler.offsets`, from as few numbers as the scaler stores."""

    holidays: Tensor
    table: Tensor
    by_kind: Tensor
    shares: Tensor

    def __init__(self, scaler: Scaler, nodes: int) -> None:
        super().__init__()
        self.mean, self.nodes, profile = scaler.mean, nodes, scaler.profile
        self.country = None if profile is None else profile.holidays
        self.slots = 0 if profile is None else profile.table.shape[1]
        self.low_rank = profile is not None and profile.factors is not None
        if profile is not None:
            self._store(profile)
        if self.country is not None:
            days = holidays_between(self.country, *FILE_YEARS)
            self.register_buffer("holidays", torch.from_numpy(days.astype("datetime64[D]").astype(np.int64)))

    def _store(self, profile: Profile) -> None:
        if profile.factors is None:
            self.register_buffer("table", torch.from_numpy(profile.table).flatten(0, 1))
            return
        coefficients, shares = profile.factors
        by_kind = coefficients.reshape(len(kind_names(self.country)), -1, len(shares))
        scale = np.sqrt(2 / self.slots)
        by_kind = by_kind * np.where(np.arange(by_kind.shape[1]) == 0, scale / np.sqrt(2), scale)[:, None]
        self.register_buffer("by_kind", torch.from_numpy(by_kind.astype(np.float32)))
        self.register_buffer("shares", torch.from_numpy(shares))

    def forward(self, day: Tensor, minute: Tensor, weekday: Tensor) -> Tensor:
        """Map days, minutes and weekdays ``(batch, step)`` to ``(batch, step, node)``."""
        if not self.slots:
            return torch.full((1, 1, 1), self.mean).expand(*day.shape, self.nodes)
        kind = (weekday - 4).clip(0, None)
        if self.country is not None:
            kind = torch.where(torch.eq(day[..., None], self.holidays).any(dim=-1), len(kind_names(None)), kind)
        slot = torch.div(minute * self.slots, DAY_MINUTES, rounding_mode="floor")
        if not self.low_rank:
            return self.table[kind * self.slots + slot] + self.mean
        waves = torch.arange(1, self.by_kind.shape[1] // 2 + 1)
        angle = torch.remainder(slot[..., None] * waves, self.slots) * (2 * torch.pi / self.slots)
        basis = torch.cat([torch.ones_like(angle[..., :1]), torch.cos(angle), torch.sin(angle)], dim=-1)
        components = (basis[..., None, :] @ self.by_kind[kind])[..., 0, :]
        return components @ self.shares + self.mean
