"""Events that look like tridents: exact kinematics, roughly the right shapes, no engine needed.

dsigma ~ F^2(Q^2) (1 - Q2_min/Q^2) dQ^2/Q^2 dW^2, the equivalent-photon form of JHEP 01 (2019) 119, with
leptons isotropic in their rest frame. Momenta balance and masses are on shell to rounding.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tridentgen.constants import NEUTRON_MASS_GEV, PROTON_MASS_GEV, SIN2_THETA_W
from tridentgen.events.events import Events
from tridentgen.events.groups import Group
from tridentgen.matter.particles import charged_lepton
from tridentgen.processes.trident.columns import TRIDENT_COLUMNS

FloatArray = NDArray[np.float64]
ARGON_MASS_GEV = 37.2156
TARGET_MASSES_GEV = np.array([ARGON_MASS_GEV, PROTON_MASS_GEV, NEUTRON_MASS_GEV])
SIGMA_CM2 = np.array([1.30e-42, 5.5e-43, 4.0e-44])
C_L, C_R = 1.0 + 2.0 * SIN2_THETA_W, 2.0 * SIN2_THETA_W


def trident_events(
    number: int,
    seed: int = 1,
    *,
    energy_GeV: float | None = 5.0,
    leptons: tuple[str, str] = ("mu-", "mu+"),
    neutrino: str = "numu",
) -> Events:
    """Make `number` events; without an energy, the neutrinos have a broad spectrum."""
    rng = np.random.default_rng(seed)
    m_minus, m_plus = (charged_lepton(name).mass_GeV for name in leptons)
    e_nu = np.full(number, energy_GeV) if energy_GeV else 0.8 + rng.gamma(3.0, 1.5, number)
    regime = rng.choice(3, size=number, p=[0.6, 0.25, 0.15]).astype("i4")
    mass = TARGET_MASSES_GEV[regime]

    s = mass**2 + 2.0 * mass * e_nu
    low, high = 1.0001 * (m_minus + m_plus) ** 2, np.minimum(0.5 * (np.sqrt(s) - mass) ** 2, 1.4 * e_nu)
    w2, weight = _log_uniform(rng, np.full(number, low), high)
    p_out = np.sqrt((s + mass**2 - w2) ** 2 - 4.0 * s * mass**2) / (2.0 * np.sqrt(s))
    q2_max = ((s + mass**2) * (s + mass**2 - w2) / (2.0 * s)) + (s - mass**2) / np.sqrt(s) * p_out - 2.0 * mass**2
    q2_min = mass**2 * w2**2 / (s * q2_max)
    q2, density = _log_uniform(rng, q2_min, np.minimum(q2_max, 2.0))
    size2 = np.where(regime == 0, 95.0, 5.0)  # GeV^-2
    weight = weight * density * w2 * np.exp(-q2 * size2) * (1.0 - q2_min / q2)
    for code in range(3):
        mine = regime == code
        weight[mine] *= SIGMA_CM2[code] / max(float(np.sum(weight[mine])), 1e-300)

    q0 = -q2 / (2.0 * mass)
    q = np.sqrt(q2 + q0**2)
    cosine = (2.0 * e_nu * q0 - w2 - q2) / (2.0 * e_nu * q)
    photon = np.column_stack([q0, q[:, None] * _direction(rng, np.clip(cosine, -1.0, 1.0))])
    beam = np.column_stack([e_nu, 0.0 * e_nu, 0.0 * e_nu, e_nu])
    at_rest = np.column_stack([mass, np.zeros((number, 3))])
    leptons_sum, recoil = beam + photon, at_rest - photon
    w = np.sqrt(w2)
    pair = m_minus + (w - m_plus - m_minus) * rng.uniform(0.2, 1.0, number)
    rest_of_it, plus = _decay(rng, leptons_sum, w, pair, np.full(number, m_plus))
    nu_out, minus = _decay(rng, rest_of_it, pair, np.zeros(number), np.full(number, m_minus))

    parts = rng.dirichlet([4.0, 1.0, 0.5], number) * weight[:, None]
    columns: dict[str, NDArray[Any]] = {
        "event_id": np.arange(number, dtype="u8"),
        "weight": weight,
        "channel": rng.integers(0, 2, number, dtype="i4"),
        "regime": regime,
        "e_nu": e_nu,
        "p4_nu_in": beam,
        "p4_nu_out": nu_out,
        "p4_minus": minus,
        "p4_plus": plus,
        "p4_recoil": recoil,
        "helicity_minus": rng.choice([-1, 1], number).astype("i4"),
        "helicity_plus": rng.choice([-1, 1], number).astype("i4"),
        "m2_ll": _square(minus + plus),
        "delta_theta": _angle(minus, plus),
        "theta_minus": _angle(minus, beam),
        "theta_plus": _angle(plus, beam),
        "q2": q2,
        "w2": w2,
        "q2_nu": 2.0 * e_nu * (nu_out[:, 0] - nu_out[:, 3]),
        "recoil_energy": q2 / (2.0 * mass),
        "weight_ll": parts[:, 0] / C_L**2,
        "weight_rr": parts[:, 1] / C_R**2,
        "weight_lr": parts[:, 2] / (C_L * C_R),
        "weight_t": 0.9 * weight,
        "weight_l": 0.1 * weight,
    }
    attributes: dict[str, Any] = {
        "title": "Dimuon tridents on argon" if leptons == ("mu-", "mu+") else "Tridents on argon",
        "neutrino": neutrino,
        "lepton_minus": leptons[0],
        "lepton_plus": leptons[1],
        "target": "Ar40",
        "regimes": "coherent,diffractive",
        "reaction": "numu Ar40 -> numu mu- mu+ (coherent, diffractive)",
        "flux": f"monochromatic, {energy_GeV:g} GeV" if energy_GeV else "wide-band beam",
        "seed": seed,
        "n_trials": number,
        "sigma": float(np.sum(weight)),
        "sigma_error": float(np.sqrt(np.sum(weight**2))),
        "sigma_units": "cm2",
    }
    grid = {"map": np.linspace(0.0, 1.0, 14).reshape(2, 7)}
    groups = {"sampling/0": Group(grid, {"points": 1000}), "sampling/1": Group(grid, {})}
    return Events(columns, attributes, groups, TRIDENT_COLUMNS)


def _log_uniform(rng: np.random.Generator, low: FloatArray, high: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Draw x evenly in ln x; also return the length of the range, the weight for d ln x."""
    length = np.log(high / low)
    return low * np.exp(length * rng.uniform(1e-9, 1.0, len(low))), length


def _direction(rng: np.random.Generator, cosine: FloatArray) -> FloatArray:
    phi = rng.uniform(0.0, 2.0 * np.pi, len(cosine))
    sine = np.sqrt(1.0 - cosine**2)
    return np.column_stack([sine * np.cos(phi), sine * np.sin(phi), cosine])


def _decay(
    rng: np.random.Generator, parent: FloatArray, mass: FloatArray, m1: FloatArray, m2: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Let `parent` decay isotropically into masses `m1` and `m2`; return both four-momenta."""
    e1 = (mass**2 + m1**2 - m2**2) / (2.0 * mass)
    p = np.sqrt(np.maximum(e1**2 - m1**2, 0.0))
    p1 = p[:, None] * _direction(rng, rng.uniform(-1.0, 1.0, len(mass)))
    energy, momentum = parent[:, 0], parent[:, 1:]
    along = np.sum(p1 * momentum, axis=1)
    boosted_energy = (energy * e1 + along) / mass
    boosted = p1 + momentum * ((along / (energy + mass) + e1) / mass)[:, None]
    first = np.column_stack([boosted_energy, boosted])
    return first, parent - first


def _square(p: FloatArray) -> FloatArray:
    return np.asarray(p[:, 0] ** 2 - np.sum(p[:, 1:] ** 2, axis=1), dtype=np.float64)


def _angle(p: FloatArray, k: FloatArray) -> FloatArray:
    cross = np.linalg.norm(np.cross(p[:, 1:], k[:, 1:]), axis=1)
    return np.asarray(np.arctan2(cross, np.sum(p[:, 1:] * k[:, 1:], axis=1)), dtype=np.float64)
