"""A trained forecaster as bytes, with everything for forecasts in real units."""

import hashlib
import io
import json
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray

from kdsearch.data.profile import Profile, Scaler
from kdsearch.data.quantity import QUANTITIES
from kdsearch.measure.bounds import Bounds
from kdsearch.models import Forecaster, build
from kdsearch.models.ensemble import Ensemble

__all__ = ["Checkpoint"]


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """A stored forecaster; plain arrays, so that processes share it without torch's own machinery.

    Attributes:
        spec: Architecture, `Forecaster.spec`.
        state: Parameter name -> array.
        scaler: The map from readings to the network's input.
        adjacency: The graph it was trained on.
        bounds: Radius of the bounds around its forecasts; None where an older study kept none.
    """

    spec: dict[str, Any]
    state: dict[str, NDArray[Any]]
    scaler: Scaler
    adjacency: NDArray[np.float64]
    bounds: Bounds | None = None

    @classmethod
    def of(
        cls, network: Forecaster, scaler: Scaler, adjacency: NDArray[np.float64], bounds: Bounds | None = None
    ) -> Self:
        """Pack a trained network."""
        state = {name: value.detach().cpu().numpy().copy() for name, value in network.state_dict().items()}
        return cls(network.spec(), state, scaler, adjacency, bounds)

    def network(self, device: torch.device) -> Forecaster:
        """Build the network with its weights."""
        network = build(self.spec, self.adjacency)
        network.load_state_dict({name: torch.tensor(value) for name, value in self.state.items()})
        return network.to(device)

    @property
    def first_member(self) -> Self:
        """The first network of an ensemble, its best one; any other network itself."""
        if self.spec["family"] != Ensemble.family:
            return self
        start = "members.0."
        state = {name.removeprefix(start): value for name, value in self.state.items() if name.startswith(start)}
        return replace(self, spec=self.spec["size"]["members"][0], state=state, bounds=None)

    @property
    def hash(self) -> str:
        """Hash of its arrays and plain values, however they are compressed: 24 hexadecimal digits."""
        digest = hashlib.sha256()
        for name, value in sorted(self._arrays().items()):
            digest.update(f"{name} {value.dtype.str} {value.shape}".encode())
            digest.update(value.tobytes())
        return digest.hexdigest()[:24]

    def to_bytes(self) -> bytes:
        """Pack compressed arrays and plain values; reading them runs no code."""
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **self._arrays())  # type: ignore[arg-type]  # the stub takes names for its flag
        return buffer.getvalue()

    def _arrays(self) -> dict[str, NDArray[Any]]:
        """Give all that is packed, by name."""
        profile = self.scaler.profile
        arrays: dict[str, NDArray[Any]] = {f"state/{name}": value for name, value in self.state.items()}
        arrays["adjacency"] = self.adjacency
        arrays["scaler"] = np.array([self.scaler.mean, self.scaler.std])
        if self.scaler.quantity != "none":
            arrays["quantity"] = np.array(self.scaler.quantity)
        arrays["spec"] = np.array(json.dumps(self.spec))
        if profile is not None:
            if profile.factors is None:
                arrays["profile"] = profile.table
            else:
                arrays["profile_coefficients"], arrays["profile_shares"] = profile.factors
                arrays["profile_slots"] = np.array(profile.table.shape[1])
            if profile.holidays is not None:
                arrays["profile_holidays"] = np.array(profile.holidays)
        if self.bounds is not None:
            arrays |= {f"bounds/{name}": np.array(value) for name, value in vars(self.bounds).items()}
        return arrays

    @classmethod
    def from_bytes(cls, content: bytes) -> Self:
        """Unpack the bytes of `to_bytes`."""
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            profile = None
            holidays = str(arrays["profile_holidays"]) if "profile_holidays" in arrays else None
            if "profile" in arrays:
                profile = Profile("table", arrays["profile"], holidays=holidays)
            elif "profile_slots" in arrays:
                factors = arrays["profile_coefficients"], arrays["profile_shares"]
                profile = Profile.of_factors(*factors, slots=int(arrays["profile_slots"]), holidays=holidays)
            mean, std = arrays["scaler"].tolist()
            state = {name.removeprefix("state/"): arrays[name] for name in arrays if name.startswith("state/")}
            spec = json.loads(str(arrays["spec"]))
            quantity = QUANTITIES[str(arrays["quantity"])].name if "quantity" in arrays else "none"
            named = {name.removeprefix("bounds/"): arrays[name] for name in arrays if name.startswith("bounds/")}
            bounds = Bounds(**named | {"level": float(named["level"])}) if named else None
            return cls(spec, state, Scaler(mean, std, profile, quantity), arrays["adjacency"], bounds)
