"""Bursts of the supernova models of snewpy (S. BenZvi et al., Astrophys. J. 925 (2022) 107)."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tridentgen.errors import InputError, TridentgenError
from tridentgen.flux.burst import Burst
from tridentgen.typing import FloatArray

SPECIES = {
    "NU_E": ("nue",),
    "NU_MU": ("numu",),
    "NU_TAU": ("nutau",),
    "NU_X": ("numu", "nutau"),
    "NU_E_BAR": ("nuebar",),
    "NU_MU_BAR": ("numubar",),
    "NU_TAU_BAR": ("nutaubar",),
    "NU_X_BAR": ("numubar", "nutaubar"),
}
"""Neutrinos by the names of snewpy's flavours; NU_X is the flux of one of the two."""

ORDER = tuple(dict.fromkeys(name for names in SPECIES.values() for name in names))
"""Neutrinos in the order of sources."""

_DEFAULT_MEV = np.linspace(0.0, 100.0, 501)
"""Those of the tables that snewpy writes."""

_MOST_LOST = 1e-3
"""Share of a neutrino that may lie above the last energy, extrapolated."""

_FEWEST = 4
"""Least number of energies over which a spectrum must extend."""

_ROUNDING = 1e-9
"""Negative flux, of the largest, that interpolation in a model may leave."""


def model_burst(model: Any, distance_kpc: Any, transformation: Any, times: Any, energies: Any) -> Burst:
    """Return the burst of a model; the arguments are those of `tridentgen.Source.from_snewpy`."""
    try:
        from astropy import units
        from snewpy.neutrino import Flavor
    except ImportError as error:
        missing = (error.name or "snewpy").partition(".")[0]
        raise TridentgenError(f'models of snewpy need {missing}: pip install "tridentgen[snewpy]"') from error
    if not hasattr(model, "get_flux") or not hasattr(model, "get_time") or isinstance(model, type):
        raise InputError(
            f"model = {_short(model)} is no model of snewpy; make one, as snewpy.models.ccsn.Nakazato_2013(...)"
        )
    if isinstance(transformation, (str, type)):
        raise InputError(
            f"transformation = {_short(transformation)} is no flavour transformation of snewpy; make one, as "
            "snewpy.flavor_transformation.AdiabaticMSW()"
        )
    distance = _numbers(units, distance_kpc, "kpc", "distance_kpc")
    if distance.shape != () or not (math.isfinite(distance) and distance > 0.0):
        raise InputError(f"distance_kpc = {_short(distance_kpc)} must be a positive number of kpc")
    times_s = _times(units, model, times)
    grid = _DEFAULT_MEV if energies is None else _grid(units, energies, "MeV", "energies")
    if grid[0] < 0.0:
        raise InputError(f"energies begin at {grid[0]:g} MeV; let them begin at 0 or above")
    given = {} if transformation is None else {"flavor_xform": transformation}
    try:
        flux = model.get_flux(times_s * units.s, grid * units.MeV, float(distance) * units.kpc, **given)
        array = np.asarray(flux.array.to_value("1/(cm2 s GeV)"), dtype=np.float64)
        names = [getattr(flavour, "name", None) or Flavor(int(flavour)).name for flavour in flux.flavor]
    except Exception as error:  # whatever a model of somebody else raises
        first = str(error).strip().split("\n")[0]
        raise InputError(f"snewpy's {_name(model)} gives no flux: {type(error).__name__}: {first}") from error
    if array.shape != (len(names), len(times_s), len(grid)):
        raise InputError(f"snewpy's {_name(model)} gives a flux of shape {array.shape} for {len(names)} flavours, "
                         f"{len(times_s)} times and {len(grid)} energies")  # fmt: skip
    found = {
        neutrino: _checked(values, f"{name} of snewpy's {_name(model)}")
        for name, values in zip(names, array, strict=True)
        for neutrino in SPECIES.get(name, ())
    }
    label = f"snewpy's {_name(model)}, {float(distance):g} kpc away, {_name(transformation) or 'NoTransformation'}"
    burst = Burst(times_s, grid * 1e-3, {name: found[name] for name in ORDER if name in found}, label)
    _question_energies(burst, at_end=energies is None)
    return burst


def _times(units: Any, model: Any, times: Any) -> FloatArray:
    """Return the times in s: those of the model, those within a window of two, or those given."""
    own = np.unique(_numbers(units, model.get_time(), "s", f"times of snewpy's {_name(model)}"))
    own = own[np.isfinite(own)]
    if len(own) < 2:
        raise InputError(f"snewpy's {_name(model)} has {len(own)} times; two or more are needed for an integral")
    if times is None:
        return own
    given = _grid(units, times, "s", "times")
    span = own[-1] - own[0]
    if given[0] < own[0] - 1e-9 * span or given[-1] > own[-1] + 1e-9 * span:
        raise InputError(
            f"times are from {given[0]:g} to {given[-1]:g} s, and snewpy's {_name(model)} is known from {own[0]:g} to "
            f"{own[-1]:g} s; give times within these"
        )
    if len(given) > 2:
        return given
    return np.unique(np.concatenate([given, own[(own > given[0]) & (own < given[1])]]))


def _grid(units: Any, values: Any, unit: str, name: str) -> FloatArray:
    """Return increasing numbers in a unit."""
    numbers = _numbers(units, values, unit, name)
    if numbers.ndim != 1 or len(numbers) < 2:
        raise InputError(f"{name} must be a list of two or more numbers in {unit}, or of a quantity of astropy")
    if not (np.isfinite(numbers).all() and (np.diff(numbers) > 0.0).all()):
        raise InputError(f"{name} must be finite and increase; sort them and drop repeats")
    return numbers


def _numbers(units: Any, values: Any, unit: str, name: str) -> FloatArray:
    """Return numbers, or a quantity of astropy, in a unit."""
    try:
        return np.asarray(units.Quantity(values, unit).value, dtype=np.float64)
    except (TypeError, ValueError, units.UnitsError) as error:
        raise InputError(f"{name} = {_short(values)} must be in {unit} ({error})") from error


def _checked(values: FloatArray, what: str) -> FloatArray:
    """Return fluxes without the rounding below zero; raise `InputError` for what is no flux."""
    if not np.isfinite(values).all():
        raise InputError(f"{what} is not finite at some times and energies; give times and energies where it is")
    if values.min() < -_ROUNDING * max(values.max(), 0.0):
        raise InputError(f"{what} is negative at some times and energies; give times and energies where it is not")
    return np.maximum(values, 0.0)


def _question_energies(burst: Burst, *, at_end: bool) -> None:
    """Raise `InputError` for energies too far apart for a spectrum, and `at_end` where they end too early for it.

    What is lost beyond the last energy follows from the fall between the last two, taken as exponential.
    """
    for part in burst.parts():
        flux, energies = part.flux.values, part.flux.energies_GeV
        share = flux * np.gradient(energies)
        if np.sum(share) ** 2 < _FEWEST * np.sum(share * share):
            raise InputError(
                f"energies are too far apart for {part.name} of {burst.label}: fewer than {_FEWEST} of them hold its "
                "spectrum; give more, and in MeV"
            )
        before, last = flux[-2:]
        lost = last * (energies[-1] - energies[-2]) / math.log(before / last) if before > last > 0.0 else last
        if at_end and lost > _MOST_LOST * part.flux.total:
            raise InputError(
                f"about {lost / part.flux.total:.1%} of {part.name} of {burst.label} are above {1e3 * energies[-1]:g} "
                "MeV; give energies that reach further, such as energies = numpy.linspace(0, 300, 1501) in MeV"
            )


def _name(thing: Any) -> str:
    return "" if thing is None else type(thing).__name__


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
