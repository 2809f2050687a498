"""Transverse and longitudinal parts of a trident: photon-neutrino cross sections, and the fluxes of the photons."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from tridentgen.constants import GEV_M2_TO_CM2, TWO_PI
from tridentgen.errors import InputError
from tridentgen.physics import epa
from tridentgen.physics.photon_neutrino import longitudinal, real_or_virtual, transverse
from tridentgen.physics.trident_amplitude import combined, left_amplitudes, right_amplitudes
from tridentgen.physics.trident_hadron import Hadron
from tridentgen.physics.trident_phase_space import Transfer, lepton_phase_space
from tridentgen.processes.trident.targets import Target
from tridentgen.processes.trident.trident import Trident
from tridentgen.typing import FloatArray

_Nodes = tuple[FloatArray, FloatArray, FloatArray, FloatArray]


@dataclass(frozen=True)
class PhotonNeutrino:
    """The decomposition d2sigma/(dQ^2 dshat) = [h_T sigma_T + h_L sigma_L]/(32 pi^2 shat Q^2) of a trident process.

    All arguments broadcast; Q^2 and shat = 2 p1.q in GeV^2, energies in GeV.

    Parameters
    ----------
    trident : Trident
        Defines flavours and couplings for the cross sections; fluxes require a single kind of target: ``coherent``,
        ``proton`` or ``neutron``.
    nodes : tuple of int
        Nodes of the quadrature in the mass of the pair (nu', l), the propagator, the cosine and the azimuth. The
        default is accurate to 3e-4; e e at high energies is the worst case.
    """

    trident: Trident
    nodes: tuple[int, int, int, int] = (12, 20, 12, 8)

    def sigma_transverse(self, q2: ArrayLike, shat: ArrayLike) -> FloatArray:
        """Return sigma_T in cm^2; at Q^2 = 0 that of a real photon. Zero where W^2 = shat - Q^2 is below threshold."""
        return self.sigmas(q2, shat)[0]

    def sigma_longitudinal(self, q2: ArrayLike, shat: ArrayLike) -> FloatArray:
        """Return sigma_L in cm^2. Zero where W^2 = shat - Q^2 is below threshold, and for real photons."""
        return self.sigmas(q2, shat)[1]

    def h_transverse(self, energy: ArrayLike, q2: ArrayLike, shat: ArrayLike) -> FloatArray:
        """Return h_T on one nucleus or nucleon, zero outside the target's kinematics."""
        return self._flux(energy, q2, shat, epa.transverse_flux)

    def h_longitudinal(self, energy: ArrayLike, q2: ArrayLike, shat: ArrayLike) -> FloatArray:
        """Return h_L on one nucleus or nucleon, zero outside the target's kinematics."""
        return self._flux(energy, q2, shat, epa.longitudinal_flux)

    def dsigma(self, energy: ArrayLike, q2: ArrayLike, shat: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Return the transverse and the longitudinal part of d2sigma/(dQ^2 dshat) in cm^2/GeV^4, per target."""
        per = 1.0 / (8.0 * TWO_PI * TWO_PI * np.asarray(shat) * np.asarray(q2))
        transverse_part, longitudinal_part = self.sigmas(q2, shat)
        return (
            per * self.h_transverse(energy, q2, shat) * transverse_part,
            per * self.h_longitudinal(energy, q2, shat) * longitudinal_part,
        )

    @property
    def _target(self) -> Target:
        if len(self.trident.targets) != 1:
            raise InputError(
                f"regimes {self.trident.regimes} have several kinds of target, each with its own flux; "
                "choose coherent, proton or neutron"
            )
        return self.trident.targets[0]

    def _flux(
        self, energy: ArrayLike, q2: ArrayLike, shat: ArrayLike,
        flux: Callable[[Hadron, Transfer, FloatArray, float], FloatArray],
    ) -> FloatArray:  # fmt: skip
        e, q2, shat = np.broadcast_arrays(*(np.asarray(value, dtype=float) for value in (energy, q2, shat)))
        _require_positive(energy=e, q2=q2, shat=shat)
        mass = self._target.mass_GeV
        c = 2.0 * mass * e / shat
        e_t2 = c * (c - 1.0) * q2 - mass * mass
        allowed = (e_t2 > 0.0) & (c > 1.0)
        transfer = Transfer(q2, np.sqrt(shat), 0.0, 1.0 / shat, np.where(allowed, e_t2, 0.0), 0.0)
        found = flux(self._target.hadron(transfer, e), transfer, e, mass)
        return np.where(allowed, found, 0.0)

    def sigmas(self, q2: ArrayLike, shat: ArrayLike) -> tuple[FloatArray, FloatArray]:
        """Return sigma_T and sigma_L in cm^2, at the cost of one of them."""
        q2, shat = np.broadcast_arrays(np.asarray(q2, dtype=float), np.asarray(shat, dtype=float))
        _require_positive(shat=shat)
        if not np.all(q2 >= 0.0):
            raise InputError("q2 must not be negative")
        x, weights = _nodes(self.nodes)
        found = [self._integrals(float(q), float(s), x, weights) for q, s in zip(q2.ravel(), shat.ravel(), strict=True)]
        both = np.reshape(found, (*q2.shape, 2))
        return both[..., 0], both[..., 1]

    def _integrals(self, q2: float, shat: float, x: _Nodes, weights: FloatArray) -> tuple[float, float]:
        """Integrate over the three leptons, each of the charged ones in turn as lepton a."""
        minus, plus = self.trident.minus.mass_GeV, self.trident.plus.mass_GeV
        w2 = shat - q2
        if w2 <= (minus + plus) ** 2:
            return 0.0, 0.0
        w = math.sqrt(w2)
        transfer = real_or_virtual(q2, w, w - minus - plus)
        total_t = total_l = 0.0
        for plus_leads in (True, False):
            mass_a, mass_b = (plus, minus) if plus_leads else (minus, plus)
            state, volume = lepton_phase_space(*x, transfer, mass_a, mass_b)
            c_left, c_right = self.trident.couplings.chiral(2.0 * state.k * state.n_plus)
            if plus_leads == self.trident.incoming.antiparticle:  # charge conjugation of the lepton line
                c_left, c_right = c_right, c_left
            left, right = left_amplitudes(state, mass_a, mass_b), right_amplitudes(state, mass_a, mass_b)
            amplitudes = combined(left, right, c_left, c_right)
            d_a2, d_b2 = state.d_a * state.d_a, state.d_b * state.d_b
            share = weights * volume * (d_b2 / (d_a2 + d_b2))
            total_t += math.fsum(share * transverse(state, amplitudes))
            total_l += math.fsum(share * longitudinal(state, amplitudes, transfer))
        factor = 0.5 * GEV_M2_TO_CM2 / shat
        return factor * total_t, factor * total_l


def _require_positive(**values: FloatArray) -> None:
    for name, value in values.items():
        if not np.all(value > 0.0):
            raise InputError(f"{name} must be positive")


def _nodes(numbers: tuple[int, int, int, int]) -> tuple[_Nodes, FloatArray]:
    """Return the nodes of a product of quadratures on the unit hypercube, four arrays of shape (N,), and their weights.

    Gauss-Legendre quadrature in the propagator; Gauss-Legendre quadrature after x = u^2 (3 - 2u), which smooths square
    roots and logarithms at the ends, in the pair mass and the cosine; the midpoint rule in the azimuth, in which the
    integrand is periodic.
    """
    pair, propagator, cosine, azimuth = numbers
    axes = [_smooth(*_gauss(pair)), _gauss(propagator), _smooth(*_gauss(cosine))]
    axes.append(((np.arange(azimuth) + 0.5) / azimuth, np.full(azimuth, 1.0 / azimuth)))
    grid = np.meshgrid(*(x for x, _ in axes), indexing="ij")
    weights = np.einsum("i,j,k,l->ijkl", *(w for _, w in axes))
    x_pair, x_propagator, x_cosine, x_azimuth = (x.ravel() for x in grid)
    return (x_pair, x_propagator, x_cosine, x_azimuth), weights.ravel()


def _gauss(n: int) -> tuple[FloatArray, FloatArray]:
    x, weight = np.polynomial.legendre.leggauss(n)
    return 0.5 + 0.5 * x, 0.5 * weight


def _smooth(u: FloatArray, weight: FloatArray) -> tuple[FloatArray, FloatArray]:
    return u * u * (3.0 - 2.0 * u), 6.0 * u * (1.0 - u) * weight
