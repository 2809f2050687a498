"""Neutrinos and charged leptons by the names used on cards and command lines."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from types import MappingProxyType

from particle import Particle

from tridentgen.errors import InputError, nearest

FLAVOURS = ("e", "mu", "tau")
HEAVY_NEUTRAL_LEPTON = 9900012
"""PDG code of the heavy neutral lepton (HNL) of the dipole portal."""
PHOTON = 22
"""PDG code of the photon."""

DARK_MATTER = 52
"""PDG code of dark matter of spin 1/2 (Monte Carlo particle numbering scheme, Particle Data Group 2024)."""

_LEPTON_PDG = {"e": 11, "mu": 13, "tau": 15}


@dataclass(frozen=True)
class Neutrino:
    """A neutrino or antineutrino of definite flavour."""

    flavour: str
    antiparticle: bool

    @property
    def name(self) -> str:
        """Name on cards: ``nue``, ``numubar``, ..."""
        return f"nu{self.flavour}{'bar' if self.antiparticle else ''}"

    @property
    def pdgid(self) -> int:
        """PDG Monte Carlo code: 12, 14, 16 and their negatives."""
        return (_LEPTON_PDG[self.flavour] + 1) * (-1 if self.antiparticle else 1)


@dataclass(frozen=True)
class ChargedLepton:
    """An electron, muon or tau of definite charge."""

    flavour: str
    charge: int

    @property
    def name(self) -> str:
        """Name on cards: ``e-``, ``mu+``, ..."""
        return f"{self.flavour}{'+' if self.charge > 0 else '-'}"

    @property
    def pdgid(self) -> int:
        """PDG Monte Carlo code: 11, 13, 15 for negative charge, their negatives for positive."""
        return -self.charge * _LEPTON_PDG[self.flavour]

    @property
    def mass_GeV(self) -> float:
        """Mass in GeV from the PDG table that `particle` carries."""
        return lepton_mass_GeV(self.flavour)


@cache
def lepton_mass_GeV(flavour: str) -> float:
    """Mass in GeV of the charged lepton of `flavour` (PDG, through `particle`)."""
    mass_MeV = Particle.from_pdgid(_LEPTON_PDG[flavour]).mass
    if mass_MeV is None:
        raise AssertionError(f"particle knows no mass of the {flavour}")
    return float(mass_MeV) * 1e-3


NEUTRINOS = MappingProxyType({n.name: n for n in (Neutrino(f, a) for a in (False, True) for f in FLAVOURS)})
CHARGED_LEPTONS = MappingProxyType({c.name: c for c in (ChargedLepton(f, q) for f in FLAVOURS for q in (-1, 1))})


def neutrino(name: str) -> Neutrino:
    """Return the neutrino called `name`; raise `InputError` for an unknown name."""
    if name not in NEUTRINOS:
        raise InputError(f"unknown neutrino '{name}'{nearest(name, NEUTRINOS)}; known are {', '.join(NEUTRINOS)}")
    return NEUTRINOS[name]


def charged_lepton(name: str) -> ChargedLepton:
    """Return the charged lepton called `name`; raise `InputError` for an unknown name."""
    if name not in CHARGED_LEPTONS:
        raise InputError(
            f"unknown charged lepton '{name}'{nearest(name, CHARGED_LEPTONS)}; known are {', '.join(CHARGED_LEPTONS)}"
        )
    return CHARGED_LEPTONS[name]
