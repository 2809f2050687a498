"""The sampled trident process: sampling channels, integrand and event columns.

There are two sampling channels per target, one for each charged lepton's propagator. Both cover the whole phase space;
the integrand is divided between them by the partition of unity D_b^2 / (D_a^2 + D_b^2), so that each channel contains
only the peak that lies along one of its axes. The lepton named in the channel is lepton a of
`tridentgen.physics.trident_phase_space`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from tridentgen.constants import GEV_M2_TO_CM2, TWO_PI
from tridentgen.engines.process import Column
from tridentgen.flux import EnergyMap
from tridentgen.physics import trident_hadron, trident_lab
from tridentgen.physics.azimuth import draw_azimuth
from tridentgen.physics.elementary import Value, Values, sincos2pi
from tridentgen.physics.trident_amplitude import (
    Amplitudes,
    Complex,
    Spins,
    combined,
    left_amplitudes,
    normalisation,
    overlap,
    right_amplitudes,
    squares,
)
from tridentgen.physics.trident_couplings import Couplings
from tridentgen.physics.trident_hadron import Hadron
from tridentgen.physics.trident_lab import LabMomenta
from tridentgen.physics.trident_phase_space import (
    LeptonState,
    Transfer,
    lepton_phase_space,
    momentum_transfer,
)
from tridentgen.processes.trident.columns import COHERENT, REGIME_NAMES
from tridentgen.processes.trident.targets import Target

_TINY = 1e-300


class Point(NamedTuple):
    """Kinematics and amplitudes at one point of a channel's hypercube; `factor` converts a contraction to cm^2.

    `left` and `right` are the amplitudes with lepton a as the antilepton; if it is not, their couplings `c_left` and
    `c_right` are c_R and c_L instead of c_L and c_R.
    """

    energy: Value
    transfer: Transfer
    state: LeptonState
    left: Amplitudes
    right: Amplitudes
    total: Amplitudes
    c_left: Value
    c_right: Value
    hadron: Hadron
    factor: Value


@dataclass(frozen=True)
class Channel:
    """A sampling channel: one target with one of the charged leptons as lepton a."""

    target: Target
    energies: EnergyMap
    plus_leads: bool

    @property
    def name(self) -> str:
        """Name of the channel in files: regime and leading lepton."""
        return f"{REGIME_NAMES[self.target.regime]}_{'plus' if self.plus_leads else 'minus'}"

    def transfer(self, energy: Value, x: Value, y: Value, w_min: Value) -> Transfer:
        """Return the momentum transfer at two uniform numbers."""
        return momentum_transfer(x, y, energy, self.target.mass_GeV, w_min, self.target.q2_scale_GeV2)

    def photon(self, transfer: Transfer) -> Transfer:
        """Return the momentum transfer to the leptons."""
        return transfer

    def hadron(self, transfer: Transfer, energy: Value) -> Hadron:
        """Return the weights of the contraction."""
        return self.target.hadron(transfer, energy)


@dataclass(frozen=True)
class SampledTrident:
    """A trident process in a flux; satisfies `tridentgen.engines.process.Process`.

    Attributes
    ----------
    couplings : Couplings
        Couplings of the charged-lepton line; for an antineutrino, those of the line conjugate in lepton number.
    antineutrino : bool
        Treated by CP: the roles of l- and l+ are exchanged and helicities reversed.
    mass_minus, mass_plus : float
        Masses of l- and l+ in GeV.
    parts : channels
    flux_dimension : int
        1 if the energy is sampled, else 0.
    signature : str
    columns : tuple of Column
    """

    couplings: Couplings
    antineutrino: bool
    mass_minus: float
    mass_plus: float
    parts: tuple[Channel, ...]
    flux_dimension: int
    signature: str
    columns: tuple[Column, ...]

    @property
    def channels(self) -> tuple[str, ...]:
        """Names of the sampling channels."""
        return tuple(part.name for part in self.parts)

    @property
    def dimensions(self) -> int:
        """Number of integration variables: Q^2, W^2, pair mass, propagator, cosine, azimuth, and a sampled energy."""
        return 6 + self.flux_dimension

    @property
    def spares(self) -> int:
        """Number of auxiliary random numbers: azimuth of the target, helicities, azimuthal rotation about the beam."""
        return 3

    def _swapped(self, part: Channel) -> bool:
        """Whether lepton a is the one with the lepton number of the incoming neutrino."""
        return part.plus_leads == self.antineutrino

    def _masses(self, part: Channel) -> tuple[float, float]:
        """Masses of leptons a and b."""
        plus, minus = self.mass_plus, self.mass_minus
        return (plus, minus) if part.plus_leads else (minus, plus)

    def point(self, channel: int, x: Values) -> Point:
        """Evaluate kinematics, amplitudes and hadron weights at `x`."""
        part = self.parts[channel]
        target = part.target
        mass_a, mass_b = self._masses(part)
        energy, flux_weight = part.energies(x[6] if self.flux_dimension else x[0])
        transfer = part.transfer(energy, x[0], x[1], mass_a + mass_b)
        state, volume = lepton_phase_space(x[2], x[3], x[4], x[5], part.photon(transfer), mass_a, mass_b)
        left, right = left_amplitudes(state, mass_a, mass_b), right_amplitudes(state, mass_a, mass_b)
        c_left, c_right = self.couplings.chiral(2.0 * state.k * state.n_plus)
        if self._swapped(part):  # charge conjugation of the lepton line
            c_left, c_right = c_right, c_left
        total = combined(left, right, c_left, c_right)
        hadron = part.hadron(transfer, energy)
        d_a2, d_b2 = state.d_a * state.d_a, state.d_b * state.d_b
        flow = 2.0 * target.mass_GeV * energy  # S - M^2
        constant = GEV_M2_TO_CM2 * trident_hadron.LEPTON_FACTOR * target.count / (8.0 * TWO_PI * TWO_PI)
        factor = (
            (constant * flux_weight / (flow * flow))
            * (d_b2 / (d_a2 + d_b2))
            * transfer.measure
            * (volume * normalisation(state))
        )
        return Point(energy, transfer, state, left, right, total, c_left, c_right, hadron, factor)

    def integrand(self, channel: int, x: Values) -> Value:
        """Return the density in cm^2, averaged over the azimuth between leptons and target."""
        point = self.point(channel, x)
        return point.factor * trident_hadron.azimuthal_mean(point.total, point.hadron)

    def event(self, channel: int, x: Values, spare: Values) -> dict[str, Value]:
        """Return the columns of an event.

        The auxiliary random numbers `spare` are for the azimuth between leptons and target, the helicities, and the
        azimuthal rotation about the beam; the upper half of the last gives the mirror images (negative b_y), which are
        equally likely.
        """
        part = self.parts[channel]
        point = self.point(channel, x)
        e_t = np.sqrt(point.transfer.e_t2)
        series = trident_hadron.azimuthal_series(point.total, point.hadron, e_t)
        sin_phi, cos_phi = sincos2pi(draw_azimuth(series, spare[0]))
        at_phi = tuple(
            trident_hadron.at_azimuth(amplitudes, point.hadron, e_t, cos_phi, sin_phi)
            for amplitudes in (point.left, point.right, point.total)
        )
        density = point.factor * series.mean
        mirror = np.where(spare[2] < 0.5, 1.0, -1.0)
        sin_turn, cos_turn = sincos2pi(2.0 * spare[2])
        mass_a, mass_b = self._masses(part)
        momenta = trident_lab.lab_momenta(
            point.state, point.transfer, point.energy, part.target.mass_GeV, mass_a, mass_b,
            azimuth=(cos_phi, sin_phi), turn=(cos_turn, sin_turn), mirror=mirror,
        )  # fmt: skip
        spins = self._helicities(part, point, at_phi[2], (e_t, cos_phi, sin_phi), momenta, spare[1])
        photons = {
            "weight_t": point.factor * trident_hadron.transverse_mean(point.total, point.hadron),
            "weight_l": point.factor * trident_hadron.longitudinal_mean(point.total, point.hadron),
        }
        couplings = coupling_parts(point, _contractions(point, at_phi), density, self._swapped(part))
        return {"weight": density} | photons | couplings | self._observables(part, point, momenta) | spins

    def _helicities(
        self, part: Channel, point: Point, at_phi: Spins, azimuth: tuple[Value, Value, Value], lab: LabMomenta, u: Value
    ) -> dict[str, Value]:
        """Draw the helicities in the laboratory, with their probabilities at the event's azimuth."""
        hadron, transverse = point.hadron, azimuth[0] * (1.0 / part.target.mass_GeV)
        target_plus, target = point.energy / point.state.k, (transverse * azimuth[1], transverse * azimuth[2])
        axis_b, axis_a = self._spin_axes(part, point, lab, target_plus, target)
        if part.target.regime == COHERENT:
            shares = squares(trident_lab.to_helicities(at_phi, axis_b, axis_a))
        else:
            turned = Amplitudes(*(trident_lab.to_helicities(spins, axis_b, axis_a) for spins in point.total))
            electric = squares(trident_hadron.at_azimuth(turned, hadron, *azimuth))
            magnetic = zip(*(squares(spins) for spins in turned), strict=True)
            shares = [
                np.maximum(hadron.k1 * e + trident_hadron.magnetic_part(hadron, point.transfer, *three), 0.0)
                for e, three in zip(electric, magnetic, strict=True)
            ]
        return self._drawn_helicities(part, shares, u)

    def _spin_axes(
        self, part: Channel, point: Point, lab: LabMomenta, target_plus: Value, target: Complex
    ) -> tuple[trident_lab.Axis, trident_lab.Axis]:
        """Return the axes of laboratory helicity of leptons b and a; the target's four-velocity is in the K frame."""
        mass_a, mass_b = self._masses(part)
        state = point.state
        return (
            trident_lab.helicity_axis(lab.lepton_b, mass_b, state.b_plus, (state.b_x, state.b_y), target_plus, target),
            trident_lab.helicity_axis(lab.lepton_a, mass_a, state.a_plus, (state.a_t, 0.0), target_plus, target),
        )

    def _drawn_helicities(self, part: Channel, shares: list[Value], u: Value) -> dict[str, Value]:
        """Draw the helicities of leptons b and a by the uniform number `u`, given the shares of ++, +-, -+ and --."""
        both, b_only, a_only, neither = shares
        drawn = u * (both + b_only + a_only + neither)
        b_positive = drawn < both + b_only
        a_positive = (drawn < both) | ((drawn >= both + b_only) & (drawn < both + b_only + a_only))
        sign = -1 if self.antineutrino else 1
        a, b = np.where(a_positive, sign, -sign), np.where(b_positive, sign, -sign)
        plus, minus = (a, b) if part.plus_leads else (b, a)
        return {"helicity_minus": minus, "helicity_plus": plus}

    def _observables(self, part: Channel, point: Point, lab: LabMomenta) -> dict[str, Value]:
        mass_a, mass_b = self._masses(part)
        zero = 0.0 * point.factor
        energy, q2 = point.energy + zero, point.transfer.q2
        leptons = [(p, trident_lab.polar_angle(p)) for p in (lab.lepton_a, lab.lepton_b)]
        (plus, theta_plus), (minus, theta_minus) = leptons if part.plus_leads else reversed(leptons)
        return {
            "channel": 0 if part.plus_leads else 1,
            "regime": part.target.regime,
            "e_nu": energy,
            "p4_nu_in": (energy, zero, zero, energy),
            "p4_nu_out": lab.neutrino,
            "p4_minus": minus,
            "p4_plus": plus,
            "p4_recoil": lab.recoil,
            "m2_ll": trident_lab.pair_mass2(point.state, mass_a, mass_b),
            "delta_theta": trident_lab.opening_angle(lab.lepton_a, lab.lepton_b),
            "theta_minus": theta_minus,
            "theta_plus": theta_plus,
            "q2": q2,
            "w2": point.transfer.w * point.transfer.w,
            "q2_nu": 2.0 * point.state.k * point.state.n_plus,
            "recoil_energy": 0.5 * q2 / part.target.mass_GeV,
        }


def _contractions(point: Point, at_phi: tuple[Spins, ...]) -> tuple[Value, Value, Value]:
    """Return the contractions of left, right, and left with right amplitudes at the event's azimuth."""

    def contraction(first: int, second: int) -> Value:
        amplitudes = (point.left, point.right)
        products = (overlap(u, v)[0] for u, v in zip(amplitudes[first], amplitudes[second], strict=True))
        plus, minus, along = products
        magnetic = trident_hadron.magnetic_part(point.hadron, point.transfer, plus, minus, along)
        return point.hadron.k1 * overlap(at_phi[first], at_phi[second])[0] + magnetic

    return contraction(0, 0), contraction(1, 1), contraction(0, 1)


def coupling_parts(
    point: Point, contractions: tuple[Value, Value, Value], density: Value, swapped: bool
) -> dict[str, Value]:
    """Return the parts of the weight proportional to c_L^2, c_R^2 and c_L c_R.

    `contractions` are those of left, right, and left with right amplitudes, up to a common factor.
    """
    left2, right2 = np.maximum(contractions[0], 0.0), np.maximum(contractions[1], 0.0)
    mixed = 2.0 * contractions[2]
    c_left, c_right = point.c_left, point.c_right
    total = c_left * c_left * left2 + c_right * c_right * right2 + c_left * c_right * mixed
    per_unit = density / np.maximum(total, _TINY)
    of_left, of_right = per_unit * left2, per_unit * right2
    ll, rr = (of_right, of_left) if swapped else (of_left, of_right)
    return {"weight_ll": ll, "weight_rr": rr, "weight_lr": per_unit * mixed}
