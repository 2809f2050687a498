"""How much is in an event file: the exposure of its card, the events expected for it, and what its events stand for.

Root attributes, all of them absent if the card has no exposure. N = sigma x flux x nuclei x exposure is linear in
sigma, so ``events_per_cm2`` = flux x nuclei x exposure turns any sum of weights into expected events.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

from tridentgen.errors import FileError, one_line
from tridentgen.exposure import AMOUNTS, SECONDS_PER_YEAR

_PER_CM2, _EXPECTED, _EXPECTED_ERROR = "events_per_cm2", "expected_events", "expected_events_error"
_EQUIVALENTS = MappingProxyType({
    "pot": "pot_equivalent",
    "muon_decays": "muon_decays_equivalent",
    "livetime_s": "livetime_equivalent_s",
    "bursts": "bursts_equivalent",
})  # fmt: skip
_UNITS = MappingProxyType(
    {"pot": "protons on target", "muon_decays": "muon decays", "livetime_s": "s", "bursts": "bursts"}
)

EXPOSURE_NAMES = ("exposure", "exposure_mass_t", _PER_CM2, *(f"exposure_{amount}" for amount in AMOUNTS.values()))
"""Root attributes that state the exposure of a card."""

RESULT_NAMES = (_EXPECTED, _EXPECTED_ERROR, *_EQUIVALENTS.values())
"""Root attributes that `exposure_results` returns."""


@dataclass(frozen=True)
class StatedExposure:
    """The exposure of the card of an event file.

    Attributes
    ----------
    words : str
        Mass, material and amount.
    amount : str
        What the flux is multiplied with: ``pot``, ``muon_decays``, ``livetime_s`` or ``bursts``.
    value : float
        How many.
    events_per_cm2 : float
        Expected events per cm^2 of the cross section.
    equivalent : float or None
        How many the events of the file stand for; None if the file is not finished.
    """

    words: str
    amount: str
    value: float
    events_per_cm2: float
    equivalent: float | None

    @classmethod
    def of(cls, attributes: Mapping[str, Any], path: Path | None = None) -> Self | None:
        """Return the exposure in the root attributes of a file, None if there is none.

        Raise `FileError`, which names the file at `path`, for an attribute that is not a positive number.
        """
        amount = next((name for name in AMOUNTS.values() if f"exposure_{name}" in attributes), None)
        if amount is None or _PER_CM2 not in attributes:
            return None
        name = _EQUIVALENTS[amount]
        return cls(
            words=one_line(str(attributes.get("exposure", ""))),
            amount=amount,
            value=_positive(attributes, f"exposure_{amount}", path),
            events_per_cm2=_positive(attributes, _PER_CM2, path),
            equivalent=_positive(attributes, name, path) if name in attributes else None,
        )

    def results(self, attributes: Mapping[str, Any], share: float) -> dict[str, float]:
        """Return the attributes of events that stand for `share` of the exposure: expected events and equivalent."""
        return {**self.expected(attributes), **self.standing_for(share).attributes}

    def expected(self, attributes: Mapping[str, Any]) -> dict[str, float]:
        """Return the attributes with the expected events, those that the detector accepts if there is one.

        The error is that of the cross section and the acceptance of these events.
        """
        sigma, acceptance = float(attributes["sigma"]), float(attributes.get("acceptance", 1.0))
        errors = [float(attributes.get(f"{name}_error", 0.0)) for name in ("sigma", "acceptance")]
        error = math.hypot(errors[0] * acceptance, errors[1] * sigma)
        return {_EXPECTED: self.events_per_cm2 * sigma * acceptance, _EXPECTED_ERROR: self.events_per_cm2 * error}

    def standing_for(self, share: float) -> Self:
        """Return the same exposure, of which the events stand for `share`."""
        return replace(self, equivalent=share * self.value)

    @property
    def attributes(self) -> dict[str, float]:
        """The root attribute with what the events stand for."""
        return {} if self.equivalent is None else {_EQUIVALENTS[self.amount]: self.equivalent}

    def share_of_unit(self, unit_cm2: float) -> float:
        """Return the share of the exposure of unweighted events, each of which stands for `unit_cm2` of sigma."""
        return 1.0 / (self.events_per_cm2 * unit_cm2)

    def shared(self, share: float) -> str:
        """Return a share of the exposure as text, such as ``2.4e+23 protons on target, 220 times the exposure``."""
        years = f" ({share * self.value / SECONDS_PER_YEAR:.4g} years)" if self.amount == "livetime_s" else ""
        times = "the card's exposure" if math.isclose(share, 1.0) else f"{share:.4g} times the card's exposure"
        unit = "burst" if self.amount == "bursts" and share * self.value == 1.0 else _UNITS[self.amount]
        return f"{share * self.value:.4g} {unit}{years}, {times}"

    @property
    def share(self) -> float | None:
        """Share of the exposure that the events of the file stand for."""
        return None if self.equivalent is None else self.equivalent / self.value


def exposure_results(attributes: Mapping[str, Any], share: float) -> dict[str, float]:
    """Return the root attributes of events that stand for `share` of the card's exposure; empty if it has none."""
    stated = StatedExposure.of(attributes)
    return {} if stated is None else stated.results(attributes, share)


def expected_for_exposure(attributes: Mapping[str, Any], path: Path | None = None) -> dict[str, float]:
    """Return the root attribute with the expected events for the card's exposure; empty if it has none."""
    stated = StatedExposure.of(attributes, path)
    return {} if stated is None else stated.expected(attributes)


def _positive(attributes: Mapping[str, Any], name: str, path: Path | None) -> float:
    value = attributes[name]
    if isinstance(value, str) or not 0.0 < value < math.inf:
        where = "these events" if path is None else f"'{path}'"
        raise FileError(f"{where}: the attribute {name} = {value} must be a positive number; take a fresh copy")
    return float(value)
