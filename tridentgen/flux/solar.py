"""Solar neutrinos: all components of the pp chains and the CNO cycle.

pp, hep, 13N, 15O and 17F have the shapes of allowed beta+ decays (`beta_decay`), pep and 7Be are lines, whose thermal
width of some keV is neglected, and 8B is the spectrum measured by Winter et al., Phys. Rev. C 73 (2006)
025503. Fluxes at the mean distance of the Earth: the solar model B16-GS98 (N. Vinyoles et al., Astrophys. J. 835 (2017)
202) for pp, pep, hep and the CNO cycle, the measurement of SNO for 8B (B. Aharmim et al., Phys. Rev. C 88 (2013)
025501), and for 7Be a value within the errors of a global analysis (J. Bergstrom et al., JHEP 03 (2016) 132).
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from types import MappingProxyType

import numpy as np

from tridentgen.errors import InputError, nearest
from tridentgen.flux.base import Flux, require
from tridentgen.flux.beta_decay import beta_energies, neutrino_spectrum
from tridentgen.flux.curve import curve_flux
from tridentgen.flux.kind import NAMES, NUMBER, NUMBERS, TEXT, FluxKind, FluxRequest
from tridentgen.flux.monochromatic import Monochromatic
from tridentgen.flux.probability_table import ProbabilityTable, read_probabilities
from tridentgen.flux.solar_oscillation import MIXING_KEYS, SolarMixing
from tridentgen.flux.source import Component, Source
from tridentgen.flux.tabulated import TabulatedFlux
from tridentgen.matter.nuclei import data_rows
from tridentgen.physics.elementary import Value
from tridentgen.typing import FloatArray

FLUXES: Mapping[str, float] = MappingProxyType(
    {
        "pp": 5.98e10,
        "pep": 1.44e8,
        "7Be-384": 4.84e8,
        "7Be-861": 4.35e9,
        "8B": 5.25e6,
        "hep": 7.98e3,
        "13N": 2.78e8,
        "15O": 2.05e8,
        "17F": 5.29e6,
    }
)
"""Flux of each component in cm^-2 s^-1, summed over flavours."""

OSCILLATIONS = ("none", "lma")

_LINES_GEV = {"pep": 1.442e-3, "7Be-384": 0.3843e-3, "7Be-861": 0.8613e-3}
_BETA_DECAYS = {
    "pp": (0.4203e-3, 1),
    "hep": (18.784e-3, 2),
    "13N": (1.1982e-3, 6),
    "15O": (1.7317e-3, 7),
    "17F": (1.7364e-3, 8),
}
"""Maximum neutrino energy in GeV and charge of the daughter nucleus."""

_UNITS = "cm^-2 s^-1"
_FILE_KEY = "oscillation_file"

_Conversion = SolarMixing | ProbabilityTable | None
"""What gives the shares of the flavours; None: all are nue."""


def solar(
    components: Sequence[str] = tuple(FLUXES),
    fluxes: Sequence[float] | None = None,
    oscillation: str = "none",
    *,
    mixing: SolarMixing | None = None,
    oscillation_file: str | os.PathLike[str] | None = None,
) -> Source:
    """Return the solar neutrinos, per cm^2 and second.

    Parameters
    ----------
    components
        Components to include, of `FLUXES`.
    fluxes
        Their fluxes in cm^-2 s^-1 in the same order, summed over flavours; those of `FLUXES` by default.
    oscillation
        ``"none"``: all arrive as nue, as produced. ``"lma"``: P_ee, P_emu and P_etau of adiabatic conversion at each
        energy, for the day; matter effects in the Earth are not included.
    mixing
        Angles, mass splitting and phase of ``"lma"``; by default those of the Particle Data Group.
    oscillation_file
        Table of probabilities to use instead of ``"lma"``: energy with its unit, P_ee and perhaps P_emu and P_etau.

    Raises
    ------
    InputError
        For a component that is unknown or named twice, a wrong number of fluxes, a flux that is not positive, and an
        unknown oscillation or one given twice.
    FileError
        For a table of probabilities that cannot be used.
    """
    _check(components, fluxes, oscillation)
    if mixing is not None and not isinstance(mixing, SolarMixing):
        raise InputError(f"mixing = {mixing!r} must be made with SolarMixing(...)")
    for key, given, other in (
        ("mixing", mixing, "is for oscillation = 'lma'; give that too, or leave the parameters of mixing out"),
        ("oscillation_file", oscillation_file, "takes the place of oscillation = 'lma'; leave one of them out"),
    ):
        if given is not None and (oscillation == "lma") != (key == "mixing"):
            raise InputError(f"{key} {other}")
    totals = [FLUXES[name] for name in components] if fluxes is None else [float(flux) for flux in fluxes]
    conversion: _Conversion = (mixing or SolarMixing()) if oscillation == "lma" else None
    told = "as made" if conversion is None else "after adiabatic conversion, by day"
    if oscillation_file is not None:
        conversion = read_probabilities(Path(oscillation_file))
        told = f"with the probabilities of {conversion.path.name}, {conversion.split}"
    made: list[Component] = []
    for name, total in zip(components, totals, strict=True):
        made += _line(name, total, conversion) if name in _LINES_GEV else _spectrum(name, total, conversion)
    chosen = "all components" if set(components) == set(FLUXES) else ", ".join(components)
    return Source(tuple(made), f"the Sun, {chosen}, {told}")


def _check(components: Sequence[str], fluxes: Sequence[float] | None, oscillation: str) -> None:
    """Raise `InputError` for arguments that cannot be used."""
    known = ", ".join(FLUXES)
    if not components:
        raise InputError(f"components is empty; name some of {known}")
    for name in components:
        require(name in FLUXES, "components", name, f"is not known{nearest(name, FLUXES)}; known are {known}")
        require(components.count(name) == 1, "components", name, "is named twice; name each component once")
    if fluxes is not None:
        if len(fluxes) != len(components):
            raise InputError(f"fluxes has {len(fluxes)} entries; give one for each of the {len(components)} components")
        for flux in fluxes:
            require(math.isfinite(flux) and flux > 0.0, "fluxes", flux, "must be a positive number per cm^2 and s")
    rule = f"is not known; use {' or '.join(repr(choice) for choice in OSCILLATIONS)}"
    require(oscillation in OSCILLATIONS, "oscillation", oscillation, rule)


def _line(name: str, total: float, conversion: _Conversion) -> list[Component]:
    """Return a line, divided among the flavours."""
    energy = _LINES_GEV[name]
    whole = Monochromatic(energy, total, _UNITS)
    shares = _shares(name, whole, np.float64(energy), conversion)
    return [
        _component(name, nu, Monochromatic(energy, float(share) * total, _UNITS))
        for nu, share in shares.items()
        if share > 0.0
    ]


def _spectrum(name: str, total: float, conversion: _Conversion) -> list[Component]:
    """Return a continuous spectrum, divided among the flavours at each energy."""
    energies, shape = _shape(name)
    whole = curve_flux(energies, shape, total, _UNITS, f"{name} neutrinos of the Sun")
    if conversion is None:
        return [_component(name, "nue", whole)]
    return [
        _component(name, nu, TabulatedFlux(energies, share * whole.values, "linear", _UNITS, whole.description))
        for nu, share in _shares(name, whole, energies, conversion).items()
        if (share * whole.values).any()
    ]


def _shares(name: str, whole: Flux, energy_GeV: Value, conversion: _Conversion) -> dict[str, Value]:
    """Return the shares of the flavours at energies in GeV."""
    if conversion is None:
        return {"nue": np.ones_like(energy_GeV)}
    if isinstance(conversion, ProbabilityTable):
        conversion.require_covers(name, whole)
    return conversion.flavours(name, energy_GeV)


def _component(name: str, neutrino: str, flux: Flux) -> Component:
    return Component(f"{name}-{neutrino}", neutrino, flux)


@cache
def _shape(name: str) -> tuple[FloatArray, FloatArray]:
    """Return energies in GeV and the shape of a continuous spectrum at them."""
    if name == "8B":
        rows = data_rows("boron8_spectrum.csv")
        return np.array([float(r["energy_MeV"]) * 1e-3 for r in rows]), np.array([float(r["per_MeV"]) for r in rows])
    end, daughter_charge = _BETA_DECAYS[name]
    energies = beta_energies(end)
    return energies, neutrino_spectrum(energies, end, daughter_charge, positron=True)


def _build(request: FluxRequest) -> Source:
    options = request.options
    fluxes = request.numbers("fluxes") if "fluxes" in options else None
    if fluxes is not None and "components" not in options:
        raise InputError("fluxes needs flux.components beside it: one flux for each component, in the same order")
    given = {key: request.number(key) for key in MIXING_KEYS if key in options}
    oscillation = options.get("oscillation", "none")
    if given and oscillation == "none":
        raise InputError(f"{next(iter(given))} is for oscillation = 'lma'; give flux.oscillation too, or leave it out")
    return solar(
        tuple(options.get("components", FLUXES)),
        fluxes,
        oscillation,
        mixing=SolarMixing(**given) if given else None,
        oscillation_file=request.path(_FILE_KEY) if _FILE_KEY in options else None,
    )


KIND = FluxKind(
    name="solar",
    keys={
        "components": NAMES,
        "fluxes": NUMBERS,
        "oscillation": TEXT,
        _FILE_KEY: TEXT,
        **dict.fromkeys(MIXING_KEYS, NUMBER),
    },
    required=(),
    build=_build,
    file_keys=(_FILE_KEY,),
)
