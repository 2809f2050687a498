"""The dipole portal, which several processes share: its parameters, and the decay of the heavy neutral lepton N."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tridentgen.constants import ALPHA, LIGHT_MM_PER_NS, MEV_PER_GEV
from tridentgen.engines.process import Column, Species
from tridentgen.errors import InputError
from tridentgen.events.columns import DECAY_COLUMNS, identified
from tridentgen.events.kinematics import angle
from tridentgen.events.observables import RADIANS_PER_DEGREE, Axis, Observable
from tridentgen.matter.particles import HEAVY_NEUTRAL_LEPTON, PHOTON, Neutrino
from tridentgen.physics import dipole_portal as physics
from tridentgen.physics.cevns_factors import BOHR_MAGNETON2
from tridentgen.physics.dipole_portal import Momentum, Polarisation
from tridentgen.physics.elementary import Value, Values, arctan2
from tridentgen.processes.model_tables import made
from tridentgen.processes.terms import check_mass, check_name, check_number
from tridentgen.toml.tables import FINITE, POSITIVE, Table, boolean, one_of
from tridentgen.typing import FloatArray

DECAYS = ("none", "dirac", "majorana")
REGIMES = ("coherent", "proton", "neutron", "diffractive")
"""Targets of upscattering: the nucleus, its protons or neutrons, or both of these."""

_PARTS: Mapping[str, tuple[str, ...]] = MappingProxyType({"diffractive": ("proton", "neutron")})
_ADDED = ("decay", "regimes", "pauli_blocking", "fermi_momentum_GeV")
_MM_PER_M, _CM_PER_M = 1e3, 1e2
_LARGEST_MU_MUB = 1e10
"""Largest moment, in Bohr magnetons: far beyond any, so that no number overflows."""
_LONGEST_M = 1e30
"""Longest c tau: far beyond the size of the universe, so that no number overflows."""


@dataclass(frozen=True)
class DipolePortal:
    """Upscattering to a heavy neutral lepton N of mass `mass_GeV` by L = (mu/2) Nbar sigma^mn P_L nu F_mn + h.c.

    mu is in Bohr magnetons. Where the literature writes L = d nubar sigma^mn N F_mn, mu = 2d.

    Parameters
    ----------
    mass_GeV, mu_muB : float
    decay : str
        ``none``: N leaves; ``dirac`` or ``majorana``: N -> nu gamma of the same mu, with the width mu^2 m^3/16 pi or
        twice that. Then there are no events but those of upscattering.
    regimes : tuple of str
        Targets in a nucleus: ``coherent``, the nucleus as a whole; ``proton``, ``neutron`` or ``diffractive``, both.
    pauli_blocking : bool
        Pauli blocking of bound nucleons, for A >= 12 or with `fermi_momentum_GeV`.
    fermi_momentum_GeV : float
        0.235 unless given.

    Raises
    ------
    InputError
        For a value out of range, or an N too long-lived for its decay to be computed.
    """

    mass_GeV: float
    mu_muB: float
    decay: str = "none"
    regimes: tuple[str, ...] = ("coherent",)
    pauli_blocking: bool = True
    fermi_momentum_GeV: float | None = None

    def __post_init__(self) -> None:
        check_mass("dipole.mass_GeV", self.mass_GeV)
        check_number("dipole.mu_muB", self.mu_muB)
        if not abs(self.mu_muB) <= _LARGEST_MU_MUB:
            raise InputError(f"dipole.mu_muB = {self.mu_muB:g} must be at most {_LARGEST_MU_MUB:g} Bohr magnetons")
        check_name("dipole.decay", self.decay, DECAYS)
        object.__setattr__(self, "regimes", _checked_regimes(self.regimes))
        momentum = self.fermi_momentum_GeV
        if momentum is not None and not (math.isfinite(momentum) and momentum > 0.0):
            raise InputError(f"dipole.fermi_momentum_GeV = {momentum} must be positive; nuclei have about 0.235")
        if self.decays and not self.mean_path_m < _LONGEST_M:
            raise InputError(
                f"dipole.decay = '{self.decay}': an N of {self.mass_GeV:g} GeV with mu = {self.mu_muB:g} mu_B does not "
                f"decay (c tau above {_LONGEST_M:g} m); give a larger mass or mu, or decay = 'none'"
            )

    @property
    def decays(self) -> bool:
        """Whether N decays."""
        return self.decay != "none"

    @property
    def parts(self) -> tuple[str, ...]:
        """The simple regimes: some of coherent, proton and neutron."""
        return tuple(part for name in self.regimes for part in _PARTS.get(name, (name,)))

    @property
    def strength(self) -> float:
        """The product alpha mu^2 in GeV^-2."""
        return ALPHA * BOHR_MAGNETON2 * self.mu_muB**2

    @property
    def width_GeV(self) -> float:
        """Width of N -> nu gamma, also if N is not made to decay (then of a Dirac N)."""
        moment = math.sqrt(BOHR_MAGNETON2) * abs(self.mu_muB)
        return physics.decay_width(self.mass_GeV, moment, self.decay == "majorana")

    @property
    def mean_path_m(self) -> float:
        """C tau in m."""
        return physics.mean_path_m(self.width_GeV)

    def code(self, incoming: Neutrino) -> int:
        """Return the PDG code of N; that of a Dirac N from an antineutrino, whose decay is to be known, is negative."""
        return -HEAVY_NEUTRAL_LEPTON if self.decay == "dirac" and incoming.antiparticle else HEAVY_NEUTRAL_LEPTON

    def attributes(self) -> dict[str, str | int | float]:
        """Return the root attributes of a file in which N decays."""
        if not self.decays:
            return {}
        return {"decay": self.decay, "decay_width_GeV": self.width_GeV, "decay_ctau_m": self.mean_path_m}


def _checked_regimes(regimes: Sequence[str]) -> tuple[str, ...]:
    """Return regimes as a tuple; raise `InputError` for none, an unknown one, or one that is named twice."""
    names = (regimes,) if isinstance(regimes, str) else tuple(regimes)
    for name in names:
        check_name("dipole.regimes", name, REGIMES)
    parts = [part for name in names for part in _PARTS.get(name, (name,))]
    twice = next((part for part in parts if parts.count(part) > 1), None)
    if twice is not None:
        raise InputError(f"dipole.regimes: '{twice}' is named twice (diffractive is proton and neutron); name it once")
    if not names:
        raise InputError(f"dipole.regimes is empty; give some of {', '.join(REGIMES)}")
    return names


def read_dipole(table: Table, *, on_nuclei: bool) -> DipolePortal | None:
    """Read ``[model.dipole]``; the regimes and what goes with them only where the targets are nuclei."""
    before = table.document.flaws
    given: dict[str, Any] = {
        "mass_GeV": table.need("mass_GeV", FINITE, 0.0),
        "mu_muB": table.need("mu_muB", FINITE, 0.0),
        "decay": table.read("decay", one_of(DECAYS), DipolePortal.decay),
    }
    if on_nuclei:
        given["regimes"] = table.read_list("regimes", one_of(REGIMES), '["coherent", "diffractive"]') or ("coherent",)
        given["pauli_blocking"] = table.read("pauli_blocking", boolean, DipolePortal.pauli_blocking)
        given["fermi_momentum_GeV"] = table.read("fermi_momentum_GeV", POSITIVE, None)
    return made(table, lambda: DipolePortal(**given)) if table.document.flaws == before else None


def without_defaults(model: dict[str, Any]) -> dict[str, Any]:
    """Return the parameters of a model without those of the dipole portal that have their default values.

    Models without these are described as they were before there were such parameters.
    """
    dipole = model.get("dipole")
    if dipole is None:
        return model
    default = {field.name: field.default for field in dataclasses.fields(DipolePortal)}
    kept = {name: value for name, value in dipole.items() if name not in _ADDED or value != default[name]}
    return {**model, "dipole": kept}


@dataclass(frozen=True)
class Decay:
    """The decay N -> nu gamma of sampled events, for the columns `decay_columns`.

    Attributes
    ----------
    mass_GeV : float
    mean_path_m : float
        C tau.
    majorana : bool
        Whether the neutrino of the decay may be an antineutrino for a neutrino, and the reverse. The sum of both is
        isotropic; each of the two is not.
    """

    mass_GeV: float
    mean_path_m: float
    majorana: bool

    spares: ClassVar[int] = 4
    """Auxiliary random numbers: two for the direction of the photon, one each for the path and the neutrino."""

    @classmethod
    def of(cls, dipole: DipolePortal | None) -> Decay | None:
        """Return the decay of a dipole portal; None if there is none."""
        if dipole is None or not dipole.decays:
            return None
        return cls(dipole.mass_GeV, dipole.mean_path_m, dipole.decay == "majorana")

    def columns(
        self, parent: Momentum, azimuth: tuple[Value, Value], spin: Polarisation, incoming: Neutrino, time: Value,
        spare: Values,
    ) -> dict[str, Value]:  # fmt: skip
        """Return the columns of the decay in the laboratory with the beam along z and the interaction at the origin.

        Parameters
        ----------
        parent, azimuth
            Momentum of N in GeV, and (cosine, sine) of its azimuth.
        spin
            Polarisation of an N from a neutrino.
        incoming
            The neutrino that scattered.
        time
            Time of the interaction in ns.
        spare
            `spares` uniform numbers.
        """
        isotropic = Polarisation(0.0 * spin.along, 0.0 * spin.across)
        x, y, z = physics.photon_direction(isotropic if self.majorana else spin, spare[0], spare[1])
        photon, neutrino = physics.daughters(parent, self.mass_GeV, (x, y, z), azimuth)
        code: Value = incoming.pdgid
        if self.majorana:  # from a neutrino (1 - P n)/2 of the decays have a neutrino
            same = spare[3] < 0.5 * (1.0 - spin.across * x - spin.along * z)
            code = np.where(same, incoming.pdgid, -incoming.pdgid)
        energy, px, py, pz = parent
        proper = physics.free_path(spare[2], self.mean_path_m)
        gammas = [component * (1.0 / self.mass_GeV) for component in (px, py, pz)]  # gamma beta
        length = np.sqrt(gammas[0] * gammas[0] + gammas[1] * gammas[1] + gammas[2] * gammas[2])
        proper_ns = proper * (_MM_PER_M / LIGHT_MM_PER_NS)
        _, photon_x, photon_y, photon_z = photon
        return {
            "decay_flavour": code,
            "photon_energy": photon[0] * MEV_PER_GEV,
            "theta_photon": arctan2(np.sqrt(photon_x * photon_x + photon_y * photon_y), photon_z),
            "decay_length": length * self.mean_path_m,
            "proper_time": proper_ns,
            **{f"decay_{axis}": each * (proper * _CM_PER_M) for axis, each in zip("xyz", gammas, strict=True)},
            "decay_time": time + proper_ns * (energy * (1.0 / self.mass_GeV)),
            "p4_photon": photon,
            "p4_nu_decay": neutrino,
        }


def _opening(photon: NDArray[Any], recoil: NDArray[Any]) -> FloatArray:
    return np.asarray(angle(photon, recoil))


def decay_observables(recoil: str) -> tuple[Observable, ...]:
    """Return the observables of decays for cuts; `recoil` is the column with the momentum of what recoils."""
    degree = RADIANS_PER_DEGREE
    return (
        Observable("photon_energy", "MeV"),
        Observable("theta_photon", "deg", degree),
        Observable("opening_angle", "deg", degree, columns=("p4_photon", recoil), value=_opening),
        Observable("decay_length", "m"),
        Observable("proper_time", "ns"),
        Observable("decay_time", "ns", signed=True),
    )


def _in_degrees(values: NDArray[Any]) -> FloatArray:
    return np.asarray(values / RADIANS_PER_DEGREE)


def _in_GeV(values: NDArray[Any]) -> FloatArray:
    return np.asarray(values / MEV_PER_GEV)


DECAY_AXES: tuple[Axis, ...] = tuple(
    Axis(name, name, units, symbol, shown, value, sort="final_state", seen=True)
    for name, units, symbol, shown, value in (
        ("photon_energy", "MeV", r"E_\gamma", "GeV", _in_GeV),
        ("theta_photon", "rad", r"\theta_\gamma", r"$^\circ$", _in_degrees),
        ("decay_length", "m", r"\gamma\beta c\tau", "m", np.asarray),
    )
)
"""Axes of figures of decays, with those in the detector."""


def decay_columns(decay: Decay, incoming: Sequence[Neutrino]) -> tuple[Column, ...]:
    """Return the columns of the decay with the particles of their momenta, for these incoming neutrinos."""
    signs = (1, -1) if decay.majorana else (1,)
    codes = tuple(dict.fromkeys(sign * each.pdgid for each in incoming for sign in signs))
    neutrino = Species(codes, (0.0,) * len(codes), "decay_flavour", codes)
    return identified(DECAY_COLUMNS, {"p4_photon": Species.one(PHOTON, 0.0), "p4_nu_decay": neutrino})
