"""|M|^2 of the package against traces of explicit Dirac matrices with the full hadron tensor."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.physics import frames
from tests.physics.sampled_events import hadron_tensor
from tests.reference import dirac
from tests.reference.dirac import Momenta, dot
from tridentgen.constants import G_FERMI
from tridentgen.flux import Monochromatic
from tridentgen.physics import trident_hadron
from tridentgen.physics.azimuth import azimuth_density
from tridentgen.physics.trident_amplitude import normalisation
from tridentgen.physics.trident_couplings import ZPrime
from tridentgen.processes.trident.trident import Trident

Array = NDArray[np.float64]

CHANNELS = {
    "numu mu- mu+": (5.0, 1.0),
    "numu e- e+": (2.0, 30.0),
    "numu mu- e+": (5.0, 1.0),
    "nue e- mu+": (3.0, 20.0),
    "nutau tau- tau+": (60.0, 300.0),
    "numubar e- mu+": (5.0, 1.0),
}
"""Channels with neutrino energies in GeV; numubar makes mu+ e-, the CP image of numu to mu- e+."""

REGIMES = ("coherent", "proton", "neutron")
EVERY = [
    pytest.param(channel, regime, marks=[] if channel in ("numu mu- mu+", "numubar e- mu+") else [pytest.mark.slow])
    for channel in CHANNELS
    for regime in REGIMES
]
"""Every channel, though at fewer momenta, is in `tests.processes.test_trident_against_vegas` too."""
POINTS = 10_000

GENERIC = (0.37, -0.82)


def process(channel: str, regime: str) -> Trident:
    neutrino, minus, plus = channel.split()
    return Trident(neutrino, minus, plus, "Ar40", regime)


@lru_cache(maxsize=4)
def momenta(channel: str, regime: str, count: int) -> Momenta:
    """Random momenta, half of them at each of the channel's energies, in random frames."""
    p = process(channel, regime)
    rng = np.random.default_rng(41)
    halves = [
        dirac.random_momenta(
            rng, count // 2, energy_GeV=energy, M=p.targets[0].mass_GeV,
            m_minus=p.minus.mass_GeV, m_plus=p.plus.mass_GeV, Q2_over_W2=(1e-3, 1.0),
        )
        for energy in CHANNELS[channel]
    ]  # fmt: skip
    return Momenta(*(np.concatenate(pair) for pair in zip(*halves, strict=True)))


def reference(p: Trident, m: Momenta, V: float, A: float) -> dirac.LongReal:
    return dirac.msq(
        *m, V=V, A=A, hadron_tensor=hadron_tensor(p, m), antineutrino=p.incoming.antiparticle,
        m_minus=p.minus.mass_GeV, m_plus=p.plus.mass_GeV,
    )  # fmt: skip


def of_package(p: Trident, m: Momenta) -> Array:
    return p.matrix_element_squared(*(np.asarray(v, dtype=float) for v in m))


@pytest.mark.parametrize(("channel", "regime"), EVERY)
def test_matrix_element_squared(channel: str, regime: str) -> None:
    """Given momenta carry rounding errors of their own.

    The cancellation in Q^2 enlarges them by W^2/Q^2, and the slope of the nucleus's form factor once more.
    """
    p = process(channel, regime)
    m = momenta(channel, regime, POINTS)
    off = np.abs(of_package(p, m) / reference(p, m, p.couplings.vector, p.couplings.axial) - 1)
    assert np.median(off) < (3e-13 if regime == "coherent" else 3e-14)
    assert np.quantile(off, 0.9) < 1e-11


@pytest.mark.parametrize(("vector", "axial"), [(1.0, 1.0), (1.0, -1.0), (1.0, 0.0), GENERIC])
@pytest.mark.parametrize("channel", ["numu mu- mu+", "numu mu- e+", "numubar e- mu+"])
def test_chiral_pieces(channel: str, vector: float, axial: float) -> None:
    """(1, 1) is c_L alone, (1, -1) c_R alone; the others hold the interference."""
    p = process(channel, "proton").with_couplings(vector=vector, axial=axial)
    m = momenta(channel, "proton", 600)
    off = np.abs(of_package(p, m) / reference(p, m, vector, axial) - 1)
    assert np.median(off) < 1e-13
    assert np.quantile(off, 0.9) < 1e-11


@pytest.mark.parametrize("channel", ["numu e- e+", "numubar e- mu+"])
def test_is_quadratic_in_the_chiral_couplings(channel: str) -> None:
    p = process(channel, "coherent")
    m = momenta(channel, "coherent", 600)
    ll, rr, both, generic = (
        of_package(p.with_couplings(vector=vector, axial=axial), m)
        for vector, axial in ((0.5, 0.5), (0.5, -0.5), (1.0, 0.0), GENERIC)
    )
    c_l, c_r = GENERIC[0] + GENERIC[1], GENERIC[0] - GENERIC[1]
    np.testing.assert_allclose(
        c_l**2 * ll + c_r**2 * rr + c_l * c_r * (both - ll - rr), generic, rtol=1e-11, atol=1e-13 * ll.max()
    )
    # the interference is proportional to both masses: small, of either sign, and there
    assert 0.0 < np.median(np.abs(both / (ll + rr) - 1)) < 0.5


@pytest.mark.parametrize("regime", REGIMES)
def test_does_not_depend_on_the_frame(regime: str) -> None:
    p = process("numu mu- mu+", regime)
    m = momenta("numu mu- mu+", regime, 1000)
    values = of_package(p, m)
    for velocity in ((0.3, -0.5, 0.8), (0.0, 0.0, -1.5)):
        u = np.tile(np.array(velocity, dtype=np.longdouble), (len(m.P), 1))
        moved = Momenta(*(dirac._boost(np.asarray(v, dtype=np.longdouble), u, 1.0) for v in m))
        assert np.median(np.abs(of_package(p, moved) / values - 1)) < 1e-12
    turned = Momenta(*(v[:, [0, 2, 3, 1]] for v in m))
    assert np.median(np.abs(of_package(p, turned) / values - 1)) < 1e-12
    mirrored = Momenta(*(v * np.array([1, -1, 1, 1]) for v in m))
    assert np.median(np.abs(of_package(p, mirrored) / values - 1)) < 1e-12


def test_in_the_laboratory() -> None:
    """Target at rest, neutrino along z: there the momenta hold fewer digits of Q^2."""
    p = process("numu mu- mu+", "coherent")
    m = dirac.random_momenta(
        np.random.default_rng(42), 500, energy_GeV=5.0, M=p.targets[0].mass_GeV,
        m_minus=p.minus.mass_GeV, m_plus=p.plus.mass_GeV, frame="lab",
    )  # fmt: skip
    off = np.abs(of_package(p, m) / reference(p, m, p.couplings.vector, p.couplings.axial) - 1)
    assert np.median(off) < 1e-9


@pytest.mark.parametrize("sideways", [0.0, 1e-15, 1e-12, 1e-8])
@pytest.mark.parametrize("turned", [False, True])
def test_antilepton_along_the_beam(sideways: float, turned: bool) -> None:
    """l+ and p1 in line where the three leptons rest: then l+ spans no plane with the beam."""
    p = process("numu mu- mu+", "proton")
    mass, lepton = p.targets[0].mass_GeV, p.minus.mass_GeV
    p_plus = dirac._on_shell(np.array([[sideways, 0.0, 0.2]], dtype=np.longdouble), lepton)
    p_minus = dirac._on_shell(np.array([[0.1, 0.03, -0.05]], dtype=np.longdouble), lepton)
    p2 = dirac._on_shell(-(p_plus + p_minus)[:, 1:], 0.0)
    w, q2 = (p_plus + p_minus + p2)[:, 0], np.longdouble(0.05)
    shat, zero = w**2 + q2, 0 * w
    k, c = shat / (2 * w), 2 * np.longdouble(mass) * 5.0 / shat
    p1 = np.stack([k, zero, zero, -k], axis=1)
    q = np.stack([(w - q2 / w) / 2, zero, zero, (w + q2 / w) / 2], axis=1)
    e_t = np.sqrt(c * (c - 1) * q2 - np.longdouble(mass) ** 2)
    across = np.array([[0.0, np.cos(0.7), np.sin(0.7), 0.0]])
    P = c[:, None] * q + (q2 * (2 * c - 1) / shat)[:, None] * p1 + e_t[:, None] * across
    m = Momenta(p1, P, p2, p_minus, p_plus, P - q)
    if turned:
        u = np.array([[0.3, -0.5, 0.8]], dtype=np.longdouble)
        m = Momenta(*(dirac._boost(v, u, 1.0) for v in m))
    np.testing.assert_allclose(
        of_package(p, m), reference(p, m, p.couplings.vector, p.couplings.axial).astype(float), rtol=1e-11
    )


@pytest.mark.parametrize(("mass_GeV", "strength"), [(0.02, 1e-6), (1.0, -4e-5), (1e-5, 1e-6)])
@pytest.mark.parametrize("channel", ["numu mu- mu+", "numu e- e+", "nutau tau- tau+"])
def test_zprime_shifts_the_vector_coupling(channel: str, mass_GeV: float, strength: float) -> None:
    """|M|^2 at V + g^2 Q_nu Q_l/(sqrt2 G_F (m^2 + 2 p1.p2)), point by point, from three traces quadratic in V, A."""
    p = process(channel, "proton")
    m = momenta(channel, "proton", 500)
    V, A = p.couplings.vector, p.couplings.axial
    shifted = V + strength / (np.sqrt(2) * G_FERMI * (mass_GeV**2 + 2 * dot(m.p1, m.p2)))
    vv, aa, sum_ = (reference(p, m, *couplings) for couplings in ((1.0, 0.0), (0.0, 1.0), (1.0, 1.0)))
    expected = shifted**2 * vv + A**2 * aa + shifted * A * (sum_ - vv - aa)
    off = np.abs(of_package(p.with_couplings(zprime=ZPrime(mass_GeV, strength=strength)), m) / expected - 1)
    assert np.median(off) < 1e-13
    assert np.median(np.abs(shifted / V - 1)) > 1e-3


def test_heavy_zprime_is_a_contact_term() -> None:
    p = process("numu mu- mu+", "coherent")
    m = momenta("numu mu- mu+", "coherent", 200)
    strength, mass_GeV = 4.0, 1e3
    shift = strength / (np.sqrt(2) * G_FERMI * mass_GeV**2)
    contact = p.with_couplings(vector=p.couplings.vector + shift, axial=p.couplings.axial)
    heavy = p.with_couplings(zprime=ZPrime(mass_GeV, strength=strength))
    np.testing.assert_allclose(of_package(heavy, m), of_package(contact, m), rtol=1e-4)


class Sampled(NamedTuple):
    """|M|^2 at sampled points from the package's state, and from Dirac matrices at the same momenta."""

    package: Array
    reference: dirac.LongReal


def sampled_points(channel: str, regime: str, energy: float, part_index: int, count: int = 400) -> Sampled:
    """Compare at sampled events: in the K frame, with P replaced by a p1 + e_T (gauge invariance).

    Contracting with P itself would cost (W/Q)^2 of the reference's digits; that the replacement is right is tested
    by `test_matrix_element_squared`.
    """
    p = process(channel, regime)
    sampled = p.sampled(Monochromatic(energy))
    part = sampled.parts[part_index]
    mass = part.target.mass_GeV
    masses = {True: p.plus.mass_GeV, False: p.minus.mass_GeV}
    mass_a, mass_b = masses[part.plus_leads], masses[not part.plus_leads]
    rng = np.random.default_rng(43)
    point = sampled.point(part_index, list(rng.random((6, count))))
    phi = rng.uniform(0.0, 2 * np.pi, count)
    series = trident_hadron.azimuthal_series(point.total, point.hadron, np.sqrt(point.transfer.e_t2))
    contraction = azimuth_density(series, np.cos(phi), np.sin(phi))
    package = trident_hadron.LEPTON_FACTOR * normalisation(point.state) * contraction

    f = frames.k_frame(point.state, point.transfer.q2, energy, mass, mass_a, mass_b)
    minus, plus = (f.p_b, f.p_a) if part.plus_leads else (f.p_a, f.p_b)
    leptons = dirac.lepton_tensor(
        f.p1, f.p2, minus, plus, f.q, masses[False], masses[True], p.couplings.vector, p.couplings.axial,
        p.incoming.antiparticle,
    )  # fmt: skip

    def contract(v: dirac.LongReal) -> dirac.LongReal:
        low = v @ dirac.METRIC.real
        return np.asarray(np.einsum("nmv,nm,nv->n", leptons, low, low).real, dtype=np.longdouble)

    zero = 0 * phi
    e_x = np.stack([zero, np.cos(phi), np.sin(phi), zero], axis=1)
    e_y = np.stack([zero, -np.sin(phi), np.cos(phi), zero], axis=1)
    along = contract(f.longitudinal[:, None] * f.p1 + f.e_t[:, None] * e_x)
    magnetic = contract(e_x) + contract(e_y) - 4 * f.q2 / f.shat**2 * contract(f.p1)
    return Sampled(package, point.hadron.k1 * along + point.hadron.k2 * magnetic)


@pytest.mark.parametrize("energy", [1.0, 30.0, 1e5])
@pytest.mark.parametrize("regime", ["coherent", "proton"])
@pytest.mark.parametrize("channel", ["numu mu- mu+", "numu e- e+", "numu mu- e+", "numubar e- mu+"])
def test_sampled_points_lose_no_digits(channel: str, regime: str, energy: float) -> None:
    """Q^2/W^2 goes down to 1e-17 and propagators to 1e-8 W^2; rounding errors stay rounding errors."""
    for part_index in (0, 1):
        points = sampled_points(channel, regime, energy, part_index)
        off = np.abs(points.package / points.reference - 1)
        assert np.median(off) < 3e-15
        assert np.quantile(off, 0.95) < 1e-12
        assert off.max() < 1e-8
