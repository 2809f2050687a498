"""Bound nucleons as targets, which several processes share: Pauli blocking, and their separation from the nucleus."""

from __future__ import annotations

import math

from tridentgen.constants import FERMI_MOMENTUM_GEV
from tridentgen.errors import InputError
from tridentgen.events.particles import Particle, Place, at_rest
from tridentgen.matter.nuclei import PROTON_PDG, Nuclide, charge_and_mass_number, nucleus_code

_LIGHTEST_BLOCKED = 12


def fermi_momentum(nuclide: Nuclide, blocking: bool, value_GeV: float | None) -> float | None:
    """Return the Fermi momentum in GeV; None if Pauli blocking is off, for H1, or for A < 12 without a given value."""
    if value_GeV is not None and not (math.isfinite(value_GeV) and value_GeV > 0.0):
        raise InputError(f"fermi_momentum_GeV = {value_GeV} must be positive; nuclei have about {FERMI_MOMENTUM_GEV}")
    if not blocking or nuclide.is_hydrogen:
        return None
    if value_GeV is None and nuclide.A < _LIGHTEST_BLOCKED:
        return None
    return FERMI_MOMENTUM_GEV if value_GeV is None else value_GeV


def separated(nucleus: int, nucleus_GeV: float, nucleon: int, nucleon_GeV: float) -> list[Particle]:
    """Return the struck nucleon, at rest and with its free mass, and the remnant of the nucleus: M_A - M_N at rest."""
    rest = nucleus_GeV - nucleon_GeV
    remnant = Particle(Place.REMNANT, remnant_code(nucleus, nucleon), at_rest(rest), rest)
    return [Particle(Place.STRUCK, nucleon, at_rest(nucleon_GeV), nucleon_GeV), remnant]


def remnant_code(nucleus: int, nucleon: int) -> int:
    """Return the code of a nucleus after the loss of a nucleon; for a deuteron, that of the other nucleon."""
    Z, A = charge_and_mass_number(nucleus) or (0, 0)
    return nucleus_code(Z - (nucleon == PROTON_PDG), A - 1)
