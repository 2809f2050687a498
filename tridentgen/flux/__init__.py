"""Neutrino sources, analytic and from files."""

from tridentgen.flux.base import EnergyMap, Flux
from tridentgen.flux.files import read_flux
from tridentgen.flux.from_card import FLUX_KEYS, build_flux
from tridentgen.flux.monochromatic import Monochromatic
from tridentgen.flux.muon_decay import MuonDecay
from tridentgen.flux.power_law import PowerLaw
from tridentgen.flux.tabulated import TabulatedFlux

__all__ = [
    "FLUX_KEYS",
    "EnergyMap",
    "Flux",
    "Monochromatic",
    "MuonDecay",
    "PowerLaw",
    "TabulatedFlux",
    "build_flux",
    "read_flux",
]
