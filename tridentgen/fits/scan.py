"""Fits of a free number at many values of another, such as the limit on a coupling for each mass of a boson."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tridentgen.errors import InputError
from tridentgen.fits.fit import FitResult, fit_measurements
from tridentgen.fits.measurement import Measurement
from tridentgen.fits.models import FreeKey, changed_reaction, free_key
from tridentgen.fits.read import read_measurement
from tridentgen.progress import Progress, silent
from tridentgen.toml.tables import Override

_MOST = 2000


@dataclass(frozen=True)
class ScanKey:
    """A number and the values at which fits are made, in the unit of its text."""

    key: FreeKey
    values: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class ScanResult:
    """The fits along a scan."""

    key: ScanKey
    fits: tuple[FitResult, ...]


def scan_key(text: str) -> ScanKey:
    """Return the scan given as ``KEY=LOW:HIGH:N``, ``KEY=LOW:HIGH:Nlog`` or ``KEY=A,B,C``.

    Raise `InputError` for another form.
    """
    name, equals, given = text.partition("=")
    wrong = InputError(
        f"--scan {text}: must be KEY=LOW:HIGH:N, or Nlog for even steps of the logarithm, or KEY=A,B,C, such as "
        "model.vector.mass_MeV=1:1000:25log"
    )
    if not equals:
        raise wrong
    try:
        values = _even(given) if ":" in given else [float(part) for part in given.split(",")]
    except ValueError:
        raise wrong from None
    if not values or len(values) > _MOST or not np.isfinite(values).all():
        raise wrong
    return ScanKey(free_key(name), tuple(values))


def _even(text: str) -> list[float]:
    low, high, number = text.split(":")
    count = int(number.removesuffix("log"))
    if count < 2:
        raise ValueError(text)
    if number.endswith("log"):
        if not float(low) > 0.0 and float(high) > 0.0:
            raise ValueError(text)
        return [float(value) for value in np.geomspace(float(low), float(high), count)]
    return [float(value) for value in np.linspace(float(low), float(high), count)]


def scan(
    names: Sequence[str], overrides: Sequence[str | Override], keys: Sequence[FreeKey], over: ScanKey,
    levels: Sequence[float], progress: Progress = silent, *, asimov: bool = False,
) -> ScanResult:  # fmt: skip
    """Return the fits of free numbers at all values of a scan.

    Expected data are those of the first value.

    Raises
    ------
    CardError, InputError, FileError, TridentgenError
        As `read_measurement` and `fit_measurements`; for a free number that is scanned too, or none that is free.
    """
    if not keys:
        raise InputError(f"--scan {over.key.text}: needs a free key to fit at each value; give --free")
    if any(key.key == over.key.key for key in keys):
        raise InputError(f"--free {over.key.text}: is scanned too; free another key")

    def at(value: float) -> list[Measurement]:
        place = Override(tuple(over.key.key.split(".")), value * over.key.unit, f"--scan {over.key.text}={value:g}")
        return [read_measurement(name, [*overrides, place], keys, asimov=asimov) for name in names]

    first = at(over.values[0])
    fits = []
    for number, value in enumerate(over.values):
        found = [_with_value(m, over.key, value) for m in first] if over.key.is_fast else at(value)
        fits.append(fit_measurements(found, keys, levels))
        progress(f"scanning {over.key.text}", (number + 1) / len(over.values))
    return ScanResult(over, tuple(fits))


def _with_value(measurement: Measurement, key: FreeKey, value: float) -> Measurement:
    """Return a measurement with another number of its model."""
    if not key.belongs_to(measurement.data):
        return measurement
    reaction = changed_reaction(measurement.data.reaction, [(key, value * key.unit)])
    return replace(measurement, data=replace(measurement.data, reaction=reaction))
