"""Models for the values of free numbers, by the keys that cards have for them."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np

from tridentgen.cards import Card, parse_card
from tridentgen.errors import InputError
from tridentgen.fits.dataset import Dataset, Prediction
from tridentgen.processes.cevns.cevns import Cevns
from tridentgen.processes.cevns.parameters import value_of, with_value
from tridentgen.toml.tables import Override
from tridentgen.typing import FloatArray

MakeData = Callable[[Card], Dataset]
"""Returns the data set of a card."""

SIGNAL = "signal"
"""Name of the factor on the number of CEvNS, the free number where no key is."""

_FAST = ("model", "process", SIGNAL)
_MEV = ("_MeV", "_GeV", 1e-3)
_SKIN = "process.neutron_skin_fm"
_RADII = ("neutron_radius_fm", "proton_radius_fm")
_RMS_FM = 0.93
"""Rms radius of a nucleus over A^(1/3), roughly."""

_STEP = 1e-3
_MOST_KEPT = 4


@dataclass(frozen=True)
class FreeKey:
    """A free number: `text` as given, the `key` of a card, the data set it belongs to (empty: all) and its unit.

    `low` and `high` are the range asked for, infinite if there is none. Values in the unit of `text` times `unit` are
    those of the card.
    """

    text: str
    key: str
    card: str = ""
    unit: float = 1.0
    low: float = -np.inf
    high: float = np.inf

    @property
    def is_fast(self) -> bool:
        """Whether the moments of the flux and the response hold for all its values."""
        return self.key.split(".")[0] in _FAST

    @property
    def is_radius(self) -> bool:
        """Whether it is the radius of a nucleus."""
        return self.key.split(".")[1] in _RADII

    def belongs_to(self, data: Dataset) -> bool:
        """Whether it is a number of the card of this data set."""
        return self.card in ("", data.name)


def free_key(text: str) -> FreeKey:
    """Return the free number given as ``[CARD:]KEY[=LOW:HIGH]``; raise `InputError` for another form."""
    name, equals, limits = text.partition("=")
    low, high = -np.inf, np.inf
    if equals:
        try:
            low, high = (float(part) for part in limits.split(":"))
        except ValueError:
            raise InputError(
                f"--free {text}: must be KEY or KEY=LOW:HIGH, such as model.sin2_theta_w=0.1:0.4"
            ) from None
        if not (np.isfinite([low, high]).all() and low < high):
            raise InputError(f"--free {text}: the range must go from a lower to a higher number")
    card, colon, key = name.rpartition(":")
    if "." not in key:
        raise InputError(f"--free {text}: must be a key of a card with its table, such as model.sin2_theta_w")
    plain, unit = card_key(key)
    return FreeKey(name, plain, card.replace("_", "-") if colon else "", unit, low, high)


def card_key(key: str) -> tuple[str, float]:
    """Return the key of a card, and the factor to its unit: MeV may be given for GeV."""
    if key.endswith(_MEV[0]):
        return key.removesuffix(_MEV[0]) + _MEV[1], _MEV[2]
    return key, 1.0


class Models(Protocol):
    """Predictions for the values of K free numbers."""

    @property
    def sets(self) -> tuple[Dataset, ...]:
        """The data sets."""

    @property
    def keys(self) -> tuple[FreeKey, ...]:
        """The free numbers."""

    @property
    def start(self) -> FloatArray:
        """Values of the free numbers to begin with."""

    def predictions(self, values: FloatArray) -> tuple[Prediction, ...]:
        """Return what is expected in each data set; raise `InputError` for values that a card refuses."""

    def slopes(self, values: FloatArray, steps: FloatArray, number: int) -> list[FloatArray | None]:
        """Return the derivatives of each data set's counts by a number; None if they do not depend on it."""


@dataclass(frozen=True, eq=False)
class CardModels:
    """Models of cards, one for each data set."""

    cards: tuple[Card, ...]
    sets: tuple[Dataset, ...]
    make: MakeData
    keys: tuple[FreeKey, ...]
    _kept: dict[tuple[float, ...], tuple[Prediction, ...]] = field(default_factory=dict, repr=False)

    @property
    def start(self) -> FloatArray:
        """Values of the free numbers on the cards."""
        return np.array([self._start(key) for key in self.keys])

    def _start(self, key: FreeKey) -> float:
        places = [place for place, data in enumerate(self.sets) if key.belongs_to(data)]
        if not places:
            names = ", ".join(data.name for data in self.sets)
            raise InputError(f"--free {key.text}: no data set is called '{key.card}'; there are {names}")
        targets = {self.sets[place].reaction.target for place in places}
        if key.key.startswith("process.") and len(targets) > 1:
            first = self.sets[places[0]].name
            raise InputError(
                f"--free {key.text}: a number of {' and '.join(sorted(targets))} differs; write {first}:{key.text}"
            )
        return start_of(self.cards[places[0]], self.sets[places[0]].reaction, key) / key.unit

    def predictions(self, values: FloatArray) -> tuple[Prediction, ...]:
        """Return what is expected in each data set; raise `InputError` for values that a card refuses."""
        given = tuple(float(value) for value in values)
        if given not in self._kept:
            made = tuple(self._prediction(place, given) for place in range(len(self.sets)))
            while len(self._kept) >= _MOST_KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[given] = made
        return self._kept[given]

    def _prediction(self, place: int, values: tuple[float, ...]) -> Prediction:
        data = self.sets[place]
        own = [(key, value * key.unit) for key, value in zip(self.keys, values, strict=True) if key.belongs_to(data)]
        slow = [Override(tuple(k.key.split(".")), value, f"--free {k.text}") for k, value in own if not k.is_fast]
        if slow:
            card = self.cards[place]
            changed = replace(parse_card(card.text, path=card.title, overrides=slow), path=card.path)
            data = self.make(changed)
        return data.at(changed_reaction(data.reaction, [(k, value) for k, value in own if k.is_fast]))

    def slopes(self, values: FloatArray, steps: FloatArray, number: int) -> list[FloatArray | None]:
        """Return the derivatives of the counts: in closed form where there is one, else by differences of `steps`."""
        key = self.keys[number]
        return [
            self._slope(place, number, values, float(steps[number])) if key.belongs_to(data) else None
            for place, data in enumerate(self.sets)
        ]

    def _slope(self, place: int, number: int, values: FloatArray, step: float) -> FloatArray:
        key = self.keys[number]
        if all(k.is_fast for k in self.keys):
            data = self.sets[place]
            own = [(k, v * k.unit) for k, v in zip(self.keys, values, strict=True) if k.belongs_to(data)]
            try:
                return data.signal.derivative(changed_reaction(data.reaction, own), key.key) * key.unit
            except InputError:  # a number without a closed form
                pass
        width = _STEP * step
        sides = []
        for sign in (1.0, -1.0):
            moved = np.array(values)
            moved[number] += sign * width
            try:
                sides.append((moved[number], self.predictions(moved)[place].counts))
            except InputError:  # beyond the limit of the number
                sides.append((values[number], self.predictions(values)[place].counts))
        return np.asarray((sides[0][1] - sides[1][1]) / (sides[0][0] - sides[1][0]))


def changed_reaction(reaction: Cevns, values: Sequence[tuple[FreeKey, float]]) -> Cevns:
    """Return the process with other numbers."""
    for key, value in values:
        if key.key == _SKIN:  # the radius that it takes the place of
            reaction = replace(reaction, neutron_radius_fm=None)
        reaction = with_value(reaction, key.key, value)
    return reaction


def start_of(card: Card, reaction: Cevns, key: FreeKey) -> float:
    """Return the number on the card, or its default; raise `InputError` if it is not a number that can vary."""
    if not key.is_fast:
        return _on_card(card, key)
    radius = key.key.removeprefix("process.")
    if radius in _RADII:
        given = getattr(reaction, radius)
        if given is None:
            return _RMS_FM * float(np.mean([nuclide.A ** (1.0 / 3.0) for nuclide in reaction.nuclides]))
        return _mean_radius(given)
    if key.key == _SKIN and reaction.neutron_skin_fm is None:
        radii = (reaction.neutron_radius_fm, reaction.proton_radius_fm)
        return 0.0 if None in radii else _mean_radius(radii[0]) - _mean_radius(radii[1])
    value = value_of(reaction, key.key)
    assert value is not None
    return value


def _mean_radius(given: Any) -> float:
    """Return a radius, or the mean of those of several nuclides."""
    return float(np.mean([value for _, value in given])) if isinstance(given, tuple) else float(given)


def _on_card(card: Card, key: FreeKey) -> float:
    """Return the number of another table than [process] and [model]."""
    found: object = tomllib.loads(card.text)
    for name in key.key.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    if isinstance(found, bool) or not isinstance(found, (int, float)):
        raise InputError(f"--free {key.text}: the card has no number there to begin with; give one with --set")
    return float(found)


@dataclass(frozen=True, eq=False)
class Strength:
    """The predictions of cards with a common factor on the number of CEvNS: their rates and responses are exact."""

    sets: tuple[Dataset, ...]
    nominal: tuple[FloatArray, ...]
    keys: tuple[FreeKey, ...] = (FreeKey(SIGNAL, f"{SIGNAL}.strength", low=0.0),)

    @classmethod
    def of(cls, sets: Sequence[Dataset]) -> Strength:
        """Return the models without errors of the rates and of the responses."""
        exact = tuple(
            replace(data, rates={}, scales={**data.scales, **dict.fromkeys(data.signal.response.modes, 0.0)})
            for data in sets
        )
        return cls(exact, tuple(data.signal.counts(data.reaction) for data in sets))

    @property
    def start(self) -> FloatArray:
        """The cards' own prediction."""
        return np.ones(1)

    def predictions(self, values: FloatArray) -> tuple[Prediction, ...]:
        """Return what is expected for a factor; raise `InputError` below zero."""
        if values[0] < 0.0:
            raise InputError("the number of events cannot be negative")
        return tuple(Prediction(d, float(values[0]) * n) for d, n in zip(self.sets, self.nominal, strict=True))

    def slopes(self, values: FloatArray, steps: FloatArray, number: int) -> list[FloatArray | None]:  # noqa: ARG002
        """Return the counts for a factor of one."""
        return list(self.nominal)
