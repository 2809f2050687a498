"""Neutrinos from pi+ and mu+ decay at rest: spallation sources and beam dumps.

pi+ -> mu+ nu_mu gives the line E = (m_pi^2 - m_mu^2)/(2 m_pi); mu+ -> e+ nu_e nubar_mu, with the electron mass
neglected and x = 2 E/m_mu, the shapes 12 x^2 (1 - x) for nu_e and 2 x^2 (3 - 2x) for nubar_mu (L. Michel, Proc. Phys.
Soc. A 63 (1950) 514), which are 192 E^2/m^3 (1/2 - E/m) and 64 E^2/m^3 (3/4 - E/m) per unit energy.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from particle import Particle

from tridentgen.errors import InputError, nearest
from tridentgen.flux.base import require
from tridentgen.flux.kind import NAMES, NUMBER, FluxKind, FluxRequest
from tridentgen.flux.monochromatic import Monochromatic
from tridentgen.flux.muon_decay import DecaySpectrum, MichelFlux
from tridentgen.flux.source import Component, Source
from tridentgen.flux.time_profile import MUON_LIFETIME_NS, PION_LIFETIME_NS, TimeProfile
from tridentgen.matter.particles import lepton_mass_GeV

PRODUCTS = ("numu", "nue", "numubar")
"""The prompt neutrino and the two delayed ones."""

SNS_YIELD = 0.0848
"""Neutrinos of each species per proton on the mercury target of the SNS (D. Akimov et al., PRL 129 (2022) 081801)."""

_CM_PER_M = 100.0
_PI_PLUS = 211
_SHAPES = {"nue": (0.0, 0.0, 12.0, 0.0), "numubar": (2.0, 0.0, 4.0, 0.0)}
"""Coefficients of x, v, x z and v z in `DecaySpectrum`, with no detector disk: v = 0."""

_PULSE_KEYS = {"pulse_fwhm_ns": "gaussian", "pulse_width_ns": "box"}
"""Keys of a card for the width of a beam pulse, and the shape each stands for."""


@cache
def pion_line_GeV() -> float:
    """Energy in GeV of the neutrino of pi+ -> mu+ nu_mu at rest."""
    mass_MeV = Particle.from_pdgid(_PI_PLUS).mass
    if mass_MeV is None:
        raise AssertionError("particle knows no mass of the pi+")
    pion, muon = float(mass_MeV) * 1e-3, lepton_mass_GeV("mu")
    return (pion - muon) * (pion + muon) / (2.0 * pion)


@dataclass(frozen=True)
class MuonAtRest(MichelFlux):
    """Neutrinos of one species from mu+ at rest: ``"nue"`` or ``"numubar"``; raises `InputError` for others."""

    neutrino: str
    total: float = 1.0
    total_units: str = ""

    def __post_init__(self) -> None:
        require(self.neutrino in _SHAPES, "neutrino", self.neutrino, "does not come from mu+; use 'nue' or 'numubar'")

    @property
    def description(self) -> str:
        """One line for summaries."""
        return f"{self.neutrino} from mu+ at rest"

    @property
    def energy_min_GeV(self) -> float:
        """Zero."""
        return 0.0

    @property
    def energy_max_GeV(self) -> float:
        """Half the mass of the muon."""
        return 0.5 * lepton_mass_GeV("mu")

    @property
    def _spectrum(self) -> DecaySpectrum:
        return DecaySpectrum(1.0, 0.0, *_SHAPES[self.neutrino])


def stopped_pions(
    distance_m: float,
    per_proton: float = SNS_YIELD,
    *,
    neutrinos: Sequence[str] = PRODUCTS,
    pulse: str = "none",
    pulse_ns: float = 0.0,
    offset_ns: float = 0.0,
) -> Source:
    """Return the prompt and the delayed neutrinos of pi+ stopped in a target, per cm^2 and proton.

    Parameters
    ----------
    distance_m
        Distance from the target, treated as an isotropic point source.
    per_proton
        pi+ stopped per proton: the yield of each of the three species. pi- are captured before they decay.
    neutrinos
        Species to include, of `PRODUCTS`.
    pulse, pulse_ns, offset_ns
        The beam pulse and a constant time offset, see `TimeProfile`.

    Raises
    ------
    InputError
        For numbers that are not positive, and for neutrinos that are not produced.
    """
    rule = "must be a positive length in m"
    require(math.isfinite(distance_m) and distance_m > 0.0, "distance_m", distance_m, rule)
    rule = "must be a positive number of neutrinos per proton"
    require(math.isfinite(per_proton) and per_proton > 0.0, "per_proton", per_proton, rule)
    for neutrino in neutrinos:
        if neutrino not in PRODUCTS:
            made = ", ".join(PRODUCTS)
            raise InputError(
                f"neutrinos: '{neutrino}' is not made by stopped pi+{nearest(neutrino, PRODUCTS)}; choose from {made}"
            )
    total = per_proton / (4.0 * math.pi * (distance_m * _CM_PER_M) ** 2)
    units = "cm^-2 POT^-1"
    prompt = TimeProfile((PION_LIFETIME_NS,), pulse, pulse_ns, offset_ns)
    delayed = TimeProfile((PION_LIFETIME_NS, MUON_LIFETIME_NS), pulse, pulse_ns, offset_ns)
    made_here = (
        Component("prompt-numu", "numu", Monochromatic(pion_line_GeV(), total, units), prompt),
        Component("delayed-nue", "nue", MuonAtRest("nue", total, units), delayed),
        Component("delayed-numubar", "numubar", MuonAtRest("numubar", total, units), delayed),
    )
    kept = tuple(component for component in made_here if component.neutrino in neutrinos)
    return Source(kept, f"pi+ and mu+ decays at rest, {distance_m:g} m away, {per_proton:g} of each kind per proton")


def _build(request: FluxRequest) -> Source:
    options = request.options
    given = [key for key in _PULSE_KEYS if key in options]
    if len(given) > 1:
        raise InputError("pulse_fwhm_ns (a Gaussian) and pulse_width_ns (a box) are both given; give one of the two")
    width = request.number(given[0]) if given else 0.0
    if given:
        require(math.isfinite(width) and width > 0.0, given[0], width, "must be a positive time in ns")
    offset = request.number("time_offset_ns", 0.0)
    require(math.isfinite(offset), "time_offset_ns", offset, "must be a finite time in ns")
    neutrinos = options.get("neutrinos", PRODUCTS)
    if not neutrinos:
        raise InputError(f"neutrinos is empty; name some of {', '.join(PRODUCTS)}, or leave it out")
    return stopped_pions(
        request.number("distance_m"),
        request.number("per_proton", SNS_YIELD),
        neutrinos=neutrinos,
        pulse=_PULSE_KEYS[given[0]] if given else "none",
        pulse_ns=width,
        offset_ns=offset,
    )


KIND = FluxKind(
    name="pion-decay-at-rest",
    keys={
        "distance_m": NUMBER,
        "per_proton": NUMBER,
        "neutrinos": NAMES,
        "pulse_fwhm_ns": NUMBER,
        "pulse_width_ns": NUMBER,
        "time_offset_ns": NUMBER,
    },
    required=("distance_m",),
    build=_build,
)
