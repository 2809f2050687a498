"""Names of what events are sorted by: regimes, source components, flavours, nuclides, final states."""

from __future__ import annotations

from tridentgen.matter.nuclei import element_symbols
from tridentgen.matter.particles import NEUTRINOS

_NEUTRINO_NAMES = {neutrino.pdgid: name for name, neutrino in NEUTRINOS.items()}
_NUCLEUS, _PROTON = 1_000_000_000, 2212


def neutrino_name(pdgid: int) -> str:
    """Return ``numubar`` for -14, or the code itself where it is no neutrino's."""
    return _NEUTRINO_NAMES.get(pdgid, str(pdgid))


def nuclide_name(pdgid: int) -> str:
    """Return ``Ar40`` for 1000180400 (10LZZZAAAI), ``H1`` for the proton, or the code itself where it is neither."""
    if pdgid == _PROTON:
        return "H1"
    Z, A = pdgid // 10_000 % 1000, pdgid // 10 % 1000
    if pdgid // _NUCLEUS != 1 or not 0 < Z <= len(element_symbols()):
        return str(pdgid)
    return f"{element_symbols()[Z - 1]}{A}"
