from __future__ import annotations

import dataclasses

import pytest

from tests.events.synthetic import trident_events
from tests.events.synthetic_cevns import cevns_events
from tridentgen.plots import names


@pytest.mark.parametrize(
    ("neutrino", "leptons", "outgoing"),
    [
        ("numu", ("mu-", "mu+"), r"\nu_{\mu}"),
        ("numu", ("e-", "e+"), r"\nu_{\mu}"),
        ("numu", ("mu-", "e+"), r"\nu_{e}"),  # W only: the muon number goes into the muon
        ("numubar", ("e-", "mu+"), r"\overline{\nu}_{e}"),
        ("nutau", ("tau-", "tau+"), r"\nu_{\tau}"),
        ("nuebar", ("tau-", "e+"), r"\overline{\nu}_{\tau}"),
    ],
)
def test_the_reaction_balances_lepton_numbers(neutrino: str, leptons: tuple[str, str], outgoing: str) -> None:
    events = trident_events(10, neutrino=neutrino)
    named = {**events.attributes, "lepton_minus": leptons[0], "lepton_plus": leptons[1]}
    reaction = names.reaction_line(dataclasses.replace(events, attributes=named))
    out = reaction.split(r"\rightarrow ")[1]
    assert r"{}^{40}\mathrm{Ar}" in reaction
    assert out.endswith(r"\,X$")
    assert out.startswith(outgoing + "\\,")


@pytest.mark.parametrize("lepton", ["", "x", "mu", "l+"])
def test_a_strange_lepton_leaves_the_target_alone(lepton: str) -> None:
    events = trident_events(10, neutrino="numu")
    named = {**events.attributes, "lepton_plus": lepton}
    assert "rightarrow" in names.reaction_line(dataclasses.replace(events, attributes=named))


@pytest.mark.parametrize(
    ("target", "neutrinos", "line"),
    [
        ("CS2", "numu,nue", r"$\nu\,\mathrm{CS_{2}} \rightarrow \nu\,\mathrm{CS_{2}}$"),
        (
            "Ar40",
            "nuebar",
            r"$\overline{\nu}_{e}\,{}^{40}\mathrm{Ar} \rightarrow \overline{\nu}_{e}\,{}^{40}\mathrm{Ar}$",
        ),
        ("stainless-steel", "numu", r"$\nu_{\mu}\,A \rightarrow \nu_{\mu}\,A$"),
    ],
)
def test_coherent_scattering_leaves_the_nucleus_whole(target: str, neutrinos: str, line: str) -> None:
    events = cevns_events(3)
    named = {**events.attributes, "target": target, "neutrino": neutrinos}
    named["reaction"] = f"nu {target} -> nu {target} (coherent scattering, helm)"
    assert names.reaction_line(dataclasses.replace(events, attributes=named)) == line


def test_two_reactions_are_two_formulas() -> None:
    events = cevns_events(3)
    given = "numu e- -> mu- nue, nuebar e- -> mu- numubar (in Ar)"
    named = {**events.attributes, "target": "Ar", "neutrino": "numu,nuebar", "reaction": given}
    first = r"$\nu_{\mu}\,e^- \rightarrow \mu^-\,\nu_{e}$"
    second = r"$\overline{\nu}_{e}\,e^- \rightarrow \mu^-\,\overline{\nu}_{\mu}$"
    assert names.reaction_line(dataclasses.replace(events, attributes=named)) == f"{first},  {second}"


def test_nucleons_and_electrons_are_named() -> None:
    events = cevns_events(3)
    for reaction, neutrino, line in (
        ("nuebar p -> e+ n (in water)", "nuebar", r"$\overline{\nu}_{e}\,p \rightarrow e^+\,n$"),
        ("nu e- -> nu e- (in Ar)", "numu,nue", r"$\nu\,e^- \rightarrow \nu\,e^-$"),
    ):
        named = {**events.attributes, "neutrino": neutrino, "reaction": reaction}
        assert names.reaction_line(dataclasses.replace(events, attributes=named)) == line


def test_upscattering_names_the_heavy_lepton() -> None:
    line = names.reaction_line(cevns_events(3, finals=("", "upscattering")))
    assert r"\rightarrow (\nu\,\mathrm{or}\,N)\," in line


@pytest.mark.parametrize(
    ("name", "tex"),
    [
        ("prompt-numu", r"prompt $\nu_{\mu}$"),
        ("delayed-numubar", r"delayed $\overline{\nu}_{\mu}$"),
        ("8B-nue", r"${}^{8}\mathrm{B}$ $\nu_{e}$"),
        ("7Be-861-nutau", r"${}^{7}\mathrm{Be}$-861 $\nu_{\tau}$"),
        ("pp", "pp"),
        ("nuebar", r"$\overline{\nu}_{e}$"),
        ("100$", r"100\$"),
    ],
)
def test_components_are_written_as_physicists_do(name: str, tex: str) -> None:
    assert names.component_name(name) == tex


def test_powers_and_areas_in_the_beam_are_written_as_such() -> None:
    events = cevns_events(3)
    told = {**events.attributes, "flux": "3e+53 erg, 86 per cm^2, beam2e3.dat"}
    heading = names.heading(dataclasses.replace(events, attributes=told), 104)
    assert r"$3\times10^{53}$ erg, 86 per cm$^2$, beam2e3.dat" in heading
