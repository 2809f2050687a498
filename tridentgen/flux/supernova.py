"""The neutrinos of one core collapse in our galaxy, integrated over the burst.

Each of the six species has a "pinched" spectrum, f(E) ~ (E/<E>)^a exp(-(a + 1) E/<E>) with a = 2 close to thermal
(M. T. Keil, G. G. Raffelt and H.-T. Janka, Astrophys. J. 590 (2003) 971), and carries a sixth of the energy.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from tridentgen.errors import InputError
from tridentgen.flux.base import require
from tridentgen.flux.curve import SEGMENTS, curve_flux, power, with_exact_integrals
from tridentgen.flux.kind import NUMBER, NUMBERS, FluxKind, FluxRequest
from tridentgen.flux.source import Component, Source
from tridentgen.matter.particles import NEUTRINOS
from tridentgen.physics.elementary import exp

ENERGY_ERG = 3e53
"""Total energy of the emitted neutrinos: the binding energy of a neutron star."""

MEAN_ENERGIES_MEV = (12.0, 15.0, 18.0)
"""Of nue, nuebar and each of the other four species (K. Scholberg, Annu. Rev. Nucl. Part. Sci. 62 (2012) 81)."""

PINCHING = (3.0, 3.0, 3.0)
"""Pinching parameters of nue, nuebar and the others: simulations give 2 to 4 for the whole burst."""

CM_PER_KPC = 3.0856775814913673e21
GEV_PER_ERG = 1e-7 / 1.602176634e-10

_REACH = 12.0
"""The spectrum is cut at this multiple of the mean energy, beyond which less than 1e-8 of it remains."""


def supernova(
    distance_kpc: float,
    energy_erg: float = ENERGY_ERG,
    mean_energies_MeV: Sequence[float] = MEAN_ENERGIES_MEV,
    pinching: Sequence[float] = PINCHING,
) -> Source:
    """Return the neutrinos of a core collapse, per cm^2 and burst.

    Parameters
    ----------
    distance_kpc
        Distance to the star.
    energy_erg
        Total energy of the six species; each has a sixth of it.
    mean_energies_MeV, pinching
        Mean energy and the parameter a, of nue, nuebar and each of the other four species.

    Raises
    ------
    InputError
        For numbers out of range, and for lists that do not have three entries.
    """
    for name, value in (("distance_kpc", distance_kpc), ("energy_erg", energy_erg)):
        require(math.isfinite(value) and value > 0.0, name, value, "must be a positive number")
    for name, values, low, high in (
        ("mean_energies_MeV", mean_energies_MeV, 0.1, 1000.0),
        ("pinching", pinching, 1.0, 20.0),
    ):
        if len(values) != len(MEAN_ENERGIES_MEV):
            raise InputError(f"{name} has {len(values)} entries; give three, for nue, nuebar and the others")
        for value in values:
            require(low <= value <= high, name, value, f"must lie between {low:g} and {high:g}")
    area = 4.0 * math.pi * (distance_kpc * CM_PER_KPC) ** 2
    made = []
    for neutrino in NEUTRINOS:
        which = {"nue": 0, "nuebar": 1}.get(neutrino, 2)
        mean = mean_energies_MeV[which] * 1e-3
        x = _REACH * np.linspace(0.0, 1.0, SEGMENTS + 1) ** 2
        shape = power(x, pinching[which]) * exp(-(pinching[which] + 1.0) * x)
        total = energy_erg * GEV_PER_ERG / (6.0 * mean * area)
        text = f"{neutrino} of a supernova, mean {mean_energies_MeV[which]:g} MeV"
        points = with_exact_integrals(x, shape)
        made.append(Component(neutrino, neutrino, curve_flux(x * mean, points, total, "cm^-2", text)))
    return Source(tuple(made), f"a supernova, {energy_erg:g} erg, {distance_kpc:g} kpc away")


def _build(request: FluxRequest) -> Source:
    return supernova(
        request.number("distance_kpc"),
        request.number("energy_erg", ENERGY_ERG),
        request.numbers("mean_energies_MeV", MEAN_ENERGIES_MEV),
        request.numbers("pinching", PINCHING),
    )


KIND = FluxKind(
    name="supernova",
    keys={"distance_kpc": NUMBER, "energy_erg": NUMBER, "mean_energies_MeV": NUMBERS, "pinching": NUMBERS},
    required=("distance_kpc",),
    build=_build,
)
