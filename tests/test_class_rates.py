"""Expected events by class and in bins of an energy, as `tridentgen rate` lists them."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

import tridentgen as tg
from tests.command_line import Command
from tridentgen.analysis.class_rates import round_edges
from tridentgen.cards import read_card
from tridentgen.runs.job import beam_of

FAST = ["--set", "sampling.events=20000", "--set", "sampling.training_points=20000", "--engine", "numpy"]


def test_components_are_those_of_their_own_cross_sections(cli: Command) -> None:
    """Some components of the Sun alone, integrated; within 4 standard deviations."""
    found = cli("rate", "borexino_be7_pep", *FAST, "--json").json
    card = read_card("borexino_be7_pep")
    source = beam_of(card)
    assert isinstance(source, tg.Source)
    whole = card.reaction.cross_section(flux=source, engine="numpy", rel_error=3e-3).value * source.total
    for component in source.components[::4]:
        alone = tg.Source((component,), component.name)
        share = card.reaction.cross_section(flux=alone, engine="numpy", rel_error=3e-3).value * alone.total / whole
        row = found["by_component"][component.name]
        assert abs(row["events"] - share * found["events"]) < 4.0 * row["events_error"]
    for classes in ("by_component", "by_flavour", "by_isotope"):
        assert sum(row["events"] for row in found[classes].values()) == pytest.approx(found["events"])


def test_a_spectrum_is_that_of_the_formula(cli: Command, tmp_path: Path) -> None:
    """Of numu at 10 MeV: dsigma/dT ~ g_L^2 + g_R^2 (1 - T/E)^2 - g_L g_R m T/E^2, integrated over each bin by hand."""
    flux = 'kind = "histogram"\nedges_GeV = [0.0099999, 0.0100001]\nvalues = [1e-6]\narea = "cm2"'
    sampling = 'events = 30000\nengine = "numpy"\ntraining_points = 20000'
    (tmp_path / "e.toml").write_text(
        f'[process]\nkind = "nu-e"\nneutrino = "numu"\ntarget = "H1"\n[flux]\n{flux}\n[sampling]\n{sampling}\n'
    )
    found = cli("rate", tmp_path / "e.toml", "--json")
    bins = found.json["spectrum"]
    assert (bins["column"], bins["units"]) == ("electron_energy", "MeV")
    mass, energy, s2 = 0.51099895, 10.0, 0.23863
    last = 2.0 * energy**2 / (mass + 2.0 * energy)
    left, right = s2 - 0.5, s2

    def below(t: float) -> float:
        return (
            left**2 * t
            + right**2 * energy / 3.0 * (1.0 - (1.0 - t / energy) ** 3)
            - (left * right * mass * t**2 / (2.0 * energy**2))
        )

    edges = [*bins["edges"], last]
    for low, high, row in zip(edges[:-1], edges[1:], bins["bins"], strict=True):
        share = (below(high) - below(low)) / below(last)
        assert abs(row["events"] - share * found.json["events"]) < 4.0 * row["events_error"]


def test_channels_of_one_component_are_listed_together(cli: Command) -> None:
    """The channels of the dipole portal are components on nuclides with final states."""
    found = cli("rate", "hnl_gamma_argon", *FAST, "--json").json
    for classes in ("by_component", "by_flavour", "by_isotope", "by_final_state"):
        assert sum(row["events"] for row in found.get(classes, {}).values()) in (0, pytest.approx(found["events"]))
    assert set(found["by_final_state"]) == {"upscattering", "upscattering-proton", "upscattering-neutron"}


def test_what_says_the_same_is_listed_once(cli: Command) -> None:
    found = cli("rate", "dune_nd_imd", *FAST)
    assert "component numu " in found.out
    assert "flavour" not in found.out


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0.0, 10.0, list(range(10))),
        (0.0, 60.0, [5.0 * n for n in range(12)]),
        (56.0, 60.0, [0.0, 56.5, 57.0, 57.5, 58.0, 58.5, 59.0, 59.5]),
        (7.0, 7.0, [0.0]),
        (0.0, 0.0, [0.0]),
    ],
)
def test_edges_are_round(low: float, high: float, expected: list[float]) -> None:
    values = np.linspace(low, high, 20_001)
    found = round_edges(values, np.ones(len(values)))
    assert found.tolist() == pytest.approx(expected, abs=1e-9)


def test_edges_of_a_wide_spectrum_are_logarithmic() -> None:
    values = np.geomspace(1e-3, 1e3, 20_001)
    found = round_edges(values, np.ones(len(values)))
    assert found[0] == 0.0
    ratios = found[2:] / found[1:-1]
    assert np.all((ratios > 1.9) & (ratios < 2.6))
    assert math.isclose(found[-1], 500.0)
