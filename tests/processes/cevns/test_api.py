"""The public process of coherent scattering: numbers it gives, what it refuses, and what its events say of it."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

import tridentgen as tg
from tests.processes.cevns.recoil_integrals import averaged, largest_recoil_keV, spectrum_in_bins
from tests.processes.cevns.spectra import KEV, MEV, PION_LINE
from tridentgen.constants import G_FERMI, GEV_M2_TO_CM2
from tridentgen.detector import Constant, Detector
from tridentgen.errors import InputError
from tridentgen.flux import Component, Flux, Monochromatic, MuonDecay, PowerLaw, Source, solar, stopped_pions
from tridentgen.matter.nuclei import nuclide
from tridentgen.processes.cevns.cevns import Cevns
from tridentgen.processes.cevns.model import CevnsModel
from tridentgen.processes.cevns.spectrum import recoil_spectra
from tridentgen.processes.cevns.terms import DipolePortal, LightScalar, LightTensor
from tridentgen.processes.terms import LightVector, PerFlavour

PIONS = stopped_pions(20.0)
REFERENCE = CevnsModel(sin2_theta_w=0.23857, spin="0")


@pytest.mark.parametrize(
    ("target", "value", "tolerance"),
    [
        # The reference's masses lack the binding energy of the electrons, 4e-7 of them, and it stops at five digits.
        ("Cs", 1.96470e-38, 3e-5),
        ("I", 1.78224e-38, 3e-5),
        ("Ar40", 1.82473e-39, 3e-5),
        pytest.param("Xe", 1.94118e-38, 3e-5, marks=pytest.mark.slow),
        # Its germanium has the abundances of 2009.
        pytest.param("Ge", 5.87126e-39, 1.5e-4, marks=pytest.mark.slow),
    ],
)
def test_averages_over_stopped_pions(target: str, value: float, tolerance: float) -> None:
    """Sampled to 1e-5."""
    found = Cevns(target, model=REFERENCE).cross_section(flux=PIONS, rel_error=1e-5, engine="numpy")
    assert found.value == pytest.approx(value, rel=tolerance, abs=0.0)
    assert found.reached
    assert found.error <= 1e-5 * found.value


def test_published_cross_sections() -> None:
    """COHERENT's prediction for CsI, 189(6)e-40, and about 18e-40 for argon; see `test_cevns_numbers`."""
    caesium_iodide = Cevns("CsI").cross_section(flux=PIONS, engine="numpy")
    assert caesium_iodide.value == pytest.approx(189e-40, rel=0.0, abs=6e-40)
    argon = Cevns("Ar").cross_section(flux=PIONS, engine="numpy")
    assert argon.value == pytest.approx(18e-40, rel=0.03, abs=0.0)


@pytest.mark.parametrize("name", ["C12", "Ar40", "Ge74", "Xe132", "Pb208"])
def test_point_nuclei_go_with_the_square_of_the_neutron_number(name: str) -> None:
    """G_F^2 N^2 E^2/4pi (M/(M + 2E)) where protons do not couple, s_W^2 = 1/4: the integral over T of spin 0."""
    energy, target = 5 * MEV, nuclide(name)
    process = Cevns(name, form_factor="unit", sin2_theta_w=0.25, model=CevnsModel(spin="approx"))
    high = 2 * energy**2 / (target.mass_GeV + 2 * energy)
    exact = G_FERMI**2 * target.mass_GeV / math.pi * (target.N / 2) ** 2
    exact *= (high - target.mass_GeV * high**2 / (4 * energy**2)) * GEV_M2_TO_CM2
    found = process.cross_section(energy, rel_error=1e-5, engine="numpy")
    assert found.value == pytest.approx(exact, rel=5e-5, abs=0.0)
    limit = G_FERMI**2 * target.N**2 * energy**2 / (4 * math.pi) * GEV_M2_TO_CM2
    assert found.value == pytest.approx(limit, rel=4 * energy / target.mass_GeV, abs=0.0)


@pytest.mark.parametrize("engine", ["numpy", "native"])
def test_cross_section_and_events_agree_with_the_integral(engine: str) -> None:
    process, flux = Cevns("CsI", recoil_min_keV=2.0), PIONS
    edges = np.array([2.0, largest_recoil_keV(process, flux)])
    exact = float(spectrum_in_bins(process, flux, edges)[0])
    found = process.cross_section(flux=flux, rel_error=1e-4, engine=engine)
    assert abs(found.value - exact) < 4 * found.error + 1e-6 * exact
    events = process.generate(flux=flux, events=20_000, engine=engine)
    assert abs(events.sum_weights - exact) < 4 * events.attributes["sigma_error"]
    assert events["recoil_energy"].min() >= 2.0
    assert events.attributes["engine"] == engine


def test_dsigma_dT_broadcasts() -> None:
    process = Cevns("CsI")
    energy, recoil = np.array([[10.0], [30.0], [50.0]]) * MEV, np.array([1.0, 5.0, 20.0, 60.0]) * KEV
    table = process.dsigma_dT(energy, recoil)
    assert table.shape == (3, 4)
    for i, j in np.ndindex(table.shape):
        assert process.dsigma_dT(energy[i, 0], recoil[j]) == table[i, j]
    assert process.dsigma_dT(0.03, 1e-6).shape == ()
    assert process.dsigma_dT([], recoil[:0]).shape == (0,)
    with pytest.raises(ValueError, match="broadcast"):
        process.dsigma_dT(energy[:2, 0], recoil)


def test_dsigma_dT_is_the_average_over_the_nuclei() -> None:
    process = Cevns("C3F8", neutrino="nuebar", model=CevnsModel(charge_radius=PerFlavour(e=1e-32)))
    assert math.fsum(process.fractions) == pytest.approx(1.0, rel=1e-15)
    recoil = np.array([5.0, 40.0]) * KEV
    for name in ("nuebar", "numu"):
        expected = sum(
            share * np.asarray(recoil_spectra(n, name, process.model)[0].dsigma_dT(PION_LINE, recoil))
            for n, share in zip(process.nuclides, process.fractions, strict=True)
        )
        np.testing.assert_allclose(process.dsigma_dT(PION_LINE, recoil, name), expected, rtol=1e-14)
    np.testing.assert_array_equal(process.dsigma_dT(0.03, recoil), process.dsigma_dT(0.03, recoil, "nuebar"))
    assert np.all(process.dsigma_dT(0.03, recoil) != process.dsigma_dT(0.03, recoil, "numu"))


def test_dsigma_dT_has_all_final_states_and_ends_at_the_least_recoil() -> None:
    portal = DipolePortal(5 * MEV, 1e-9)
    process = Cevns("Ar40", model=CevnsModel(dipole=portal), recoil_min_keV=3.0)
    spectra = recoil_spectra(nuclide("Ar40"), "numu", process.model)
    recoil = np.array([2.999, 3.001, 20.0]) * KEV
    found = process.dsigma_dT(PION_LINE, recoil)
    assert found[0] == 0.0
    np.testing.assert_allclose(found[1:], sum(np.asarray(s.dsigma_dT(PION_LINE, recoil[1:])) for s in spectra))
    assert process.dsigma_dT(PION_LINE, 48 * KEV) == 0.0  # beyond the largest recoil
    assert process.dsigma_dT(0.0, 10 * KEV) == 0.0


@pytest.mark.parametrize("arguments", [(-1.0, 1e-6), (0.03, -1e-6), (math.nan, 1e-6), (0.03, [1e-6, math.inf])])
def test_energies_that_are_none(arguments: tuple[float, float]) -> None:
    with pytest.raises(InputError, match="must be finite and not negative"):
        Cevns("Ar40").dsigma_dT(*arguments)
    with pytest.raises(InputError, match="unknown neutrino 'nux'"):
        Cevns("Ar40").dsigma_dT(0.03, 1e-6, "nux")


MOMENT = CevnsModel(magnetic_moment=PerFlavour(mu=1e-10))
WRONG: list[tuple[Callable[[], object], str]] = [
    (lambda: Cevns("Ar4"), "^no nuclide|Ar4"),
    (lambda: Cevns("Unobtainium"), "Unobtainium"),
    (lambda: Cevns("Ar40", "numuu"), "unknown neutrino 'numuu', did you mean 'numu'"),
    (lambda: Cevns("Ar40", form_factor="helmm"), "unknown form factor 'helmm', did you mean 'helm'"),
    (
        lambda: Cevns("NaI", proton_radius_fm=4.8),
        r"^proton_radius_fm cannot hold for all nuclides of NaI \(.*differ in size; give one of each",
    ),
    (lambda: Cevns("CaWO4", neutron_radius_fm=4.8), r"^neutron_radius_fm cannot hold for all nuclides of CaWO4"),
    (
        lambda: Cevns("CsI", neutron_radius_fm={"Cs": 5.0}),
        "^neutron_radius_fm has no entry for I127, only for Cs; add I",
    ),
    (
        lambda: Cevns("CsI", neutron_radius_fm={"Cs": 5.0, "I": 5.0, "Na": 3.0}),
        "^neutron_radius_fm names Na, which is not in CsI; it has Cs, Cs133, I, I127",
    ),
    (lambda: Cevns("CsI", proton_radius_fm={"Cs": 5.0, "I": 0.0}), "^proton_radius_fm.I = 0.0 must be positive"),
    (lambda: Cevns("CsI", neutron_radius_fm=5.0, neutron_skin_fm=0.2), "^neutron_skin_fm and neutron_radius_fm both"),
    (lambda: Cevns("CsI", form_factor="unit", neutron_skin_fm=0.2), "^neutron_skin_fm = 0.2 has no meaning"),
    (lambda: Cevns("CsI", neutron_skin_fm=math.nan), "^neutron_skin_fm = nan must be a number"),
    (lambda: Cevns("Ar40", neutron_skin_fm=-3.0), r"^neutron_skin_fm = -3.0: radius = 0.397.* is too small"),
    (lambda: Cevns("Cs133", proton_radius_fm=-1.0), "^proton_radius_fm = -1.0 must be positive"),
    (lambda: Cevns("Cs133", neutron_radius_fm=0.5), "^neutron_radius_fm = 0.5 is too small for form factor 'helm'"),
    (lambda: Cevns("Cs133", form_factor="unit", proton_radius_fm=4.8), "has no meaning for a point-like nucleus"),
    (lambda: Cevns("H1", proton_radius_fm=0.8), "leave its radii out"),
    (lambda: Cevns("Ar40", sin2_theta_w=1.5), "^sin2_theta_w = 1.5 must lie between 0 and 1"),
    (lambda: Cevns("Ar40", sin2_theta_w=0.23, model=CevnsModel(0.24)), "^sin2_theta_w differs from that of the model"),
    (lambda: Cevns("Ar40", recoil_min_keV=-1.0), "^recoil_min_keV = -1.0 must be 0 or a positive energy"),
    (lambda: Cevns("Ar40", recoil_min_keV=math.inf), "^recoil_min_keV = inf must be"),
    (lambda: Cevns("Ar40", model=MOMENT), "^recoil_min_keV = 0 does not go with a magnetic moment"),
    (lambda: Cevns("Ar40", "numubar", model=MOMENT), "^recoil_min_keV = 0 does not go with a magnetic moment"),
    (lambda: Cevns("Ar40", model=CevnsModel(vector=LightVector(1e-6, strength=1e-12))), "with a vector of 1e-06 GeV"),
    (lambda: Cevns("Ar40", model=CevnsModel(scalar=LightScalar(0.0, 1e-12))), "with a scalar of 0 GeV"),
    (lambda: Cevns("Ar40", model=CevnsModel(tensor=LightTensor(0.0, 1e-12))), "with a tensor of 0 GeV"),
    (lambda: Cevns("Pb207", model=CevnsModel(axial=True)), "^axial = true: the spin content of Pb207 is not known"),
    (lambda: Cevns("Ar40").cross_section(), "^give either an energy in GeV or a flux"),
    (lambda: Cevns("Ar40").cross_section(0.03, flux=PIONS), "^give either an energy in GeV or a flux"),
    (lambda: Cevns("Ar40").generate(), "^give either an energy in GeV or a flux"),
    (lambda: Cevns("Ar40").generate(-0.03), "must be a positive energy"),
    (lambda: Cevns("Ar40").generate(0.03, events=0), "^events = 0 must"),
    (lambda: Cevns("Ar40").generate(0.03, engine="gpu"), "unknown engine 'gpu'"),
    (lambda: Cevns("Ar40").cross_section(0.03, rel_error=2.0), "^rel_error = 2.0 must lie between 0 and 1"),
    (lambda: Cevns("Ar40", "nutau").cross_section(flux=PIONS), "^no nutau from pi\\+ and mu\\+ decays at rest"),
    (lambda: Cevns("Ar40").cross_section(2e3), "reaches 2000 GeV .*; give energies up to 1000 GeV"),
    (
        lambda: Cevns("Ar40", recoil_min_keV=50.0).cross_section(0.03),
        r"^no recoil above recoil_min_keV = 50: the flux ends at 30 MeV .*; choose a lower recoil_min_keV",
    ),
]


@pytest.mark.parametrize(("make", "message"), WRONG)
def test_mistakes(make: Callable[[], object], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)


def test_a_moment_of_other_flavours_does_no_harm() -> None:
    assert Cevns("Ar40", "nue", model=MOMENT).recoil_min_keV == 0.0
    assert Cevns("Ar40", model=CevnsModel(scalar=LightScalar(0.0, 0.0))).recoil_min_keV == 0.0


LARGE = {
    "moment": CevnsModel(magnetic_moment=1e-8),
    "massless vector": CevnsModel(vector=LightVector(0.0, strength=1e-10)),
    "massless scalar": CevnsModel(scalar=LightScalar(0.0, 3e-10)),
}


@pytest.mark.parametrize("model", LARGE.values(), ids=LARGE)
def test_infrared_spectra_above_a_recoil(model: CevnsModel) -> None:
    """From a hundred-thousandth of the largest recoil on; what is added is more than the Standard Model."""
    process = Cevns("Ge74", "numu", model=model, recoil_min_keV=1e-4)
    edges = np.array([1e-4, largest_recoil_keV(process, process.source(PIONS))])
    exact = float(spectrum_in_bins(process, process.source(PIONS), edges)[0])
    found = process.cross_section(flux=PIONS, rel_error=1e-4, engine="numpy")
    assert abs(found.value - exact) < 4 * found.error + 1e-6 * exact
    standard = Cevns("Ge74", "numu").cross_section(flux=PIONS, engine="numpy").value
    assert found.value > 2.0 * standard


def test_the_mixing_angle_of_process_or_model_is_one() -> None:
    ours, models = Cevns("Ar40", sin2_theta_w=0.25), Cevns("Ar40", model=CevnsModel(0.25))
    assert ours.model == models.model
    assert ours.dsigma_dT(0.03, 1e-5) == models.dsigma_dT(0.03, 1e-5) != Cevns("Ar40").dsigma_dT(0.03, 1e-5)
    assert replace(ours, target="CsI").model.sin2_theta_w == 0.25


def test_radii_of_a_single_nuclide() -> None:
    usual, wide = Cevns("Cs133"), Cevns("Cs133", proton_radius_fm=4.8, neutron_radius_fm=5.2)
    assert wide.dsigma_dT(0.03, 1e-5) < usual.dsigma_dT(0.03, 1e-5)
    assert Cevns("Cs", proton_radius_fm=4.8).nuclides == (nuclide("Cs133"),)


def test_one_neutron_radius_for_caesium_and_iodine() -> None:
    """Half of the nuclei of CsI are caesium."""
    recoil = np.linspace(1e-7, 4e-5, 50)

    def mean(proton: tuple[float, float] | None, neutron: tuple[float, float]) -> NDArray[np.float64]:
        pairs = zip(("Cs133", "I127"), proton or (None, None), neutron, strict=True)
        return np.asarray(
            sum(Cevns(name, proton_radius_fm=p, neutron_radius_fm=n).dsigma_dT(0.05, recoil) for name, p, n in pairs)
            / 2.0
        )

    protons = {"Cs": 4.821, "I127": 4.766}
    for process, expected in (
        (Cevns("CsI", neutron_radius_fm=5.5), mean(None, (5.5, 5.5))),
        (Cevns("CsI", proton_radius_fm=protons, neutron_radius_fm=5.5), mean((4.821, 4.766), (5.5, 5.5))),
        (
            Cevns("CsI", proton_radius_fm=protons, neutron_radius_fm={"Cs133": 5.09, "I": 5.03}),
            mean((4.821, 4.766), (5.09, 5.03)),
        ),
        (Cevns("CsI", proton_radius_fm=protons, neutron_skin_fm=0.25), mean((4.821, 4.766), (5.071, 5.016))),
    ):
        np.testing.assert_allclose(process.dsigma_dT(0.05, recoil), expected, rtol=1e-12, atol=1e-60)
        assert process.signature == replace(process).signature  # of text and numbers
        assert hash(process.shape) is not None
    assert Cevns("Xe", neutron_radius_fm=4.9).shape.rms_radii_fm(nuclide("Xe132"))[1] == 4.9
    usual = Cevns("CsI").shape.rms_radii_fm(nuclide("I127"))
    assert Cevns("CsI", neutron_skin_fm=0.3).shape.rms_radii_fm(nuclide("I127"))[1] == pytest.approx(usual[0] + 0.3)
    assert "skin" not in Cevns("CsI").signature


def test_sources_and_what_of_them_scatters() -> None:
    process, only = Cevns("Ar40"), Cevns("Ar40", "nue")
    assert process.source(PIONS) is PIONS
    assert [c.name for c in only.source(PIONS).components] == ["delayed-nue"]
    flux = MuonDecay(0.3, -1, "numu", 50.0)
    assert process.source(flux).neutrinos == ("numu",)
    assert only.source(flux).neutrinos == ("nue",)  # a flux does not say whose it is
    assert process.sampled(PIONS).channels == ("prompt-numu/Ar40", "delayed-nue/Ar40", "delayed-numubar/Ar40")
    assert only.sampled(PIONS).channels == ("delayed-nue/Ar40",)
    averages = [Cevns("Ar40", name).cross_section(flux=PIONS, engine="numpy").value for name in PIONS.neutrinos]
    assert process.cross_section(flux=PIONS, engine="numpy").value == pytest.approx(
        sum(averages) / 3, rel=2e-3, abs=0.0
    )


def test_components_count_by_their_totals() -> None:
    """Two lines of 3:1."""
    lines = (Monochromatic(0.02, 3.0, "cm^-2 s^-1"), Monochromatic(0.04, 1.0, "cm^-2 s^-1"))
    source = Source(tuple(Component(f"line{i}", "nue", line) for i, line in enumerate(lines)), "two lines")
    process = Cevns("Ar40")
    one, two = (process.cross_section(line.energy_GeV, rel_error=1e-5, engine="numpy").value for line in lines)
    both = process.cross_section(flux=source, rel_error=1e-5, engine="numpy")
    assert both.value == pytest.approx(0.75 * one + 0.25 * two, rel=5e-5, abs=0.0)


def test_neutrinos_below_the_least_recoil_count_as_flux_that_makes_none() -> None:
    """Of the sun's neutrinos only 8B and hep can make a recoil of 1 keV, but the average is over all."""
    process, sun = Cevns("Ar40", recoil_min_keV=1.0), solar()
    parts = process.sampled(sun).parts
    assert {part.component.name.split("-")[0] for part in parts} == {"8B", "hep"}
    found = process.cross_section(flux=sun, engine="numpy")
    edges = np.array([1.0, largest_recoil_keV(process, sun)])
    assert abs(found.value - float(spectrum_in_bins(process, sun, edges)[0])) < 4 * found.error
    boron = solar(("8B",))
    alone = process.cross_section(flux=boron, engine="numpy")
    assert found.value == pytest.approx(alone.value * boron.total / sun.total, rel=0.01, abs=0.0)


def test_thresholds() -> None:
    assert Cevns("CsI").threshold_GeV() == 0.0
    above = Cevns("CsI", recoil_min_keV=1.0)
    mass, recoil = nuclide("I127").mass_GeV, 1 * KEV  # the lighter one
    assert above.threshold_GeV() == pytest.approx((recoil + math.sqrt(recoil * (recoil + 2 * mass))) / 2, rel=1e-12)
    assert Cevns("Ar40", model=CevnsModel(dipole=DipolePortal(5 * MEV, 1e-9))).threshold_GeV() == 0.0


def test_fluxes_with_a_threshold_inside_are_averaged_over_all_of_it() -> None:
    process, flux = Cevns("Ar40", recoil_min_keV=10.0), PowerLaw(2.0, 0.005, 0.05)
    found = process.cross_section(flux=flux, rel_error=1e-4, engine="numpy")
    spectrum = recoil_spectra(nuclide("Ar40"), "numu", process.model)[0]
    recoil = np.linspace(10.0, largest_recoil_keV(process, process.source(flux)), 4001) * KEV
    exact = float(np.trapezoid(averaged(flux, spectrum, recoil), recoil))
    assert abs(found.value - exact) < 4 * found.error + 1e-5 * exact


def test_events_say_what_they_are() -> None:
    process = Cevns("CsI", model=CevnsModel(dipole=DipolePortal(5 * MEV, 1e-9)), recoil_min_keV=0.5)
    events = process.generate(flux=PIONS, detector=Detector((Constant(0.1),)), events=500, engine="numpy", seed=4)
    attributes = events.attributes
    expected = {
        "process": "cevns",
        "reaction": "nu CsI -> nu or N CsI (coherent scattering, helm)",
        "neutrino": "numu,nue,numubar",
        "target": "CsI",
        "nuclides": "I127,Cs133",
        "form_factor": "helm",
        "recoil_min_keV": 0.5,
        "flux_total": PIONS.total,
        "flux_total_units": "cm^-2 POT^-1",
        "beam_pdg": "14,12,-14",
        "target_pdg": "1000531270,1000551330",
        "seed": 4,
        "n_trials": 500,
        "complete": 1,
        "sigma_units": "cm2",
    }
    assert {name: attributes[name] for name in expected} == expected
    assert json.loads(attributes["model"])["dipole"] == {"mass_GeV": 0.005, "mu_muB": 1e-9}
    names = attributes["channel_names"].split(",")
    assert len(names) == 12
    assert names[:2] == ["prompt-numu/I127", "prompt-numu/I127/upscattering"]
    assert [float(mass) for mass in attributes["target_mass_GeV"].split(",")] == [n.mass_GeV for n in process.nuclides]
    assert attributes["sigma"] == pytest.approx(float(np.sum(events["weight"])), rel=1e-13, abs=0.0)
    assert set(events.columns) >= {"quenched_energy", "observed_energy", "acceptance", "time", "p4_recoil"}
    assert Cevns("Ar40", "nuebar", "unit").line == "nuebar Ar40 -> nuebar Ar40 (coherent scattering, unit)"


def test_signatures_tell_processes_apart() -> None:
    base = Cevns("CsI")
    others = (
        Cevns("NaI"),
        Cevns("CsI", "numu"),
        Cevns("CsI", form_factor="unit"),
        Cevns("CsI", recoil_min_keV=1.0),
        Cevns("CsI", model=CevnsModel(couplings="radiative")),
    )
    found = {process.sampled(PIONS).signature for process in (base, *others)}
    found.add(base.sampled(stopped_pions(20.0, neutrinos=("nue",))).signature)
    assert len(found) == len(others) + 2
    # Neither the distance nor the pulse changes the integrand.
    assert base.sampled(stopped_pions(90.0, pulse="box", pulse_ns=10.0)).signature == base.sampled(PIONS).signature


@pytest.mark.parametrize("flux", [PIONS, Monochromatic(0.03)], ids=["source", "flux"])
def test_the_same_seed_gives_the_same_events(flux: Source | Flux) -> None:
    first, again, other = (Cevns("Ar40").generate(flux=flux, events=300, seed=s, engine="numpy") for s in (1, 1, 2))
    for name, values in first.columns.items():
        np.testing.assert_array_equal(again[name], values)
    assert not np.array_equal(other["recoil_energy"], first["recoil_energy"])


def test_the_process_is_public() -> None:
    assert tg.Cevns is Cevns
    assert tg.Cevns("Ar40").cross_section(energy=0.03, rel_error=1e-2).value > 0.0
