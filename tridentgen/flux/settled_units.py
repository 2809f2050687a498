"""Units of the numbers of a flux file: from the keys of a card, the text of the file, and the documented defaults."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from tridentgen.errors import FileError, InputError
from tridentgen.flux.units_text import AREAS_CM2, ENERGIES_GeV, Said, TextUnits, per_in_gev
from tridentgen.typing import FloatArray

TIMES: Mapping[str, str] = {"POT": "cm^-2 POT^-1", "s": "cm^-2 s^-1", "burst": "cm^-2"}
"""What a flux can be for, and the units of its integral over the energy."""

SHAPE = "shape"
"""What a flux without normalisation is for."""

Defaults = Mapping[str, str | None]
"""Values of `area`, `per`, `energy_unit` and `time` where neither card nor file says them; None: they must be said."""

PLAIN: Defaults = {"area": "cm2", "per": "GeV", "energy_unit": "GeV", "time": "POT"}
_EXAMPLES = {
    "area": "area = 'cm2' or 'm2'",
    "per": "per = 'GeV', 'MeV', '50 MeV' or 'bin'",
    "energy_unit": "energy_unit = 'GeV' or 'MeV'",
    "pot": "pot = the protons on target that the numbers are for (1 for a flux per proton)",
    "time": "time = 'POT', 's' or 'burst'",
}


@dataclass(frozen=True)
class Units:
    """Units of the numbers of a file, fully specified.

    Attributes
    ----------
    area, per, energy_unit, points, time : str
        As the keys of a card; `points` is None where only the layout can tell.
    pot : float
        Protons on target, or seconds for ``time = "s"``, that the numbers are for.
    bin_width_GeV : float or None
        Width of the bins by the text of the file, where the card says ``per = "bin"``.
    """

    area: str
    per: str
    energy_unit: str
    points: str | None
    pot: float
    time: str = "POT"
    bin_width_GeV: float | None = None

    @property
    def total_units(self) -> str:
        """Units of the flux integrated over the energy."""
        return TIMES.get(self.time, "")

    def to_gev(self, energies: FloatArray) -> FloatArray:
        """Convert the energies of the file to GeV."""
        return energies if self.energy_unit == "GeV" else energies * ENERGIES_GeV[self.energy_unit]

    def to_flux(self, values: FloatArray, widths_GeV: FloatArray | None) -> FloatArray:
        """Convert the numbers of the file to cm^-2 GeV^-1 and POT, second or burst; `widths_GeV` are those of bins."""
        values = values / (self.pot * AREAS_CM2[self.area])
        if self.per == "bin":
            if widths_GeV is None:
                raise InputError("points = 'points' does not go with per = 'bin'; use points = 'centre' or 'edges'")
            return np.asarray(values / widths_GeV)
        per = per_in_gev(self.per)
        if per is None or per == 1.0:
            return values
        return values * 1e3 if per == 1e-3 else values / per

    def in_words(self) -> str:
        """Return the units as in ``per m2 and GeV, for 1e+06 POT``."""
        words = f"per {self.area} and {self.per}"
        if self.time == SHAPE:
            return "only its shape" + ("" if self.energy_unit == "GeV" else f", energies in {self.energy_unit}")
        if self.time != "POT":
            words = f"per {self.area}, {self.per} and {self.time}"
        if self.pot != 1.0:
            words += f", for {self.pot:g} {self.time}"
        return words + ("" if self.energy_unit == "GeV" else f", energies in {self.energy_unit}")


def settle_units(
    path: Path,
    given: Mapping[str, str | None],
    pot: float | None,
    said: TextUnits,
    defaults: Defaults = PLAIN,
    because: str = "nothing says what it is",
) -> Units:
    """Return the units; a key of the card is held against the text, and what neither says is the default.

    Raises
    ------
    FileError
        If card and text contradict each other, if the text contradicts itself, or if it has words of units that cannot
        be placed and the card does not say what is meant.
    """
    if said.refused:
        found = said.refused[0]
        raise FileError(
            f"{_where(path, found)}: {found.quoted()} says that {found.value}; "
            "write a file of the flux per area and energy"
        )
    energy_unit = _settle(path, "energy_unit", given.get("energy_unit"), said.energy_unit, _not_gev(said))
    area = _settle(path, "area", given.get("area"), said.area, said.unplaced.get("area", []))
    per = _settle(path, "per", given.get("per"), said.per, said.unplaced.get("energy", []))
    time, amount = _exposure(path, given.get("time"), pot, said)
    flux_units = [*said.area, *said.pot, *said.seconds]
    if said.relative and time is None and pot is None and area is None:
        time = SHAPE
    elif said.relative and given.get("area") is None and given.get("time") is None and pot is None:
        found, other = said.relative[0], flux_units[0]
        raise FileError(
            f"{_where(path, found)}: {found.quoted()} speaks of a shape, and {other.quoted()} of units; give area, "
            "per, and pot or time"
        )
    if said.unplaced.get("divisor") and not (given.get("area") and given.get("per") and (pot or given.get("time"))):
        found = said.unplaced["divisor"][0]
        raise FileError(
            f"{_where(path, found)}: {found.quoted()}: what '{found.value}' means for the flux is not clear; give "
            "area, per, and pot or time, as the numbers are without it"
        )
    if per is None and flux_units and defaults.get("per") == "GeV":
        found = flux_units[0]
        raise FileError(
            f"{_where(path, found)}: {found.quoted()} says no energy that the flux is per; give {_EXAMPLES['per']}"
        )
    if per is None and (energy_unit or "GeV") != "GeV":
        raise FileError(f"{path}: its energies are in {energy_unit}; also give {_EXAMPLES['per']}")
    asked = {"area": area, "per": per, "energy_unit": energy_unit, "time": time}
    taken = {key: value or defaults.get(key) for key, value in asked.items()}
    missing = [key for key, value in taken.items() if value is None]
    if missing:
        cure = " and ".join(_EXAMPLES[key] for key in missing)
        raise FileError(f"{path}: {because}; give {cure}")
    if given.get("points") in ("points", "centre") and said.points:
        _contradiction(path, "points", f"'{given['points']}'", said.points[0], "'edges'")
    width = None
    if taken["per"] == "bin":
        width = next((per_in_gev(str(one.value)) for one in said.per if one.value != "bin"), None)
    points = given.get("points") or (str(said.points[0].value) if said.points else defaults.get("points"))
    return Units(
        area=str(taken["area"]),
        per=str(taken["per"]),
        energy_unit=str(taken["energy_unit"]),
        points=points,
        pot=amount,
        time=str(taken["time"]),
        bin_width_GeV=width,
    )


def _exposure(path: Path, time: str | None, pot: float | None, said: TextUnits) -> tuple[str | None, float]:
    """Return what the numbers are for, ``"POT"``, ``"s"`` or ``"burst"`` (None: unsaid), and how much of it."""
    if said.seconds and said.pot:
        one, other = said.pot[0], said.seconds[0]
        if time is None or time == "burst":
            raise FileError(
                f"{path}: {one.quoted()} speaks of protons on target, and {other.quoted()} of time; "
                f"give {_EXAMPLES['time']}"
            )
    contradicting = said.pot if time in ("s", "burst") else said.seconds if time in ("POT", "burst") else []
    kept = said.seconds if time == "s" else said.pot if time == "POT" else []
    if contradicting and not kept:
        _contradiction(path, "time", f"'{time}'", contradicting[0], "'POT'" if contradicting is said.pot else "'s'")
    if said.burst and not kept and (time in ("s", "POT") or pot is not None):
        _contradiction(path, "time", f"'{time or 'POT'}'", said.burst[0], "'burst'")
    if time is None and pot is None and said.burst and not said.pot and not said.seconds:
        return "burst", 1.0
    if time == "s" or (time is None and said.seconds):
        if pot is not None:
            where = f"{said.seconds[0].quoted()} says a flux per time" if said.seconds else "time = 's'"
            raise FileError(f"{path}: pot = {pot:g} does not go with it: {where}; leave pot out")
        return "s", float(_one(path, "time", said.seconds)) if said.seconds else 1.0
    if time == "burst":
        if pot is not None:
            raise FileError(f"{path}: pot = {pot:g} does not go with time = 'burst'; leave pot out")
        return "burst", 1.0
    if pot is not None:
        if said.pot and all(abs(float(one.value) / pot - 1.0) > 1e-6 for one in said.pot):
            _contradiction(path, "pot", f"{pot:g}", said.pot[0], f"{float(said.pot[0].value):g}")
        return "POT", pot
    if said.pot:
        return "POT", float(_one(path, "pot", said.pot))
    for kind, key in (("exposure", "pot"), ("time", "time")):
        if said.unplaced.get(kind) and time is None:
            _ask(path, key, said.unplaced[kind][0])
    return time, 1.0


def _settle(path: Path, key: str, given: str | None, statements: list[Said], unplaced: list[Said]) -> str | None:
    """Return the value of one key, or None where neither the card nor the text says it."""
    if given is not None:
        if statements and not any(_agree(given, str(one.value)) for one in statements):
            _contradiction(path, key, f"'{given}'", statements[0], f"'{statements[0].value}'")
        return given
    if statements:
        return str(_one(path, key, statements))
    if unplaced:
        _ask(path, key, unplaced[0])
    return None


def _not_gev(said: TextUnits) -> list[Said]:
    """Return where a text names a unit of energy other than GeV without saying that it is that of the energies."""
    words = [*said.unplaced.get("energy", []), *said.per]
    return [one for one in words if one.value in ENERGIES_GeV and one.value != "GeV"]


def _agree(given: str, said: str) -> bool:
    """Return whether a key and a text can mean the same: bins may be said by their width."""
    if given == said:
        return True
    if "bin" in (given, said):
        other = said if given == "bin" else given
        return per_in_gev(other) is not None and other not in ENERGIES_GeV
    one, two = per_in_gev(given), per_in_gev(said)
    return one is not None and two is not None and abs(one / two - 1.0) < 1e-6


def _one(path: Path, key: str, statements: list[Said]) -> str | float:
    """Return the one value of statements; raise `FileError` if they differ."""
    first = statements[0]
    for other in statements[1:]:
        if other.value != first.value and not (key == "per" and _agree(str(first.value), str(other.value))):
            there = "" if other.text == first.text else f" in {other.quoted()}"
            raise FileError(
                f"{_where(path, first)}: {first.quoted()} says {_value(first)}, and{there} {_value(other)}; "
                f"give {_EXAMPLES[key]}"
            )
    widths = [one.value for one in statements if one.value != "bin"]
    return widths[0] if key == "per" and widths else first.value


def _value(said: Said) -> str:
    return f"{said.value:g}" if isinstance(said.value, float) else f"'{said.value}'"


def _contradiction(path: Path, key: str, given: str, said: Said, value: str) -> None:
    raise FileError(
        f"{_where(path, said)}: {said.quoted()} says {key} = {value}, and {key} = {given} is given; "
        f"give {key} = {value} or leave it out, or correct the line"
    )


def _ask(path: Path, key: str, said: Said) -> None:
    raise FileError(
        f"{_where(path, said)}: {said.quoted()}: what '{said.value}' means for the flux is not clear; "
        f"give {_EXAMPLES[key]}"
    )


def _where(path: Path, said: Said) -> str:
    return f"{path}:{said.line}" if said.line else f"{path}: title"


def numbered(titles: Iterable[str]) -> list[tuple[int, str]]:
    """Return titles, which have no lines, as `read_units` takes them."""
    return [(0, title) for title in titles]
