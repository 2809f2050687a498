"""Neutrino-electron scattering on the unit hypercube: neutrino energy, electron energy, and the columns of an event."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, NamedTuple

import numpy as np

from tridentgen.constants import ELECTRON_MASS_GEV, GEV_M2_TO_CM2, MEV_PER_GEV
from tridentgen.engines.process import Column
from tridentgen.matter.particles import Neutrino
from tridentgen.physics import cevns_factors as factors
from tridentgen.physics import cevns_kinematics as kinematics
from tridentgen.physics import dipole_portal, two_body
from tridentgen.physics import neutrino_electron as physics
from tridentgen.physics.elementary import Value, Values, arctan2, exp, log, sincos2pi, total
from tridentgen.processes.dipole import Decay, decay_columns
from tridentgen.processes.neutrino_electron.columns import UPSCATTERING, electron_columns
from tridentgen.processes.neutrino_electron.model import ElectronModel
from tridentgen.processes.neutrino_electron.shells import Atom
from tridentgen.processes.source_channels import OfSource, SourceChannel


@dataclass(frozen=True, eq=False)
class ElectronChannel(SourceChannel):
    """A component of the source.

    Attributes
    ----------
    scale_GeV : float or None
        T + scale is sampled by its logarithm above the smallest T; None for T itself.
    heavy_GeV : float
        Mass of the heavy neutral lepton in the final state of upscattering; 0 for elastic scattering.
    """

    scale_GeV: float | None
    heavy_GeV: float = 0.0

    @property
    def name(self) -> str:
        """Name of the channel in files, such as ``numu`` or ``numu/upscattering``."""
        return f"{self.component.name}{UPSCATTERING}" if self.heavy_GeV > 0.0 else self.component.name


class Parts(NamedTuple):
    """Coefficients of g_L^2, g_R^2 and g_L g_R in the density, in cm^2."""

    ll: Value
    rr: Value
    lr: Value

    def of(self, left: Value, right: Value) -> Value:
        """Return the density of these couplings."""
        return left * left * self.ll + right * right * self.rr + left * right * self.lr


class Point(NamedTuple):
    """Energy of the neutrino in GeV, kinetic energy of the electron, parts of the density, and the density in cm^2."""

    energy: Value
    electron: physics.Kinetic
    parts: Parts
    density: Value


@dataclass(frozen=True, eq=False)
class SampledNeutrinoElectron(OfSource):
    """Scattering of the neutrinos of a source; satisfies `tridentgen.engines.process.Process`.

    Attributes
    ----------
    parts : channels
    signature : str
    model : ElectronModel
    atoms : atoms of the target
    least_GeV : float
        Smallest kinetic energy of the electron.
    """

    parts: tuple[ElectronChannel, ...]
    signature: str
    model: ElectronModel
    atoms: tuple[Atom, ...]
    least_GeV: float

    spares_before_time: ClassVar[int] = 2
    """For the azimuth and the atom."""

    @property
    def decay(self) -> Decay | None:
        """The decay of the heavy neutral lepton, if it decays."""
        return Decay.of(self.model.dipole)

    @property
    def spares(self) -> int:
        """Number of auxiliary random numbers, those of the decay last."""
        return super().spares + (0 if self.decay is None else Decay.spares)

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """Columns of an event."""
        incoming, dipole = [part.neutrino for part in self.parts], self.model.dipole
        outgoing = [
            (each.pdgid, 0.0) if dipole is None or part.heavy_GeV == 0.0 else (dipole.code(each), part.heavy_GeV)
            for each, part in zip(incoming, self.parts, strict=True)
        ]
        columns = electron_columns(
            [each.name for each in incoming], outgoing if any(mass > 0.0 for _, mass in outgoing) else (),
            parts=self.model.is_chiral,
        )  # fmt: skip
        return columns if self.decay is None else (*columns, *decay_columns(self.decay, incoming))

    def point(self, channel: int, x: Values) -> Point:
        """Evaluate energies and densities at `x`."""
        part = self.parts[channel]
        energy, flux_weight = part.energies(x[-1])
        if part.heavy_GeV > 0.0:
            electron = sample_upscattering(energy, x[0], self.least_GeV, part.heavy_GeV)
            parts, density = Parts(0.0, 0.0, 0.0), self.upscattering(energy, electron.kinetic)
        else:
            electron = physics.sample_kinetic(energy, x[0], self.least_GeV, part.scale_GeV)
            parts, density = density_of(self.model, part.neutrino, energy, electron)
        atoms = total(atom.electrons(electron.kinetic) for atom in self.atoms)
        scale = atoms * electron.width * (flux_weight * (part.share * GEV_M2_TO_CM2))
        return Point(energy, electron, Parts(*(scale * each for each in parts)), scale * density)

    def upscattering(self, energy: Value, kinetic: Value) -> Value:
        """Return dsigma/dT of the dipole portal per free electron in GeV^-3, within the limits of T; traceable."""
        dipole = self.model.dipole
        assert dipole is not None
        factor = factors.dipole_spin_half(energy, kinetic, ELECTRON_MASS_GEV, dipole.mass_GeV)
        return dipole.strength * np.maximum(factor, 0.0)

    def integrand(self, channel: int, x: Values) -> Value:
        """Return the density in cm^2."""
        return self.point(channel, x).density

    def event(self, channel: int, x: Values, spare: Values) -> dict[str, Value]:
        """Return the columns of an event; the auxiliary random numbers are for azimuth, atom and time."""
        part = self.parts[channel]
        energy, electron, parts, density = self.point(channel, x)
        sine, cosine = sincos2pi(spare[0])
        if part.heavy_GeV > 0.0:
            momenta, across = upscattered(energy, electron.kinetic, part.heavy_GeV, (cosine, sine))
        else:
            two_m = 2.0 * ELECTRON_MASS_GEV
            q2, fall = two_m * electron.kinetic, two_m * electron.fall
            transfer = two_body.Transfer(q2, q2, fall, q2 + fall)
            momenta = two_body.massless_momenta(energy, transfer, ELECTRON_MASS_GEV, 0.0, (cosine, sine))
            across = two_body.transverse(energy, transfer, ELECTRON_MASS_GEV)
        theta = arctan2(across, momenta.recoil[3])
        columns: dict[str, Value] = {
            "weight": density,
            "channel": channel,
            "flavour": part.neutrino.pdgid,
            "isotope": self._isotope(electron.kinetic, spare[1]),
            "e_nu": energy,
            "electron_energy": electron.kinetic * MEV_PER_GEV,
            "cos_theta": two_body.cosine(momenta.recoil),
            "e_theta2": momenta.recoil[0] * theta * theta,
            "y": electron.kinetic / energy,
            "time": self.time_ns(channel, spare),
            "p4_nu_in": (energy, 0.0, 0.0, energy),
            "p4_nu_out": momenta.lepton,
            "p4_lepton": momenta.recoil,
        }
        if self.model.is_chiral:
            columns |= {f"weight_{name}": value for name, value in parts._asdict().items()}
        if self.decay is not None:
            spin = polarisation(energy, electron.kinetic, part.heavy_GeV)
            drawn = spare[super().spares :]
            columns |= self.decay.columns(momenta.lepton, (cosine, sine), spin, part.neutrino, columns["time"], drawn)
        return columns

    def _isotope(self, kinetic: Value, u: Value) -> Value:
        """Return the code of the atom's nucleus: each nuclide by its share of the electrons that may take part."""
        electrons = [atom.electrons(kinetic) for atom in self.atoms]
        place = u * total(electrons)
        code: Value = self.atoms[-1].nuclide.pdgid
        for last in range(len(self.atoms) - 1, 0, -1):
            code = np.where(place < total(electrons[:last]), self.atoms[last - 1].nuclide.pdgid, code)
        return code


def density_of(
    model: ElectronModel, incoming: Neutrino, energy: Value, electron: physics.Kinetic
) -> tuple[Parts, Value]:
    """Return the parts of dsigma/dT and dsigma/dT per free electron in GeV^-3, never negative; traceable."""
    kinetic, fall = electron.kinetic, electron.fall
    pieces = (physics.radiative if model.radiative else physics.tree)(energy, kinetic, fall)
    ll, rr = (pieces.rr, pieces.ll) if incoming.antiparticle else (pieces.ll, pieces.rr)
    parts = Parts(*(physics.PREFACTOR * each for each in (ll, rr, pieces.lr)))
    found = parts.of(*model.couplings(incoming.flavour, kinetic))
    for left, right in model.flavour_changing(incoming.flavour):
        found = found + parts.of(left, right)
    return parts, np.maximum(found + model.flips(energy, kinetic, fall, incoming.flavour), 0.0)


def sample_upscattering(energy: Value, x: Value, least: float, heavy: float) -> physics.Kinetic:
    """Return the kinetic energy at `x` in (0, 1), uniform in log T between the limits of upscattering above `least`."""
    low, high = kinematics.recoil_limits(energy, ELECTRON_MASS_GEV, heavy)
    low = np.minimum(np.maximum(low, least), high)
    span = log(high / low)
    recoil = low * exp(span * x)
    return physics.Kinetic(recoil, np.maximum(high - recoil, 0.0), recoil * span)


def upscattered(
    energy: Value, kinetic: Value, heavy: float, azimuth: tuple[Value, Value]
) -> tuple[two_body.TwoBodyMomenta, Value]:
    """Return the momenta after upscattering, for the azimuth of N, and their transverse component."""
    cosine, sine = azimuth
    found = kinematics.lab_momenta(energy, kinetic, ELECTRON_MASS_GEV, heavy, (-cosine, -sine))
    across = np.sqrt(kinematics.transverse2(energy, kinetic, ELECTRON_MASS_GEV, heavy))
    return two_body.TwoBodyMomenta(found.neutrino, found.nucleus), across


def polarisation(energy: Value, kinetic: Value, heavy: float) -> dipole_portal.Polarisation:
    """Return the polarisation of N after upscattering of a neutrino on an electron."""
    versine = kinematics.versine_neutrino(energy, kinetic, ELECTRON_MASS_GEV, heavy)
    return dipole_portal.polarisation(energy, kinetic, ELECTRON_MASS_GEV, heavy, versine, 1.0, 1.0)
