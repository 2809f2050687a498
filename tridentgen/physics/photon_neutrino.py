"""Lepton tensor of neutrino scattering on a real or virtual photon, nu gamma* -> nu' l- l+, and its cross sections.

sigma_T = 1/(2 shat) Int dPS3 (T_xx + T_yy)/2 and sigma_L = 1/(2 shat) Int dPS3 (4 Q^2/shat^2) T_pp, shat = 2 p1.q,
with the lepton tensor T for photons polarised along x, y and p1 (Ballett et al., JHEP 01 (2019) 119, section 2).
The photon polarisations are averaged; the neutrino has a single helicity.
"""

from __future__ import annotations

from tridentgen.physics.elementary import Value
from tridentgen.physics.trident_amplitude import Amplitudes, norm2, normalisation
from tridentgen.physics.trident_hadron import LEPTON_FACTOR
from tridentgen.physics.trident_phase_space import LeptonState, Transfer


def real_or_virtual(q2: Value, w: Value, w_excess: Value) -> Transfer:
    """Return a photon of given Q^2 (GeV^2) for three leptons of mass `w`, `w_excess` above the pair's threshold.

    There is no target: `e_t2` and `measure` are zero.
    """
    return Transfer(q2, w, w_excess, 1.0 / (w * w + q2), 0.0, 0.0)


def transverse(state: LeptonState, amplitudes: Amplitudes) -> Value:
    """Return (T_xx + T_yy)/2 in GeV^-2, summed over spins."""
    circular = norm2(amplitudes.plus) + norm2(amplitudes.minus)
    return 0.25 * LEPTON_FACTOR * normalisation(state) * circular


def longitudinal(state: LeptonState, amplitudes: Amplitudes, transfer: Transfer) -> Value:
    """Return (4 Q^2/shat^2) T_pp in GeV^-2, summed over spins."""
    factor = 4.0 * transfer.q2 * (transfer.over_shat * transfer.over_shat)
    return LEPTON_FACTOR * normalisation(state) * (factor * norm2(amplitudes.along))
