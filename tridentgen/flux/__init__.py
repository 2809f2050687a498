"""Neutrino sources, from analytic spectra and files, and the dark matter of the halo."""

from tridentgen.flux.atmospheric import atmospheric
from tridentgen.flux.base import EnergyMap, Flux
from tridentgen.flux.dark_matter import Halo
from tridentgen.flux.diffuse_supernova import diffuse_supernovae
from tridentgen.flux.facility import facility_flux
from tridentgen.flux.files import read_flux
from tridentgen.flux.from_card import build_flux, build_halo, build_source, has_one_neutrino
from tridentgen.flux.halo import halo
from tridentgen.flux.kind import FluxKind
from tridentgen.flux.monochromatic import Monochromatic
from tridentgen.flux.muon_decay import MuonDecay
from tridentgen.flux.power_law import PowerLaw
from tridentgen.flux.reactor import reactor
from tridentgen.flux.solar import solar
from tridentgen.flux.solar_oscillation import SolarMixing
from tridentgen.flux.source import DARK_MATTER, NEUTRINOS, Beam, Component, Neutrinos, Source
from tridentgen.flux.stopped_pion import MuonAtRest, stopped_pions
from tridentgen.flux.supernova import supernova
from tridentgen.flux.tabulated import TabulatedFlux
from tridentgen.flux.tabulated_profile import TabulatedProfile
from tridentgen.flux.time_profile import TimeProfile

__all__ = [
    "DARK_MATTER",
    "NEUTRINOS",
    "Beam",
    "Component",
    "EnergyMap",
    "Flux",
    "FluxKind",
    "Halo",
    "Monochromatic",
    "MuonAtRest",
    "MuonDecay",
    "Neutrinos",
    "PowerLaw",
    "SolarMixing",
    "Source",
    "TabulatedFlux",
    "TabulatedProfile",
    "TimeProfile",
    "atmospheric",
    "build_flux",
    "build_halo",
    "build_source",
    "diffuse_supernovae",
    "facility_flux",
    "halo",
    "has_one_neutrino",
    "reactor",
    "read_flux",
    "solar",
    "stopped_pions",
    "supernova",
]
