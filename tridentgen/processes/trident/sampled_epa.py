"""The sampled trident process in the equivalent-photon approximation.

It differs from `SampledTrident` in the photon: its flux, its virtuality for the leptons, and the laboratory momenta.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tridentgen.physics import epa, epa_lab, trident_hadron, trident_lab
from tridentgen.physics.elementary import Value, Values, sincos2pi
from tridentgen.physics.trident_amplitude import Amplitudes, overlap, squares
from tridentgen.physics.trident_hadron import Hadron
from tridentgen.physics.trident_lab import LabMomenta
from tridentgen.physics.trident_phase_space import Transfer, virtuality_limits
from tridentgen.processes.trident.sampled import Channel, Point, SampledTrident, coupling_parts


@dataclass(frozen=True)
class EpaChannel(Channel):
    """A sampling channel: one target with one of the charged leptons as lepton a, and the flux of its photons.

    Attributes
    ----------
    exact : bool
        Whether the flux is the exact h_T, instead of the textbook flux.
    q_max_GeV : float or None
        Cut on Q of the textbook flux; None for the kinematic limit of the target.
    """

    exact: bool
    q_max_GeV: float | None

    def transfer(self, energy: Value, x: Value, y: Value, w_min: Value) -> Transfer:
        """Return Q^2 and shat at two uniform numbers; W of the leptons is sqrt(shat)."""
        mass, scale = self.target.mass_GeV, self.target.q2_scale_GeV2
        if self.exact:
            return epa.exact_transfer(x, y, energy, mass, w_min, scale)
        if self.q_max_GeV is None:
            _, q2_max = virtuality_limits(energy, mass, w_min)
        else:
            q2_max = self.q_max_GeV * self.q_max_GeV
        return epa.textbook_transfer(x, y, energy, mass, w_min, scale, q2_max)

    def photon(self, transfer: Transfer) -> Transfer:
        """Return a real photon of the same shat."""
        return epa.real_photon(transfer)

    def hadron(self, transfer: Transfer, energy: Value) -> Hadron:
        """Return the weights of the contraction; only transverse photons count."""
        hadron = self.target.hadron(transfer, energy)
        return hadron if self.exact else hadron._replace(k2=0.0)


@dataclass(frozen=True)
class SampledEpaTrident(SampledTrident):
    """The approximation of a trident in a flux; satisfies `tridentgen.engines.process.Process`."""

    def integrand(self, channel: int, x: Values) -> Value:
        """Return the density in cm^2."""
        point = self.point(channel, x)
        return point.factor * trident_hadron.transverse_mean(point.total, point.hadron)

    def event(self, channel: int, x: Values, spare: Values) -> dict[str, Value]:
        """Return the columns of an event.

        The auxiliary random numbers `spare` are for the azimuth between leptons and target (uniform: the photons are
        not polarised), the helicities, and the azimuthal rotation about the beam, whose upper half gives the mirror
        images.
        """
        part = self.parts[channel]
        point = self.point(channel, x)
        density = point.factor * trident_hadron.transverse_mean(point.total, point.hadron)
        sin_phi, cos_phi = sincos2pi(spare[0])
        azimuth = cos_phi, sin_phi
        mirror = np.where(spare[2] < 0.5, 1.0, -1.0)
        sin_turn, cos_turn = sincos2pi(2.0 * spare[2])
        mass_a, mass_b = self._masses(part)
        recoil = epa_lab.recoil(point.transfer, point.energy, part.target.mass_GeV)
        frame = epa_lab.basis(recoil, point.state.w * point.state.w, point.energy)
        momenta = epa_lab.lab_momenta(point.state, recoil, frame, mass_a, mass_b, azimuth, (cos_turn, sin_turn), mirror)
        target_plus, target = epa_lab.target_at_rest(frame, point.state.w, azimuth)
        spins = self._spins_of_real_photons(part, point, momenta, target_plus, target, spare[1])
        weights = {"weight": density, "weight_t": density, "weight_l": 0.0 * density}
        couplings = coupling_parts(point, _contractions(point), density, self._swapped(part))
        return weights | couplings | self._observables(part, point, momenta) | spins

    def _spins_of_real_photons(
        self, part: Channel, point: Point, lab: LabMomenta, target_plus: Value, target: tuple[Value, Value], u: Value
    ) -> dict[str, Value]:
        """Draw the helicities in the laboratory, summed over the two helicities of the photon."""
        axis_b, axis_a = self._spin_axes(part, point, lab, target_plus, target)
        plus, minus = (
            squares(trident_lab.to_helicities(spins, axis_b, axis_a)) for spins in (point.total.plus, point.total.minus)
        )
        return self._drawn_helicities(part, [p + m for p, m in zip(plus, minus, strict=True)], u)


def _contractions(point: Point) -> tuple[Value, Value, Value]:
    """Return the contractions of left, right, and left with right amplitudes with transverse photons."""

    def contraction(first: Amplitudes, second: Amplitudes) -> Value:
        return overlap(first.plus, second.plus)[0] + overlap(first.minus, second.minus)[0]

    left, right = point.left, point.right
    return contraction(left, left), contraction(right, right), contraction(left, right)
