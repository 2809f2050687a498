"""Dark matter on nuclei: reference numbers, integrals over the halo, events, annual modulation, refusals, bits."""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from scipy.integrate import quad

import tridentgen as tg
from tests.engines.cases import same_on_both_engines
from tests.processes.cevns.plain import helm
from tridentgen.constants import ATOMIC_MASS_UNIT_GEV, KEV_PER_GEV, PROTON_MASS_GEV, SPEED_OF_LIGHT_KM_S
from tridentgen.detector import Constant, Detector, GaussianResolution
from tridentgen.errors import InputError
from tridentgen.exposure import SECONDS_PER_YEAR
from tridentgen.processes.nucleus import NuclearShape
from tridentgen.processes.wimp.spectrum import WimpSpectrum

GRAM_GEV = 6.02214076e23 * ATOMIC_MASS_UNIT_GEV  # u per gram, by Avogadro's number: to 1e-9
HALO = tg.halo(30.0)


class Number(NamedTuple):
    """A number of the file of references."""

    quantity: str
    target: str
    given: dict[str, Any]
    value: float


def numbers(*quantities: str) -> list[Number]:
    path = Path(__file__).parents[2] / "reference" / "wimp_reference.csv"
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    rows = csv.DictReader(lines)
    found = [Number(r["quantity"], r["target"], json.loads(r["params_json"]), float(r["value"])) for r in rows]
    return [each for each in found if each.quantity in quantities]


def named(number: Number) -> str:
    return f"{number.quantity} {number.target} {' '.join(map(str, number.given.values()))}"


def rate_on(spectrum: WimpSpectrum, recoil_keV: float) -> float:
    """Return events per keV, tonne and year, with nuclei counted by the mass of the nucleus."""
    per_nucleus = float(spectrum.dsigma_dT(np.array([recoil_keV / KEV_PER_GEV]))[0]) / KEV_PER_GEV
    return per_nucleus * spectrum.halo.total * SECONDS_PER_YEAR * 1e6 * GRAM_GEV / spectrum.nuclide.mass_GeV


def spectrum_of(number: Number, model: tg.WimpModel | None = None) -> WimpSpectrum:
    """Return the spectrum of the program on a nucleus of the mass of the reference."""
    nuclide = replace(tg.nuclide(number.target), mass_GeV=number.given["M_GeV"])
    return WimpSpectrum(nuclide, tg.halo(number.given["m_GeV"]), 1e-45, model or tg.WimpModel(), NuclearShape())


@pytest.mark.parametrize("number", numbers("rate"), ids=named)
def test_rates_of_an_independent_program(number: Number) -> None:
    """Within 1e-6; nuclei in a tonne of matter are fewer, by the electrons of the atoms."""
    given = number.given
    assert rate_on(spectrum_of(number), given["T_keV"]) == pytest.approx(number.value, rel=1e-6)
    nuclide = tg.nuclide(number.target)
    in_matter = number.value * nuclide.mass_GeV / nuclide.atomic_mass_GeV
    found = tg.Wimp(number.target, 1e-45).dR_dT(given["T_keV"], tg.halo(given["m_GeV"]))
    assert float(found) == pytest.approx(in_matter, rel=2e-5)  # its xenon is 1.6e-6 lighter: 1e-5 where F is steep


@pytest.mark.parametrize("number", numbers("integral"), ids=named)
def test_rates_above_a_threshold_of_an_independent_program(number: Number) -> None:
    """Within 1e-5 for the same mass, by the rate that `tridentgen rate` prints."""
    low, high = number.given["T_keV"]
    nuclide = tg.nuclide(number.target)
    halo = tg.halo(number.given["m_GeV"])
    nuclei = 1e6 * GRAM_GEV / nuclide.mass_GeV
    rate = tg.recoil_rate(tg.Wimp(number.target, 1e-45), halo, nuclei, SECONDS_PER_YEAR)
    assert float(rate.recoil_counts(np.array([low, high])).sum()) == pytest.approx(number.value, rel=1e-5)
    above = tg.recoil_rate(tg.Wimp(number.target, 1e-45, recoil_min_keV=low), halo, nuclei, SECONDS_PER_YEAR)
    assert float(above.recoil_counts(np.array([low, high])).sum()) == pytest.approx(number.value, rel=1e-5)


@pytest.mark.parametrize("number", numbers("wimprates"), ids=named)
def test_rates_of_wimprates(number: Number) -> None:
    """Within 1e-4, with its nucleons of 1 u, and its distribution, which is too small by K^2.

    It multiplies by K = erf z - 2 z exp(-z^2)/sqrt(pi), z = v_esc/v0, instead of dividing by it.
    """
    given = number.given
    model = tg.WimpModel(mediator_mass_GeV=given.get("mediator_GeV"))
    halo = tg.halo(given["m_GeV"], v_lab_km_s=234.40803047754605)
    nuclide = replace(tg.nuclide("Xe132"), mass_GeV=132 * ATOMIC_MASS_UNIT_GEV)
    found = rate_on(WimpSpectrum(nuclide, halo, 1e-45, model, NuclearShape()), given["T_keV"])
    mu_p, mu_u = (halo.mass_GeV * m / (halo.mass_GeV + m) for m in (PROTON_MASS_GEV, ATOMIC_MASS_UNIT_GEV))
    z = halo.v_esc_km_s / halo.v0_km_s
    K = math.erf(z) - 2.0 * z * math.exp(-z * z) / math.sqrt(math.pi)
    assert found * (K * mu_p / mu_u) ** 2 == pytest.approx(number.value, rel=1e-4)


def dR_dT(recoil_keV: float, mass: float, nucleus: float, sigma: Callable[[float], float], halo: tg.Halo) -> float:
    """Return events per keV and nucleus and year, by shells of velocity in the galaxy: nothing of the package.

    Per volume rho/m particles; of a shell u, the part of the angles with v > v_min, each with v dsigma/dT = v
    sigma/T_max(v).
    """
    v0, v_lab, v_esc = halo.v0_km_s, halo.v_lab_km_s, halo.v_esc_km_s
    mu, T, c = mass * nucleus / (mass + nucleus), recoil_keV * 1e-6, SPEED_OF_LIGHT_KM_S
    least = c * math.sqrt(nucleus * T / 2.0) / mu

    def angle(cosine: float, u: float) -> float:
        v = math.sqrt(u * u + v_lab * v_lab - 2.0 * u * v_lab * cosine)
        return v / (2.0 * mu * mu * v * v / (c * c * nucleus))

    def shell(u: float) -> float:
        most = min((u * u + v_lab * v_lab - least * least) / (2.0 * u * v_lab), 1.0)
        if most <= -1.0:
            return 0.0
        return float(u * u * math.exp(-((u / v0) ** 2)) * quad(angle, -1.0, most, args=(u,), epsrel=1e-10)[0])

    kinks = sorted({min(max(x, 0.0), v_esc) for x in (least - v_lab, v_lab - least, v_lab + least, v_lab)})
    edges = [1e-9, *kinks, v_esc]
    shells = sum(quad(shell, a, b, epsrel=1e-9)[0] for a, b in pairwise(edges) if b > a)
    norm = 2.0 * quad(lambda u: u * u * math.exp(-((u / v0) ** 2)), 0.0, v_esc, epsrel=1e-12)[0]
    per_second = halo.density_GeV_cm3 / mass * 1e5 * shells / norm * sigma(T)
    return float(per_second * SECONDS_PER_YEAR * 1e-6)


@pytest.mark.parametrize(("mass", "recoil"), [(8.0, 0.6), (60.0, 3.0), (60.0, 30.0), (2000.0, 80.0)])
def test_dR_dT_against_integrals_over_the_galaxy(mass: float, recoil: float) -> None:
    """Helm and isospin violation written out; a light mediator; within 1e-7."""
    halo = tg.halo(mass, convention="baxter-2021", density_GeV_cm3=0.4)
    target, f_ratio, mediator = tg.nuclide("Ge74"), -0.7, 0.02
    model = tg.WimpModel(fn_over_fp=f_ratio, mediator_mass_GeV=mediator)

    def sigma(T: float) -> float:
        q2 = 2.0 * target.mass_GeV * T
        mu_A, mu_p = (mass * m / (mass + m) for m in (target.mass_GeV, PROTON_MASS_GEV))
        coupling = 32 + (74 - 32) * f_ratio
        return float(
            1e-44 * (mu_A / mu_p) ** 2 * coupling**2 * helm(math.sqrt(q2), 74) ** 2
            * (mediator**2 / (mediator**2 + q2)) ** 2
        )  # fmt: skip

    expected = dR_dT(recoil, mass, target.mass_GeV, sigma, halo) * 1e6 * GRAM_GEV / target.atomic_mass_GeV
    found = float(tg.Wimp("Ge74", 1e-44, model).dR_dT(recoil, halo))
    assert found == pytest.approx(expected, rel=1e-7)


CASES = {
    "two nuclides": (tg.Wimp("CsI", 1e-46, recoil_min_keV=1.0), HALO),
    "light mediator": (tg.Wimp("Ar40", 1e-40, tg.WimpModel(mediator_mass_GeV=1e-3)), tg.halo(10.0)),
    "spins": (tg.Wimp("SF6", 1e-40, tg.WimpModel("SD", a_p=1.0, a_n=-0.5)), tg.halo(500.0)),
    "fast wind": (tg.Wimp("Ge74", 1e-44), tg.halo(5.0, v0_km_s=50.0, v_lab_km_s=400.0, v_esc_km_s=300.0)),
    "tail": (tg.Wimp("Xe132", 1e-44, recoil_min_keV=2.0), tg.halo(6.0)),
}


@pytest.mark.parametrize("name", CASES)
def test_the_sampled_cross_section_is_the_integral(name: str) -> None:
    """Within 4 standard deviations, and a good effective sample size."""
    reaction, halo = CASES[name]
    exact = tg.recoil_rate(reaction, halo, 1.0).sigma_cm2
    found = reaction.cross_section(flux=halo, rel_error=5e-4, engine="numpy")
    assert abs(found.value - exact) < 4.0 * found.error
    events = reaction.generate(flux=halo, events=20_000, engine="numpy")
    weight = events["weight"]
    assert np.all(weight > 0.0)
    assert np.sum(weight) ** 2 / np.sum(weight**2) / len(weight) > 0.97


@pytest.mark.parametrize("number", numbers("cosine", "cosine_helm"), ids=named)
def test_mean_cosines_to_the_wind(number: Number) -> None:
    """Within 4 standard deviations of both programs; recoils along the wind over those against it likewise."""
    given = number.given
    target = {122.8403486: "Xe132", 29.781: "S32"}[given["M_GeV"]]
    shape = "helm" if number.quantity.endswith("helm") else "unit"
    reaction = tg.Wimp(target, 1e-45, form_factor=shape, recoil_min_keV=given["t_low_keV"])
    events = reaction.generate(flux=tg.halo(given["m_GeV"]), events=200_000, engine="numpy")
    weight, cosine = events["weight"] / events.sum_weights, events["cos_theta"]
    mean = float(np.sum(weight * cosine))
    error = math.hypot(math.sqrt(float(np.sum((weight * (cosine - mean)) ** 2))), given["error"])
    assert abs(mean - number.value) < 4.0 * error
    forward = float(np.sum(weight[cosine > 0.0]))
    expected = given["forward_over_backward"] / (1.0 + given["forward_over_backward"])
    assert forward == pytest.approx(expected, abs=4.0 * math.sqrt(2.0 * expected * (1.0 - expected) / len(weight)))


def test_events_balance_and_are_on_shell() -> None:
    check_momenta(CASES["two nuclides"], 20_000)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_a_million_events_balance_and_are_on_shell(name: str) -> None:
    check_momenta(CASES[name], 1_000_000)


def check_momenta(case: tuple[tg.Wimp, tg.Halo], number: int) -> None:
    """Momenta to 1e-15 of the largest energy, masses to 1e-14; columns follow from them; azimuths are uniform."""
    reaction, halo = case
    events = reaction.generate(flux=halo, events=number, engine="numpy")
    masses = {nuclide.pdgid: nuclide.mass_GeV for nuclide in reaction.nuclides}
    nucleus = np.array([masses[code] for code in events["isotope"]])
    incoming, outgoing, recoil = (events[name] for name in ("p4_chi_in", "p4_chi_out", "p4_recoil"))
    balance = outgoing + recoil - incoming
    balance[:, 0] -= nucleus
    assert np.max(np.abs(balance)) < 1e-15 * max(halo.mass_GeV, float(nucleus.max()))
    for p, mass in ((incoming, halo.mass_GeV), (outgoing, halo.mass_GeV), (recoil, nucleus)):
        square = p[:, 0] ** 2 - np.sum(p[:, 1:] ** 2, axis=1)
        assert np.max(np.abs(square / np.square(mass) - 1.0)) < 1e-14
    lengths = [np.linalg.norm(p[:, 1:], axis=1) for p in (incoming, recoil)]
    np.testing.assert_allclose(events["speed"], lengths[0] / incoming[:, 0] * SPEED_OF_LIGHT_KM_S, rtol=1e-12)
    np.testing.assert_allclose(events["recoil_energy"], lengths[1] ** 2 / (2e-6 * nucleus), rtol=1e-5)
    np.testing.assert_allclose(events["cos_theta"], recoil[:, 3] / lengths[1], atol=1e-12)
    assert np.all((events["speed"] > halo.slowest_km_s) & (events["speed"] < halo.fastest_km_s))
    assert np.all(events["recoil_energy"] >= reaction.recoil_min_keV)
    galactic = incoming[:, 1:] / incoming[:, :1] * SPEED_OF_LIGHT_KM_S - [0.0, 0.0, halo.v_lab_km_s]
    assert np.max(np.linalg.norm(galactic, axis=1)) < halo.v_esc_km_s * (1.0 + 1e-9)
    for p in (incoming, recoil):
        assert abs(np.mean(np.exp(1j * np.arctan2(p[:, 2], p[:, 1])))) < 4.0 / math.sqrt(number)
    assert np.all(np.isfinite(events["weight"]) & (events["weight"] >= 0.0))


def test_annual_modulation() -> None:
    """The rate of large recoils is highest about 2 June; that of small ones lowest (Lewin and Smith, section 3)."""
    first = date(2026, 1, 1)
    days = [first + timedelta(days=5 * number) for number in range(73)]
    halos = [tg.halo(60.0, convention="baxter-2021", date=day.isoformat()) for day in days]
    large, small = (np.array([float(tg.Wimp("Ge", 1e-45).dR_dT(T, halo)) for halo in halos]) for T in (40.0, 1.0))
    assert abs((days[int(np.argmax(large))] - date(2026, 6, 2)).days) <= 4
    assert abs((days[int(np.argmin(small))] - date(2026, 6, 2)).days) <= 4
    assert 0.02 < (large.max() - large.min()) / (large.max() + large.min()) < 0.15


@pytest.mark.parametrize(
    ("target", "model", "expected"),
    [
        # 4 S^2 (mu_A/mu_p)^2 for J = 1/2: mu_p = 0.929551, mu_A = 15.03259 (F19) and 54.5583 (Xe129) at 100 GeV
        ("F19", tg.WimpModel("SD", a_p=1.0), 4 * 0.478**2 * (15.03259 / 0.929551) ** 2),
        ("Xe129", tg.WimpModel("SD", a_n=1.0), 4 * 0.329**2 * (54.5583 / 0.929551) ** 2),
        # 20/9 S^2 for J = 3/2
        ("Xe131", tg.WimpModel("SD", a_p=0.5, a_n=1.0), 20 / 9 * 0.2765**2 * (54.9355 / 0.929551) ** 2),
        ("H1", tg.WimpModel("SD", a_p=1.0), 1.0),
        ("Ar40", tg.WimpModel(), 40.0**2 * (27.12215 / 0.929551) ** 2),
        ("Ar40", tg.WimpModel(fn_over_fp=0.0), 18.0**2 * (27.12215 / 0.929551) ** 2),
    ],
)  # fmt: skip
def test_cross_sections_of_point_like_nuclei_by_hand(target: str, model: tg.WimpModel, expected: float) -> None:
    """Averaged over the flux it is sigma_A itself, whatever the halo."""
    reaction = tg.Wimp(target, 1e-42, model, form_factor="unit")
    found = tg.recoil_rate(reaction, tg.halo(100.0), 1.0).sigma_cm2
    assert found == pytest.approx(1e-42 * expected, rel=2e-6)


def test_spins_that_are_not_known_count_as_zero() -> None:
    """Of CF4 fluorine takes part; of carbon C13 does not, and oxygen has no known spin at all."""
    spins = tg.WimpModel("SD", a_p=1.0)
    gas = tg.Wimp("CF4", 1e-40, spins)
    assert gas.sampled(tg.halo(100.0)).channels == ("F19",)
    assert gas.caveats(flux=tg.halo(100.0)) == ()
    alone = tg.recoil_rate(tg.Wimp("F19", 1e-40, spins), tg.halo(100.0), 1.0).sigma_cm2
    assert tg.recoil_rate(gas, tg.halo(100.0), 1.0).sigma_cm2 == pytest.approx(0.8 * alone, rel=1e-6)
    (caveat,) = tg.Wimp("LiF", 1e-40, spins).caveats(flux=tg.halo(100.0))
    assert "the spin content of Li6, Li7 is not known here and counts as 0: 50% of the nuclei" in caveat.text


def test_the_detector_is_that_of_cevns() -> None:
    """Quenched energies, their resolution and the accepted events as folded without events, within 4 sigma."""
    detector = Detector((Constant(0.2),), GaussianResolution(0.1), threshold_keVee=1.0)
    reaction = tg.Wimp("Ar40", 1e-45)
    events = reaction.generate(flux=HALO, detector=detector, events=50_000, engine="numpy")
    np.testing.assert_allclose(events["quenched_energy"], 0.2 * events["recoil_energy"], rtol=1e-13)
    rate = tg.recoil_rate(reaction, HALO, 1.0, 1.0, detector)
    assert rate.observed_events is not None
    kept = events["weight"] * events["acceptance"]
    assert abs(kept.sum() * HALO.total - rate.observed_events.sum()) < 4.0 * HALO.total * math.sqrt(np.sum(kept**2))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: tg.Wimp("Xe", 0.0), "cross_section_cm2 = 0.0 must be from 1e-70 to 1e-20 cm2"),
        (lambda: tg.Wimp("Xe", math.nan), "cross_section_cm2 = nan must be"),
        (lambda: tg.Wimp("Xe", 1e-45, recoil_min_keV=-1.0), "recoil_min_keV = -1.0 must be 0 or a positive"),
        (lambda: tg.Wimp("Xe", 1e-45, form_factor="hellm"), "did you mean 'helm'"),
        (lambda: tg.Wimp("Xe", 1e-45, proton_radius_fm=4.8), "proton_radius_fm cannot hold for all nuclides of Xe"),
        (lambda: tg.Wimp("Ar40", 1e-45, tg.WimpModel("SD", a_p=1.0)), "has no nuclide on which these couplings act"),
        (lambda: tg.Wimp("Xe", 1e-45, tg.WimpModel(mediator_mass_GeV=1e-6)), "recoil_min_keV = 0 does not go with"),
        (lambda: tg.Wimp("Xe132", 1e-45, tg.WimpModel(fn_over_fp=-54 / 78)), "protons and neutrons cancel"),
        (lambda: tg.Wimp("F19", 1e-45, tg.WimpModel("SD", a_p=0.002, a_n=0.478)), "protons and neutrons cancel"),
        (lambda: tg.WimpModel("spin"), "unknown interaction 'spin'"),
        (lambda: tg.WimpModel("SD"), "interaction = 'SD' needs a_p or a_n"),
        (lambda: tg.WimpModel(a_p=1.0), "a_p = 1.0 belongs to interaction = 'SD'"),
        (lambda: tg.WimpModel("SD", a_p=1.0, fn_over_fp=1.0), "fn_over_fp = 1.0 belongs to interaction = 'SI'"),
        (lambda: tg.WimpModel(fn_over_fp=math.inf), "fn_over_fp = inf must be a finite number"),
        (lambda: tg.WimpModel(mediator_mass_GeV=0.0), "mediator_mass_GeV = 0.0 must be from"),
        (lambda: tg.Wimp("Xe", 1e-45).cross_section(5.0), "WIMPs come from the halo"),
        (lambda: tg.Wimp("Xe", 1e-45).cross_section(flux=tg.solar(("8B",))), "WIMPs come from the halo"),
        (lambda: tg.Wimp("Xe", 1e-45, recoil_min_keV=50.0).sampled(tg.halo(5.0)), "gives Xe at most 2.667 keV"),
        (lambda: tg.Wimp("Xe", 1e-45).dR_dT(-1.0, HALO), "must be finite and not negative"),
    ],
)  # fmt: skip
def test_what_it_refuses(make: Callable[[], object], message: str) -> None:
    with pytest.raises(InputError) as caught:
        make()
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_smallest_recoil_near_the_largest_one() -> None:
    """The rate there falls as the square of the distance; what has lost its digits is refused."""
    most = tg.Wimp("Xe132", 1e-45).sampled(HALO).parts[0].spectrum.most_recoil_GeV * KEV_PER_GEV
    sigma = [
        tg.recoil_rate(tg.Wimp("Xe132", 1e-45, recoil_min_keV=most * (1.0 - step)), HALO, 1.0).sigma_cm2
        for step in (1e-5, 1e-6)
    ]
    assert sigma[0] / sigma[1] == pytest.approx(1000.0, rel=1e-3)  # of the integral: one power more
    with pytest.raises(InputError, match="no recoil above"):
        tg.Wimp("Xe132", 1e-45, recoil_min_keV=most).sampled(HALO)


def test_recoils_beyond_the_fastest_particle_have_no_rate() -> None:
    reaction = tg.Wimp("Xe132", 1e-45)
    most = reaction.sampled(HALO).parts[0].spectrum.most_recoil_GeV * KEV_PER_GEV
    rates = reaction.dR_dT([0.0, 0.999 * most, 1.001 * most, 1e6], HALO)
    assert rates[0] > rates[1] > 0.0
    assert rates[2:].tolist() == [0.0, 0.0]


@pytest.mark.parametrize("name", CASES)
def test_engines_give_the_same_bits(name: str) -> None:
    reaction, halo = CASES[name]
    same_on_both_engines(reaction.sampled(halo))
