"""Inverse muon decay, nu_l e- -> l- nue and nuebar e- -> l- nubar_l for l = mu or tau, on free electrons at rest.

With particle 3 the outgoing neutrino and particle 4 the charged lepton of `two_body`, the gap is m_l - m_e, and the
only quantities needed are E, E - E_thr and the energy E3 of the outgoing neutrino: s - m_e^2 = 2 m_e E, s - m_l^2 =
2 m_e (E - E_thr), m_e^2 - t' = 2 m_e E3 and m_l^2 - t' = 2 m_e (E_thr + E3), where t' = (p_e - p3)^2.
"""

from __future__ import annotations

import math

from tridentgen.constants import G_FERMI
from tridentgen.physics.elementary import Value


def dsigma_dq2(energy: Value, above: Value, left: Value, threshold: float, *, antineutrino: bool) -> Value:
    """Return dsigma/dQ^2 = dsigma/dt' in GeV^-4 at tree level, with the W propagator contracted to G_F.

    Neutrinos: G_F^2 (s - m_l^2)/(pi (s - m_e^2)), flat; antineutrinos: G_F^2 (m_l^2 - t')(m_e^2 - t')/(pi (s -
    m_e^2)^2). C. Giunti and C. Kim, Fundamentals of Neutrino Physics and Astrophysics, sec. 5.1.

    Parameters
    ----------
    energy, above, threshold
        E, E - E_thr and E_thr in GeV.
    left
        Energy of the outgoing neutrino in GeV.
    """
    scale = G_FERMI * G_FERMI / math.pi
    if antineutrino:
        return scale * (left / energy) * ((threshold + left) / energy)
    return scale * (above / energy)
