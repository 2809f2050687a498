"""Neutrino-electron scattering on the unit hypercube: neutrino energy, electron energy, and the columns of an event."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, NamedTuple

import numpy as np

from tridentgen.constants import ELECTRON_MASS_GEV, GEV_M2_TO_CM2, MEV_PER_GEV
from tridentgen.engines.process import Column
from tridentgen.matter.particles import Neutrino
from tridentgen.physics import neutrino_electron as physics
from tridentgen.physics import two_body
from tridentgen.physics.elementary import Value, Values, arctan2, sincos2pi, total
from tridentgen.processes.neutrino_electron.columns import electron_columns
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
    """

    scale_GeV: float | None


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

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """Columns of an event."""
        return electron_columns([part.component.neutrino for part in self.parts], parts=self.model.is_chiral)

    def point(self, channel: int, x: Values) -> Point:
        """Evaluate energies and densities at `x`."""
        part = self.parts[channel]
        energy, flux_weight = part.energies(x[-1])
        electron = physics.sample_kinetic(energy, x[0], self.least_GeV, part.scale_GeV)
        parts, density = density_of(self.model, part.neutrino, energy, electron)
        atoms = total(atom.electrons(electron.kinetic) for atom in self.atoms)
        scale = atoms * electron.width * (flux_weight * (part.share * GEV_M2_TO_CM2))
        return Point(energy, electron, Parts(*(scale * each for each in parts)), scale * density)

    def integrand(self, channel: int, x: Values) -> Value:
        """Return the density in cm^2."""
        return self.point(channel, x).density

    def event(self, channel: int, x: Values, spare: Values) -> dict[str, Value]:
        """Return the columns of an event; the auxiliary random numbers are for azimuth, atom and time."""
        part = self.parts[channel]
        energy, electron, parts, density = self.point(channel, x)
        sine, cosine = sincos2pi(spare[0])
        two_m = 2.0 * ELECTRON_MASS_GEV
        q2, fall = two_m * electron.kinetic, two_m * electron.fall
        transfer = two_body.Transfer(q2, q2, fall, q2 + fall)
        momenta = two_body.massless_momenta(energy, transfer, ELECTRON_MASS_GEV, 0.0, (cosine, sine))
        theta = arctan2(two_body.transverse(energy, transfer, ELECTRON_MASS_GEV), momenta.recoil[3])
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
