"""Names of the classes of events: regimes, source components, flavours, nuclides, final states."""

from __future__ import annotations

from tridentgen.matter.nuclei import charge_and_mass_number, element_symbols
from tridentgen.matter.particles import NEUTRINOS

_NEUTRINO_NAMES = {neutrino.pdgid: name for name, neutrino in NEUTRINOS.items()}


def neutrino_name(pdgid: int) -> str:
    """Return ``numubar`` for -14, or the code itself if it is not that of a neutrino."""
    return _NEUTRINO_NAMES.get(pdgid, str(pdgid))


def nuclide_name(pdgid: int) -> str:
    """Return ``Ar40`` for 1000180400 (10LZZZAAAI), ``H1`` for the proton, or the code itself if it is neither."""
    Z, A = charge_and_mass_number(pdgid) or (0, 0)
    if not 0 < Z <= len(element_symbols()):
        return str(pdgid)
    return f"{element_symbols()[Z - 1]}{A}"
