"""Where the calculation of tridents ends: the sizes that are told, against integrals and events of their own."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tridentgen.constants import W_MASS_GEV
from tridentgen.flux import Monochromatic, TabulatedFlux, facility_flux
from tridentgen.matter.nuclei import nuclide
from tridentgen.matter.particles import charged_lepton
from tridentgen.physics.trident_couplings import ZPrime
from tridentgen.processes.base import Caveat
from tridentgen.processes.cevns.cevns import Cevns
from tridentgen.processes.trident.epa import EpaTrident
from tridentgen.processes.trident.inelastic import inelastic_cross_section
from tridentgen.processes.trident.trident import Trident, all_channels

REFERENCE = Path(__file__).parents[4] / "shared/reference/inelastic_reference.json"
MU_MU, E_E, TAU_TAU = ("numu", "mu-", "mu+"), ("numu", "e-", "e+"), ("numu", "tau-", "tau+")


def told(trident: Trident, energy: float) -> dict[str, Caveat]:
    found = trident.caveats(energy)
    assert all("\n" not in caveat.text for caveat in found)
    by_subject = {caveat.subject: caveat for caveat in found}
    assert len(by_subject) == len(found)  # one line each
    return by_subject


@pytest.mark.parametrize(
    "trident",
    [
        Trident(*MU_MU),
        Trident(*MU_MU, regime="diffractive"),
        Trident(*MU_MU, regime="total", target="C12"),
        Trident(*E_E, regime="total"),
        Trident("nue", "e-", "mu+", target="Pb208"),
        EpaTrident(*MU_MU),
    ],
    ids=lambda trident: trident.line,
)
def test_nothing_is_said_where_nothing_matters(trident: Trident) -> None:
    assert trident.caveats(4.0) == ()


def test_cevns_has_none() -> None:
    assert Cevns("Ar40").caveats(0.03) == ()


@pytest.mark.parametrize(
    ("channel", "energy", "share"),
    [(MU_MU, 10.0, 0.067), (MU_MU, 50.0, 0.107), (MU_MU, 200.0, 0.140), (MU_MU, 1000.0, 0.176), (TAU_TAU, 1e3, 0.42)],
    ids=str,
)
def test_inelastic_share_on_argon(channel: tuple[str, str, str], energy: float, share: float) -> None:
    """Of the total, from an independent calculation of all three parts; 5 % for the points of the average."""
    found = told(Trident(*channel, regime="total", nucleon_form_factor="dipole"), energy)["inelastic"]
    assert found.size == pytest.approx(share, rel=0.05)
    assert f"about {100.0 * found.size:.0f} % of the whole cross section" in found.text


def test_inelastic_scattering_matters_only_where_the_total_is_claimed() -> None:
    """2.9 % for mu mu at 3 GeV; the parts do not claim to be all; on hydrogen the proton is."""
    assert told(Trident(*MU_MU, regime="total"), 3.0) == {}
    for regime in ("coherent", "diffractive", ("coherent", "proton")):
        assert "inelastic" not in told(Trident(*MU_MU, regime=regime), 50.0)
    assert "inelastic" in told(Trident(*MU_MU, regime=("coherent", "diffractive")), 50.0)
    assert "inelastic" in told(Trident(*MU_MU, regime=("coherent", "proton", "neutron")), 50.0)
    assert "inelastic" in told(Trident(*MU_MU, target="H1", regime="proton"), 50.0)


@pytest.mark.skipif(not REFERENCE.is_file(), reason="the reference numbers are not at hand in ../shared/reference")
@pytest.mark.parametrize(("pair", "channel"), [("mumu", MU_MU), ("ee", E_E), ("mue", ("numu", "mu-", "e+"))], ids=str)
@pytest.mark.parametrize(("flux", "target"), [("dune-nd-fhc", "Ar40"), ("ccfr", "Fe56")])
def test_inelastic_cross_section_averaged_over_a_flux(
    pair: str, channel: tuple[str, str, str], flux: str, target: str
) -> None:
    """Against integrals over the flux that use no table; its interpolation and the compact fluxes allow for 4 %."""
    rows = json.loads(REFERENCE.read_text())["flux_averaged_coherent_diffractive_inelastic_cm2_per_nucleus"]
    beam = {"dune-nd-fhc": "DUNE_ND", "ccfr": "CCFR"}[flux]
    expected = rows[f"{beam} numu {target} {pair}"][2]
    minus, plus = (charged_lepton(name) for name in channel[1:])
    w_exchange = Trident(*channel).has_w_exchange
    found = inelastic_cross_section(minus, plus, nuclide(target), facility_flux(flux, "numu"), w_exchange=w_exchange)
    assert found == pytest.approx(expected, rel=0.04)


@pytest.mark.parametrize("channel", all_channels(), ids=" ".join)
def test_every_pair_has_an_inelastic_size(channel: tuple[str, str, str]) -> None:
    """It rises with the energy, and is zero below the threshold of a pion."""
    minus, plus = (charged_lepton(name) for name in channel[1:])
    w_exchange = Trident(*channel).has_w_exchange
    argon = nuclide("Ar40")
    low, high, far = (
        inelastic_cross_section(minus, plus, argon, Monochromatic(energy), w_exchange=w_exchange)
        for energy in (0.14, 100.0, 1e5)
    )
    assert low == 0.0
    assert 0.0 < 10.0 * high < far


def test_a_flux_counts_every_energy_by_what_it_contributes() -> None:
    """Two narrow bins: the share is the mean of the two shares, weighted by flux times cross section."""
    process = Trident(*MU_MU, regime="total", nucleon_form_factor="dipole")
    energies, fluxes = (10.0, 200.0), (50.0, 1.0)
    edges = np.array([9.95, 10.05, 199.95, 200.05])
    beam = TabulatedFlux(edges, np.array([fluxes[0], 0.0, fluxes[1]]))
    shares = [told(process, energy)["inelastic"].size for energy in energies]
    elastic = [process.cross_section(energy, engine="numpy", rel_error=1e-2).value for energy in energies]
    weights = [f * s / (1.0 - share) for f, s, share in zip(fluxes, elastic, shares, strict=True)]
    expected = math.fsum(w * share for w, share in zip(weights, shares, strict=True)) / math.fsum(weights)
    (found,) = (caveat for caveat in process.caveats(flux=beam) if caveat.subject == "inelastic")
    assert found.size == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize(
    ("channel", "regime", "energy", "change"),
    [
        (E_E, "coherent", 1e4, 1.0 - 0.9638), (E_E, "proton", 1e3, 1.0 - 0.9788), (E_E, "diffractive", 1e4, 0.162),
        (("nue", "mu-", "mu+"), "coherent", 1e5, 0.239), (("nue", "mu-", "mu+"), "diffractive", 1e5, 0.561),
    ],
    ids=str,
)  # fmt: skip
def test_change_by_the_z_propagator(channel: tuple[str, str, str], regime: str, energy: float, change: float) -> None:
    """On oxygen, against the integrals of `test_z_propagator`, in which the propagator is kept."""
    process = Trident(*channel, "O16", regime, nucleon_form_factor="dipole")
    found = told(process, energy)["propagators"]
    assert found.size == pytest.approx(change, rel=0.1)
    assert f"{100.0 * found.size:.0f} % ({regime})" in found.text
    assert "z_propagator = true in [model] includes it" in found.text
    assert "propagators" not in told(replace(process, z_propagator=True), energy)


def test_the_z_propagator_is_silent_below_a_per_cent() -> None:
    """0.4 % at 1 TeV coherent, 0.2 % at 100 GeV diffractive."""
    assert told(Trident(*E_E), 1e3) == {}
    assert told(Trident(*E_E, regime="diffractive"), 100.0) == {}
    assert set(told(Trident(*E_E), 5e3)) == {"propagators"}
    assert set(told(Trident(*E_E, regime="diffractive"), 1e3)) == {"propagators"}


@pytest.mark.parametrize(("regime", "energy"), [("proton", 1e4), ("coherent", 1e5)])
def test_share_with_a_real_w(regime: str, energy: float) -> None:
    """Of the weight of events, 4 standard deviations and 20 %."""
    process = Trident(*MU_MU, "O16", regime, nucleon_form_factor="dipole")
    events = process.generate(energy, events=20_000, engine="numpy")
    above = events["w2"] > W_MASS_GEV**2
    weights = events["weight"]
    share = np.sum(weights[above]) / np.sum(weights)
    error = np.linalg.norm(weights * (above - share)) / np.sum(weights)
    found = told(process, energy)["propagators"]
    assert "heavier than a W, which can be real" in found.text
    assert abs(found.size - 1.0 - share) < 4.0 * error + 0.2 * share
    assert events.attributes["caveats"] == found.text


def test_the_other_regime_has_its_size_beside_a_real_w() -> None:
    """At 8 TeV W can be real on nucleons; in the coherent regime <W^2/M_W^2> is told, as without nucleons."""
    alone = told(Trident(*MU_MU, "Ar40"), 8e3)["propagators"]
    assert "order of (W/M_W)^2, " in alone.text
    order = alone.text.rpartition("(W/M_W)^2, ")[2]
    assert order.endswith(" % (coherent)")
    found = told(Trident(*MU_MU, "Ar40", ("coherent", "diffractive")), 8e3)["propagators"]
    assert found.text.endswith(f"; elsewhere corrections are of the order of (W/M_W)^2, {order}")
    assert found.size > 1.0


def test_propagators_of_pairs_with_a_w() -> None:
    """No message at 100 GeV; <W^2/M_W^2> of events at 1 TeV on protons, where no W can be real."""
    process = Trident(*MU_MU, "O16", "proton", nucleon_form_factor="dipole")
    assert told(process, 100.0) == {}
    events = process.generate(1e3, events=5_000, engine="numpy")
    expected = np.average(events["w2"], weights=events["weight"]) / W_MASS_GEV**2
    found = told(process, 1e3)["propagators"]
    assert found.size == pytest.approx(expected, rel=0.1)
    assert "corrections of the order of (W/M_W)^2" in found.text


@pytest.mark.parametrize(("target", "energy"), [("Ar40", 20.0), ("C12", 20.0), ("W184", 30.0)])
def test_tau_pairs_live_on_the_tail_of_the_form_factor(target: str, energy: float) -> None:
    """The ratios are those of cross sections with the other form factors, integrated one by one."""
    process = Trident("nutau", "tau-", "tau+", target=target)
    found = told(process, energy)["form factor"]

    def sigma(name: str) -> float:
        return replace(process, form_factor=name).cross_section(energy, engine="numpy", rel_error=1e-2).value

    ratios = {name: sigma(name) / sigma("fermi") for name in ("helm", "klein-nystrand")}
    for name, ratio in ratios.items():
        said = next(part for part in found.text.split(", ") if f"({name})" in part)
        value = float(said.removeprefix("with others the cross section is").split(" times")[0].split()[-1])
        assert value == pytest.approx(ratio, rel=0.1)
    assert found.size >= 0.9 * max(max(r, 1.0 / r) for r in ratios.values())


def test_far_above_threshold_the_form_factors_agree() -> None:
    assert "form factor" not in told(Trident("nutau", "tau-", "tau+", form_factor="woods-saxon"), 1e3)
    assert "form factor" not in told(Trident(*MU_MU), 0.4)
    assert "form factor" not in told(Trident("nutau", "tau-", "tau+", form_factor="unit"), 20.0)
    assert "form factor" not in told(Trident("nutau", "tau-", "tau+", regime="proton"), 20.0)


def test_other_couplings_change_no_size() -> None:
    """The sizes are those of the Standard Model; an EPA tells those of the full process."""
    plain = Trident(*MU_MU, regime="total")
    expected = plain.caveats(1e3)
    for other in (
        plain.with_couplings(zprime=ZPrime(0.01, strength=1e-3)),
        plain.with_couplings(vector=3.0, axial=0.0),
    ):
        assert other.caveats(1e3) == expected
    assert EpaTrident.of(plain).caveats(1e3) == expected


def test_a_cross_section_carries_them() -> None:
    process = Trident(*MU_MU, regime="total")
    found = process.cross_section(50.0, engine="numpy", rel_error=2e-2)
    assert found.warnings == found.caveats == tuple(caveat.text for caveat in process.caveats(50.0))
