"""The measurements of tridents, and the cross sections expected for them."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from tridentgen.analysis.cut_flow import Measured
from tridentgen.analysis.measurements import MEASUREMENTS, Prediction, chi2, predict, zprime_limit
from tridentgen.analysis.rate_table import exposure_of, trident_rate
from tridentgen.cards import CardError, read_card
from tridentgen.constants import SIN2_THETA_W
from tridentgen.engines.numpy_engine import NumpyEngine
from tridentgen.flux import Flux
from tridentgen.physics.trident_couplings import Couplings, ZPrime
from tridentgen.processes.trident.trident import Trident
from tridentgen.reports.measurements import measurement_text
from tridentgen.runs.job import beam_of

CHARM_II, CCFR, NUTEV = MEASUREMENTS
ENGINE = NumpyEngine()
FLUXES = Path(__file__).parents[3] / "shared" / "data" / "fluxes"
V_MINUS_A = Couplings(1.0, 1.0)
STANDARD = Couplings(0.5 + 2.0 * SIN2_THETA_W, 0.5)


def at(energy_GeV: float, *more: str, target: str = "Si28", events: int = 40_000) -> Prediction:
    """What CHARM II would measure on one nuclide at one energy."""
    card = read_card(
        "charm2",
        [
            "flux.kind=monochromatic",
            f"flux.energy_GeV={energy_GeV}",
            f"process.target={target}",
            f"exposure.material={target}",
            f"sampling.events={events}",
            "sampling.training_points=20_000",
            *more,
        ],
    )
    return predict(CHARM_II, card, ENGINE)


@pytest.fixture(scope="module")
def silicon() -> Prediction:
    return at(20.0)


def agree(found: Measured, expected: Measured, systematic: float = 0.0) -> bool:
    room = 4.0 * math.hypot(found.error, expected.error) + systematic * expected.value
    return abs(found.value - expected.value) < room


def full(**couplings: object) -> Measured:
    """The same by integrating the cross section of these couplings, with other random numbers."""
    process = Trident("numu", "mu-", "mu+", "Si28", ("coherent", "diffractive"), **couplings)  # type: ignore[arg-type]
    found = process.cross_section(20.0, rel_error=2e-3, seed=11, engine="numpy", threads=1)
    return Measured(found.value, found.error)


@pytest.mark.parametrize(("vector", "axial"), [(1.0, 1.0), (1.0, 0.0), (0.0, 1.0), (0.3, -0.8), (0.96244, 0.5)])
def test_the_quadratic_form_is_the_cross_section(silicon: Prediction, vector: float, axial: float) -> None:
    assert agree(silicon.form.sigma(vector, axial), full(vector=vector, axial=axial))


def test_the_standard_model(silicon: Prediction) -> None:
    assert silicon.standard == STANDARD
    assert agree(Measured(silicon.sigma_sm_cm2, silicon.error_cm2), full())
    assert silicon.ratio(STANDARD) == Measured(1.0, 0.0)
    assert (silicon.name, silicon.measured, silicon.up, silicon.down) == ("CHARM II", 1.58, 0.57, 0.57)


@pytest.mark.parametrize(("mass_GeV", "strength"), [(0.05, 2e-7), (0.5, 2e-6), (10.0, 1e-3)])
def test_a_light_vector(silicon: Prediction, mass_GeV: float, strength: float) -> None:
    boson = ZPrime(mass_GeV, strength=strength)
    found, above, below = silicon.ratio(Couplings(*vars_of(STANDARD), boson)), full(zprime=boson), full()
    expected = above.value / below.value
    error = expected * math.hypot(above.error / above.value, below.error / below.value)
    assert found.value > 1.05
    assert agree(found, Measured(expected, error))


def vars_of(couplings: Couplings) -> tuple[float, float]:
    return couplings.vector, couplings.axial


def test_without_the_z_boson_the_cross_section_is_larger() -> None:
    """sigma_SM/sigma_(V-A) = (V^2 + A^2)/2 = 0.588 in the leading logarithm of the energy over the muon's mass.

    Beyond it the vector part is the smaller one. What that takes from the ratio has to fall with energy.
    """
    limit = (STANDARD.vector**2 + STANDARD.axial**2) / 2.0
    assert limit == pytest.approx(0.588, abs=5e-4)
    short = []
    for energy_GeV in (5.0, 100.0, 1e5):
        found = at(energy_GeV, 'process.regimes=["coherent"]').ratio(V_MINUS_A)
        assert 1.0 / found.value < limit
        short.append(1.0 - 1.0 / (found.value * limit))
        assert 4.0 * found.error < 0.01
    assert short[0] > short[1] > short[2]
    assert short[1] < 0.05
    assert short[2] < 0.006


@pytest.mark.parametrize("strength_over_mass2", [2e-6, 2e-5, -4e-5])
def test_a_heavy_boson_of_l_mu_minus_l_tau(silicon: Prediction, strength_over_mass2: float) -> None:
    """sigma/sigma_SM of W. Altmannshofer et al., PRL 113 (2014) 091801, eq. 10, which takes s_VV = s_AA and s_VA = 0.

    Here s_AA is 26 % larger than s_VV at 20 GeV, which moves the ratio by 1 to 4 %.
    """
    mass_GeV, vev_GeV = 300.0, 246.22
    boson = ZPrime(mass_GeV, strength=strength_over_mass2 * mass_GeV**2)
    standard = 1.0 + 4.0 * SIN2_THETA_W
    shifted = standard + 2.0 * vev_GeV**2 * strength_over_mass2
    published = (1.0 + shifted**2) / (1.0 + standard**2)
    found = silicon.ratio(Couplings(*vars_of(STANDARD), boson))
    assert abs(published - 1.0) > 0.1
    assert found.value == pytest.approx(published, rel=0.05)
    # The same from the quadratic form: a boson this heavy is a contact interaction.
    contact = silicon.form.ratio(Couplings(shifted / 2.0, 0.5), STANDARD)
    assert found.value == pytest.approx(contact.value, rel=1e-4)
    assert found.error == pytest.approx(contact.error, rel=0.02)


def test_errors_are_the_spread_between_seeds() -> None:
    seeds = range(12)
    found = [at(20.0, f"sampling.seed={seed}", "sampling.training_points=5000", events=2000) for seed in seeds]
    for values in ([f.form.sigma(0.9, 0.5) for f in found], [f.ratio(V_MINUS_A) for f in found]):
        spread = float(np.std([v.value for v in values], ddof=1))
        mean = float(np.mean([v.error for v in values]))
        assert 0.4 < spread / mean < 1.7  # 1 +- 0.21 with 11 degrees of freedom


HISTOGRAM = ["flux.kind=histogram", "flux.edges_GeV=[50.0, 150.0]", "flux.values=[1.0]", 'flux.area="cm2"']


def test_cuts_leave_what_the_rate_has_after_them() -> None:
    """Against the cross sections of the regimes by themselves times the shares of `tridentgen rate`."""
    quick = ["sampling.events=30_000", "sampling.training_points=20_000", "sampling.engine=numpy"]
    settings = [*HISTOGRAM, *quick, "exposure.material=Fe", 'process.regimes=["coherent"]', "sampling.rel_error=5e-3"]
    card = read_card("nutev", settings)
    flux = beam_of(card)
    assert isinstance(flux, Flux)
    found = predict(NUTEV, card, ENGINE)
    other = read_card("nutev", [*settings, "sampling.seed=77"])
    rate = trident_rate(other, exposure_of(other, flux), flux, ENGINE)
    nuclei = {part.nuclide: part.nuclei for part in rate.parts}
    scale = sum(nuclei.values()) * rate.parts[0].neutrinos_cm2
    after = rate.events(cuts=2)
    assert after.value < 0.95 * rate.events().value
    expected = Measured(after.value / scale, after.error / scale)
    assert agree(Measured(found.sigma_sm_cm2, found.error_cm2), expected)


def test_the_cross_section_of_charm_ii() -> None:
    """3.0 +- 0.9 +- 0.5 in units of 1e-41 cm2 per nucleus, 1.58 times what the experiment expected."""
    quick = ["sampling.events=2000", "sampling.training_points=5000"]
    path = FLUXES / "CHARMII_FHC.dat"
    if not path.is_file():
        pytest.skip("the published flux files are not here")
    found = predict(CHARM_II, read_card("charm2", [f"flux.path={path}", *quick]), ENGINE)
    assert CHARM_II.sigma_cm2 is not None
    assert CHARM_II.sigma_error_cm2 is not None
    assert abs(found.sigma_sm_cm2 - CHARM_II.sigma_cm2) < 1.5 * CHARM_II.sigma_error_cm2
    assert found.sigma_sm_cm2 == pytest.approx(CHARM_II.sigma_cm2 / CHARM_II.ratio, rel=0.15)


def test_pulls_use_the_error_on_the_side_of_the_model(silicon: Prediction) -> None:
    assert NUTEV.pull(1.0) == pytest.approx(-0.28 / 1.73)
    assert NUTEV.pull(0.5) == pytest.approx(0.22 / 0.72)
    assert CCFR.pull(1.0) == pytest.approx(-0.18 / 0.28)
    assert silicon.pull() == pytest.approx(0.58 / 0.57)
    both = (silicon, Prediction(CCFR, STANDARD, silicon.form, silicon.neutrino_q2, silicon.pieces))
    ratio = silicon.form.ratio(V_MINUS_A, STANDARD).value
    expected = ((1.58 - ratio) / 0.57) ** 2 + ((0.82 - ratio) / 0.28) ** 2
    assert chi2(both, V_MINUS_A) == pytest.approx(expected)
    # CCFR ruled the V-A theory out at 99 %: more than 2.6 standard deviations
    assert both[1].pull(V_MINUS_A) < -2.6


def test_the_table(silicon: Prediction) -> None:
    lines = measurement_text([silicon], V_MINUS_A).split("\n")
    assert [word.strip() for word in lines[0].split("  ") if word] == [
        "experiment", "measured", "sigma_SM/cm2", "pull of SM", "model/SM", "pull",
    ]  # fmt: skip
    assert lines[1].startswith("CHARM II    1.58 +- 0.57  (1.8")
    assert measurement_text([silicon]).split("\n")[1].endswith("+1.02")


def test_mistakes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CardError, match=r"coherent_csi\.toml:\d+: process\.kind: is 'cevns'; a measurement"):
        predict(CCFR, read_card("coherent_csi"), ENGINE)
    with pytest.raises(CardError, match=r"cuts\.energy_minus_min_GeV=50: no event of 500 passes; widen the cuts"):
        at(20.0, "cuts.energy_minus_min_GeV=50", events=500)


@pytest.mark.parametrize("mass_GeV", [1e-3, 0.3, 50.0])
def test_the_limit_on_a_boson_is_where_the_cross_section_is_too_large(silicon: Prediction, mass_GeV: float) -> None:
    g = zprime_limit(silicon, mass_GeV, sigmas=1.5)
    boson = Couplings(STANDARD.vector, STANDARD.axial, ZPrime(mass_GeV, strength=g * g))
    assert silicon.ratio(boson).value == pytest.approx(silicon.measured + 1.5 * silicon.up, rel=1e-6)
    assert zprime_limit(silicon, mass_GeV, sigmas=-10.0) == 0.0


def test_heavy_bosons_by_ccfr() -> None:
    """M/g > 550 GeV: Altmannshofer et al., PRL 113 (2014) 091801, in which s_VV = s_AA, here different by 9 %."""
    overrides = ["flux.kind=monochromatic", "flux.energy_GeV=160", "exposure.material=Fe56", "sampling.events=30_000",
                 "sampling.training_points=20_000"]  # fmt: skip
    prediction = predict(CCFR, read_card("ccfr", overrides), ENGINE)
    assert 300.0 / zprime_limit(prediction, 300.0) == pytest.approx(550.0, rel=0.04)
