"""Couplings of every channel against a table written out by hand, and what flavour conservation forbids."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

from tridentgen.constants import G_FERMI, SIN2_THETA_W, Z_MASS_GEV
from tridentgen.errors import InputError
from tridentgen.physics.trident_couplings import Couplings, ZPrime, standard_model
from tridentgen.processes.trident.pairs import outgoing_flavour
from tridentgen.processes.trident.trident import Trident, all_channels

S2 = SIN2_THETA_W
BOTH = (0.5 + 2 * S2, 0.5)  # W and Z: V = 1/2 + 2 s^2, A = 1/2
NEUTRAL = (-0.5 + 2 * S2, -0.5)  # Z alone
CHARGED = (1.0, 1.0)  # W alone

# (V, A) and the neutrino that leaves: Altmannshofer et al., Phys. Rev. D 100 (2019) 115029, table I, in the
# convention of Ballett et al., JHEP 01 (2019) 119, table 1; antineutrinos by CP.
TABLE = {
    ("nue", "e-", "e+"): (*BOTH, "nue"),
    ("nue", "mu-", "mu+"): (*NEUTRAL, "nue"),
    ("nue", "tau-", "tau+"): (*NEUTRAL, "nue"),
    ("nue", "e-", "mu+"): (*CHARGED, "numu"),
    ("nue", "e-", "tau+"): (*CHARGED, "nutau"),
    ("numu", "e-", "e+"): (*NEUTRAL, "numu"),
    ("numu", "mu-", "mu+"): (*BOTH, "numu"),
    ("numu", "tau-", "tau+"): (*NEUTRAL, "numu"),
    ("numu", "mu-", "e+"): (*CHARGED, "nue"),
    ("numu", "mu-", "tau+"): (*CHARGED, "nutau"),
    ("nutau", "e-", "e+"): (*NEUTRAL, "nutau"),
    ("nutau", "mu-", "mu+"): (*NEUTRAL, "nutau"),
    ("nutau", "tau-", "tau+"): (*BOTH, "nutau"),
    ("nutau", "tau-", "e+"): (*CHARGED, "nue"),
    ("nutau", "tau-", "mu+"): (*CHARGED, "numu"),
    ("nuebar", "e-", "e+"): (*BOTH, "nuebar"),
    ("nuebar", "mu-", "mu+"): (*NEUTRAL, "nuebar"),
    ("nuebar", "tau-", "tau+"): (*NEUTRAL, "nuebar"),
    ("nuebar", "mu-", "e+"): (*CHARGED, "numubar"),
    ("nuebar", "tau-", "e+"): (*CHARGED, "nutaubar"),
    ("numubar", "e-", "e+"): (*NEUTRAL, "numubar"),
    ("numubar", "mu-", "mu+"): (*BOTH, "numubar"),
    ("numubar", "tau-", "tau+"): (*NEUTRAL, "numubar"),
    ("numubar", "e-", "mu+"): (*CHARGED, "nuebar"),
    ("numubar", "tau-", "mu+"): (*CHARGED, "nutaubar"),
    ("nutaubar", "e-", "e+"): (*NEUTRAL, "nutaubar"),
    ("nutaubar", "mu-", "mu+"): (*NEUTRAL, "nutaubar"),
    ("nutaubar", "tau-", "tau+"): (*BOTH, "nutaubar"),
    ("nutaubar", "e-", "tau+"): (*CHARGED, "nuebar"),
    ("nutaubar", "mu-", "tau+"): (*CHARGED, "numubar"),
}

FLAVOURS = ("e", "mu", "tau")
EVERYTHING = tuple(
    (f"nu{flavour}{bar}", f"{minus}-", f"{plus}+")
    for bar, flavour, minus, plus in itertools.product(("", "bar"), FLAVOURS, FLAVOURS, FLAVOURS)
)


@pytest.mark.parametrize("channel", TABLE, ids=" ".join)
def test_couplings_of_the_standard_model(channel: tuple[str, str, str]) -> None:
    vector, axial, outgoing = TABLE[channel]
    process = Trident(*channel)
    assert process.couplings.vector == pytest.approx(vector, abs=1e-15)
    assert process.couplings.axial == axial
    assert process.outgoing.name == outgoing
    assert process.c_l == pytest.approx(vector + axial, abs=1e-15)
    assert process.c_r == pytest.approx(vector - axial, abs=1e-15)


@pytest.mark.parametrize("channel", [c for c in EVERYTHING if c not in TABLE], ids=" ".join)
def test_channels_that_break_lepton_flavour_are_refused(channel: tuple[str, str, str]) -> None:
    with pytest.raises(InputError, match="lepton flavour is conserved"):
        Trident(*channel)


def test_all_channels() -> None:
    """Per neutrino three pairs of one flavour and two mixed: 30 of 54."""
    assert len(EVERYTHING) == 54
    assert len(all_channels()) == 30
    assert set(all_channels()) == set(TABLE)


def test_chiral_couplings_have_the_weak_angle_in_one_place() -> None:
    """Z alone: c_L = -1 + 2 s^2 and c_R = 2 s^2, twice the couplings g_L, g_R of the charged lepton."""
    for s2 in (0.0, 0.23, 0.25, 0.5):
        neutral = standard_model("mu", "e", "e", s2)
        assert (neutral.c_l, neutral.c_r) == pytest.approx((-1.0 + 2 * s2, 2 * s2), abs=1e-15)
        both = standard_model("mu", "mu", "mu", s2)
        assert (both.c_l, both.c_r) == pytest.approx((1.0 + 2 * s2, 2 * s2), abs=1e-15)
        charged = standard_model("mu", "mu", "e", s2)
        assert (charged.c_l, charged.c_r) == (2.0, 0.0)


def test_changed_weak_angle_and_replaced_couplings() -> None:
    process = Trident("numu", "mu-", "mu+")
    assert process.with_couplings(sin2_theta_w=0.25).couplings == Couplings(1.0, 0.5)
    assert process.with_couplings(vector=0.1, axial=-2.0).couplings == Couplings(0.1, -2.0)
    with pytest.raises(InputError, match="give both or neither"):
        process.with_couplings(vector=0.1)
    with pytest.raises(InputError, match="between 0 and 1"):
        process.with_couplings(sin2_theta_w=1.5)


def test_outgoing_flavours() -> None:
    assert outgoing_flavour("mu", "tau", "tau") == "mu"
    assert outgoing_flavour("mu", "mu", "e") == "e"
    with pytest.raises(InputError, match="nu_mu cannot produce e with anti-mu"):
        outgoing_flavour("mu", "e", "mu")


def test_zprime_adds_its_propagator_to_the_vector_coupling() -> None:
    """L_mu - L_tau: at Q^2 = 0 the shift is g^2 v^2/m^2 with v = 246.22 GeV (PRL 113 (2014) 091801, eq. 6)."""
    g, mass_GeV = 5e-4, 0.02
    couplings = Couplings(*BOTH, ZPrime(mass_GeV, strength=g * g))
    vev2 = 1.0 / (math.sqrt(2.0) * G_FERMI)
    assert math.sqrt(vev2) == pytest.approx(246.22, rel=1e-5)
    c_l, c_r = couplings.chiral(np.array([0.0, mass_GeV**2, 1e9]))
    shift = vev2 * g * g / mass_GeV**2
    assert shift == pytest.approx(37.9, rel=1e-3)
    np.testing.assert_allclose(c_l - (BOTH[0] + BOTH[1]), [shift, 0.5 * shift, 0.0], rtol=1e-13, atol=1e-10)
    np.testing.assert_allclose(c_r - (BOTH[0] - BOTH[1]), [shift, 0.5 * shift, 0.0], rtol=1e-13, atol=1e-10)
    # without a light vector there is nothing to depend on
    assert Couplings(*BOTH).chiral(np.array([1.0])) == (BOTH[0] + BOTH[1], BOTH[0] - BOTH[1])


def test_the_coupling_and_the_strength_of_a_zprime() -> None:
    """Strength = g^2 = coupling^2, and the charges multiply either; a number without a name is refused."""
    assert ZPrime(0.1, coupling=0.25) == ZPrime(0.1, strength=0.0625)
    assert ZPrime(0.1, coupling=0.25, neutrino_charge=2.0, lepton_charge=-1.0).product == -0.125
    assert ZPrime(0.1, strength=-0.5, neutrino_charge=3.0).product == -1.5
    for unnamed, named in (((1e-7,), {}), ((), {}), ((), {"coupling": 1e-3, "strength": 1e-6})):
        with pytest.raises(TypeError, match=r"^ZPrime needs one of coupling = g and strength = g\^2, by name$"):
            ZPrime(0.1, *unnamed, **named)


@pytest.mark.parametrize("values", [(math.nan, 1e-7), (0.1, math.inf), (0.0, 1e-7), (-1.0, 1e-7)])
def test_zprimes_that_are_refused(values: tuple[float, float]) -> None:
    with pytest.raises(InputError, match=r"zprime = ZPrime\(.*\) needs finite numbers and a mass above 0"):
        Trident("numu", "mu-", "mu+", zprime=ZPrime(values[0], strength=values[1]))


def test_zprime_wants_one_flavour_and_no_constant_couplings() -> None:
    with pytest.raises(InputError, match="pairs of one flavour only"):
        Trident("numu", "mu-", "e+", zprime=ZPrime(0.1, strength=1e-7))
    process = Trident("numu", "mu-", "mu+", zprime=ZPrime(0.1, strength=1e-7))
    with pytest.raises(InputError, match="differ from event to event"):
        _ = process.c_l


def test_z_propagator_multiplies_both_couplings_and_leaves_a_light_vector_alone() -> None:
    """M_Z^2/(M_Z^2 + Q^2) is 1, 1/2 and M_Z^2/Q^2 at Q^2 = 0, M_Z^2 and far above."""
    q2 = np.array([0.0, Z_MASS_GEV**2, 1e12])
    factor = np.array([1.0, 0.5, Z_MASS_GEV**2 / 1e12])
    c_l, c_r = Couplings(*NEUTRAL, z_propagator=True).chiral(q2)
    np.testing.assert_allclose(c_l, sum(NEUTRAL) * factor, rtol=1e-7)
    np.testing.assert_allclose(c_r, (NEUTRAL[0] - NEUTRAL[1]) * factor, rtol=1e-7)
    boson = ZPrime(0.5, strength=1e-6)
    both = Couplings(*NEUTRAL, boson, z_propagator=True).chiral(q2)
    shift = np.array(Couplings(0.0, 0.0, boson).chiral(q2))
    np.testing.assert_allclose(np.array(both), np.array([c_l, c_r]) + shift, rtol=1e-14)
