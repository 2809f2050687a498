"""Quenching against formulas at 30 digits, published measurements, and its own inverse."""

from __future__ import annotations

import mpmath
import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray

from tests.detector.tracing import assert_traces
from tridentgen.detector import (
    NAMED_QUENCHINGS,
    Constant,
    Lindhard,
    Polynomial,
    Quenching,
    TableQuenching,
    linear_factor,
    quenching,
)
from tridentgen.errors import InputError
from tridentgen.matter.nuclei import nuclide

CSI = (0.0554628, 4.30681, -111.707, 840.384)
RECOILS_KEV = np.concatenate([np.geomspace(1e-4, 400.0, 60), [15.0, 60.0, 125.0]])

MODELS: dict[str, Quenching] = {
    "constant": Constant(0.3),
    "lindhard": Lindhard.of(nuclide("Ge74")),
    "lindhard with cutoff": Lindhard.of(nuclide("Si28"), 0.146, 0.3),
    "lindhard less q": Lindhard.of(nuclide("Ge74"), 0.157, q_keV=0.05),
    "lindhard plus q": Lindhard.of(nuclide("Ge74"), 0.157, q_keV=-0.02),
    "polynomial": Polynomial(CSI, 60.0),
    "linear": linear_factor(0.246, 7.8e-4, 125.0),
    "factors": TableQuenching(np.array([0.5, 2.0, 5.0, 40.0]), np.array([0.1, 0.15, 0.14, 0.3])),
    "factors from 0": TableQuenching(np.array([0.0, 2.0, 5.0]), np.array([0.0, 0.15, 0.2])),
    "energies": TableQuenching(np.array([0.5, 2.0, 5.0, 40.0]), np.array([0.05, 0.3, 0.7, 12.0]), "keVee"),
    "energies from 0": TableQuenching(np.array([0.0, 2.0, 40.0]), np.array([0.0, 0.3, 12.0]), "keVee"),
}
all_models = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS.keys())


def ee_keV(model: Quenching, recoil_keV: ArrayLike) -> NDArray[np.float64]:
    return np.asarray(model(np.asarray(recoil_keV, dtype=np.float64) * 1e-6)) * 1e6


@pytest.mark.parametrize(("name", "k"), [("Ge74", None), ("Xe132", 0.11), ("Na23", 0.2), ("Pb208", None), ("H1", None)])
def test_lindhard(name: str, k: float | None) -> None:
    target = nuclide(name)

    def exact(recoil_keV: float) -> float:
        Z, A, T = mpmath.mpf(target.Z), mpmath.mpf(target.A), mpmath.mpf(recoil_keV)
        strength = mpmath.mpf("0.133") * Z ** (mpmath.mpf(2) / 3) / mpmath.sqrt(A) if k is None else mpmath.mpf(k)
        e = mpmath.mpf("11.5") * Z ** (-mpmath.mpf(7) / 3) * T
        g = 3 * e ** mpmath.mpf("0.15") + mpmath.mpf("0.7") * e ** mpmath.mpf("0.6") + e
        return float(T * strength * g / (1 + strength * g))

    with mpmath.workdps(30):
        expected = [exact(recoil) for recoil in RECOILS_KEV]
    np.testing.assert_allclose(ee_keV(Lindhard.of(target, k), RECOILS_KEV), expected, rtol=2e-14)


@pytest.mark.parametrize(
    ("k", "recoil_keV", "low", "high"),
    [
        (0.162, 0.4, 0.15, 0.17),  # A. Bonhomme et al., EPJ C 82 (2022) 815: 0.16 to 0.23 from 0.4 to 6.3 keV
        (0.162, 6.3, 0.22, 0.235),
        (0.179, 8.5, 0.2525, 0.2535),  # B. J. Scholz et al., PRD 94 (2016) 122003: 25.3 % at 8.5 keV
    ],
)
def test_lindhard_is_what_germanium_was_measured_to_be(k: float, recoil_keV: float, low: float, high: float) -> None:
    factor = ee_keV(Lindhard.of(nuclide("Ge74"), k), recoil_keV) / recoil_keV
    assert low < factor < high


def test_k_from_charge_and_mass() -> None:
    """0.157 is the k of germanium, 0.166 that of xenon, throughout the literature."""
    assert Lindhard.of(nuclide("Ge73")).k == pytest.approx(0.157, abs=5e-4)
    assert Lindhard.of(nuclide("Xe131")).k == pytest.approx(0.166, abs=5e-4)


def test_nothing_below_the_cutoff() -> None:
    cut, whole = Lindhard.of(nuclide("Si28"), cutoff_keV=0.3), Lindhard.of(nuclide("Si28"))
    recoil = np.array([0.0, 0.1, 0.2999, 0.3001, 1.0])
    np.testing.assert_array_equal(ee_keV(cut, recoil), np.where(recoil > 0.3, ee_keV(whole, recoil), 0.0))


@pytest.mark.parametrize("q_keV", [0.05, -0.02])
def test_modified_lindhard(q_keV: float) -> None:
    """E_ee = T k g/(1 + k g) - q between 0 and T; each limit begins where the kink is said to be."""
    model, theory = Lindhard.of(nuclide("Ge74"), 0.157, q_keV=q_keV), Lindhard.of(nuclide("Ge74"), 0.157)
    expected = np.minimum(np.maximum(ee_keV(theory, RECOILS_KEV) - q_keV, 0.0), RECOILS_KEV)
    np.testing.assert_allclose(ee_keV(model, RECOILS_KEV), expected, rtol=1e-13, atol=1e-15)
    (kink,) = model.breaks_keV
    limit = 0.0 if q_keV > 0.0 else kink
    assert ee_keV(theory, kink) - q_keV == pytest.approx(limit, rel=1e-12, abs=1e-14)
    # In the units of Sorensen: q/e with e = 11.5 Z^(-7/3) T
    e = 11.5 * 32 ** (-7 / 3) * 2.0
    assert model.factor(2.0) == pytest.approx(theory.factor(2.0) - q_keV * 11.5 * 32 ** (-7 / 3) / e, rel=1e-14)


def test_an_impossible_q() -> None:
    for q_keV in (11.0, float("nan")):
        with pytest.raises(InputError, match=r"^q_keV = .* of Lindhard quenching must lie between -10.0 and 10.0"):
            Lindhard.of(nuclide("Ge74"), q_keV=q_keV)


def test_polynomial_of_csi() -> None:
    def exact(recoil_keV: float) -> float:
        T = mpmath.mpf(min(recoil_keV, 60.0)) / 1000
        c1, c2, c3, c4 = map(mpmath.mpf, ("0.0554628", "4.30681", "-111.707", "840.384"))
        return float((c1 + c2 * T + c3 * T**2 + c4 * T**3) * mpmath.mpf(recoil_keV))

    with mpmath.workdps(30):
        expected = [exact(recoil) for recoil in RECOILS_KEV]
    np.testing.assert_allclose(ee_keV(Polynomial(CSI, 60.0), RECOILS_KEV), expected, rtol=1e-14)


def test_csi_as_it_was_first_measured() -> None:
    """D. Akimov et al., Science 357 (2017) 1123: a factor of 0.0878 +- 0.0166 from 5 to 30 keV."""
    recoil = np.linspace(5.0, 30.0, 101)
    factors = ee_keV(quenching("csi-2021", nuclide("Cs133")), recoil) / recoil
    assert factors.mean() == pytest.approx(0.0878, abs=0.0166)


def test_argon_by_hand() -> None:
    argon = quenching("lar", nuclide("Ar40"))
    np.testing.assert_allclose(ee_keV(argon, [20.0, 100.0, 250.0]), [5.232, 32.4, 250.0 * 0.3435], rtol=1e-14)


@pytest.mark.parametrize(("recoil_keV", "measured"), [(3.8, 0.112), (9.0, 0.10), (152.0, 0.23)])
def test_sodium_is_near_its_measurements(recoil_keV: float, measured: float) -> None:
    """S. H. Lee et al., arXiv:2402.15122; H. W. Joo et al., Astropart. Phys. 108 (2019) 50, ends of the range."""
    factor = ee_keV(quenching("nai", nuclide("Na23")), recoil_keV) / recoil_keV
    assert factor == pytest.approx(measured, rel=0.15)


@pytest.mark.parametrize("column", ["factor", "keVee"])
def test_tables_are_straight_lines_and_keep_the_factor_of_their_ends(column: str) -> None:
    recoil, values = np.array([0.5, 2.0, 5.0, 40.0]), np.array([0.1, 0.15, 0.14, 0.3])
    if column == "keVee":
        values = values * recoil
    between = np.interp(RECOILS_KEV, recoil, values)
    inside = RECOILS_KEV * between if column == "factor" else between
    expected = np.where(RECOILS_KEV < 0.5, 0.1 * RECOILS_KEV, np.where(RECOILS_KEV > 40.0, 0.3 * RECOILS_KEV, inside))
    np.testing.assert_allclose(ee_keV(TableQuenching(recoil, values, column), RECOILS_KEV), expected, rtol=1e-13)


@all_models
def test_inverse(model: Quenching) -> None:
    recoil = RECOILS_KEV[RECOILS_KEV > 0.31] * 1e-6
    np.testing.assert_allclose(model.inverse(model(recoil)), recoil, rtol=1e-12)
    np.testing.assert_array_equal(model.inverse(np.array([0.0])), [0.0])
    energy = np.geomspace(1e-12, 1e-3, 200)
    reached = energy > (1e-7 if isinstance(model, Lindhard) and model.cutoff_keV else 0.0)
    # Of the modified theory, T Q - q at 1e-12 GeV is a difference of numbers that are 1e5 times larger.
    small = 1e-16 * abs(model.q_keV) * 1e-6 if isinstance(model, Lindhard) else 0.0
    np.testing.assert_allclose(model(model.inverse(energy))[reached], energy[reached], rtol=1e-12, atol=10 * small)


def test_inverse_below_a_cutoff_is_the_cutoff() -> None:
    model = Lindhard.of(nuclide("Si28"), 0.146, 0.3)
    np.testing.assert_allclose(model.inverse(np.array([1e-9, 1e-8])), 0.3e-6, rtol=1e-12)


@all_models
def test_energy_rises(model: Quenching) -> None:
    energy = model(np.linspace(0.0, 1e-3, 20001))
    assert energy[0] == 0.0
    assert np.all(np.diff(energy) >= 0.0)
    assert np.all(energy <= np.linspace(0.0, 1e-3, 20001) * (1.0 + 1e-15))


@all_models
def test_it_traces(model: Quenching) -> None:
    assert_traces(model, np.concatenate([[0.0, 1e-300, 5e-7, 1.0], RECOILS_KEV * 1e-6]))


@pytest.mark.parametrize("name", NAMED_QUENCHINGS)
def test_every_name(name: str) -> None:
    of = {
        "csi": "Cs133",
        "csi-2021": "I127",
        "ge": "Ge72",
        "nai": "I127",
        "nai-dama": "Na23",
        "si": "Si28",
        "xe": "Xe131",
    }
    factor = ee_keV(quenching(name, nuclide(of.get(name, "Ar40"))), 20.0) / 20.0
    assert factor == 1.0 if name == "none" else 0.04 < factor < 0.45


def test_published_sets_are_shared_by_isotopes() -> None:
    assert quenching("xe", nuclide("Xe129")) == quenching("xe", nuclide("Xe136"))
    assert quenching("lindhard", nuclide("Xe129")) != quenching("lindhard", nuclide("Xe136"))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Constant(1.5), "factor at a recoil of .* keV is 1.5; it must lie between 0 and 1"),
        (lambda: Constant(0.0), "does not increase at a recoil of 1e\\+06 keV"),
        (lambda: Lindhard(-0.1, 0.01), "k = -0.1 of Lindhard quenching must be a positive number"),
        (lambda: Lindhard(0.1, 0.0), "epsilon_per_keV = 0.0 of Lindhard quenching must be a positive number"),
        (lambda: Lindhard(0.1, 0.01, -1.0), "cutoff_keV = -1.0 of Lindhard quenching must not be negative"),
        (lambda: Polynomial((0.1,), 60.0), "two or more finite coefficients, beginning with that of T"),
        (lambda: Polynomial(CSI, 0.0), "valid_to_keV = 0.0 must be positive"),
        (lambda: Polynomial(CSI, 200.0), "quenching factor at a recoil of 149"),
        (lambda: linear_factor(0.3, -1e-2, 25.0), "energy does not increase at a recoil of 14.99"),
        (lambda: linear_factor(0.3, -1e-2, 40.0), "quenching factor at a recoil of 30.* keV is -"),
        (lambda: TableQuenching(np.array([1.0, 2.0]), np.array([13.0, 15.0])), "is 13; it must lie between 0 and 1"),
        (lambda: TableQuenching(np.array([1.0, 2.0]), np.array([0.3, 0.1])), "does not increase at a recoil of 1."),
        (lambda: TableQuenching(np.array([-1.0, 2.0]), np.array([0.1, 0.1])), "recoil energy -1 keV .* is negative"),
        (
            lambda: TableQuenching(np.array([0.0, 2.0]), np.array([0.1, 0.3]), "keVee"),
            "has a non-zero energy at zero recoil",
        ),
        (
            lambda: TableQuenching(np.array([1.0, 2.0]), np.array([0.1, 0.3]), "Q"),
            "column = 'Q' .* must be factor",
        ),
        (lambda: quenching("csi-2022", nuclide("I127")), "unknown quenching 'csi-2022', did you mean 'csi-2021'"),
        (lambda: quenching("nai", nuclide("Ar40")), "'nai' is for Na and I, not for Ar40; use 'lindhard'"),
    ],
)
def test_what_is_no_quenching(make: object, message: str) -> None:
    assert callable(make)
    with pytest.raises(InputError, match=message):
        make()
