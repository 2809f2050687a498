"""Particles of other generators: their PDG codes by name, and which of them are visible in a detector."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from particle import PDGID, Particle

from tridentgen.errors import InputError, nearest
from tridentgen.matter.nuclei import FIRST_NUCLEUS_CODE, NEUTRON_PDG


def pdg_code(name: str) -> int:
    """Return the code of ``pi-``, ``gamma``, ``K(S)0`` or ``-211``; raise `InputError` for an unknown name."""
    try:
        return int(name)
    except ValueError:
        pass
    known = _codes()
    if name not in known:
        raise InputError(f"unknown particle '{name}'{nearest(name, known)}; give a name or a PDG code")
    return known[name]


@cache
def _codes() -> Mapping[str, int]:
    """Return the codes of all particles by name; finding one name in the table takes as long as reading all.

    The proton is also listed as a nucleus of that name: the smaller code is used.
    """
    falling = sorted(Particle.all(), key=lambda particle: -abs(int(particle.pdgid)))
    return MappingProxyType({particle.name: int(particle.pdgid) for particle in falling})


@cache
def is_visible(code: int) -> bool:
    """Return whether a particle is visible: charged, a photon or a hadron, but not a neutron or nucleus.

    Codes above 10^9 are those of nuclei and of bookkeeping entries of generators.
    """
    if abs(code) == NEUTRON_PDG or abs(code) >= FIRST_NUCLEUS_CODE:
        return False
    known = PDGID(code)
    return bool(known.charge) or code == PDGID(22) or bool(known.is_hadron)
