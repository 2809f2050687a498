"""How evenly the weights of events are spread, and that no corner of phase space breaks them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from tridentgen.engines.numpy_engine import NumpyEngine
from tridentgen.engines.proposal import ChannelProposal, Proposal
from tridentgen.engines.uniforms import PURPOSE_EVENTS, stream_number
from tridentgen.events.events import Events
from tridentgen.flux import Monochromatic, PowerLaw
from tridentgen.processes.trident.sampled import SampledTrident
from tridentgen.processes.trident.trident import Trident, all_channels
from tridentgen.sampling.train import train
from tridentgen.typing import Columns

FloatArray = NDArray[np.float64]
Channel = tuple[str, str, str]

ENGINE = NumpyEngine(threads=1)
EVENTS = stream_number(PURPOSE_EVENTS)
LIGHT = [channel for channel in all_channels() if not any("tau" in name for name in channel)]
ENERGIES = (1.0, 5.0, 30.0)
IN_TURN = list(zip(LIGHT, itertools.cycle(ENERGIES), strict=False))
"""Every channel at one of the energies."""


def measured(channel: Channel, energy: float, points: int | None, count: int) -> tuple[float, float]:
    """Return the share of effective events and the unweighting efficiency at an overweight share of 1e-4."""
    process = Trident(*channel).sampled(Monochromatic(energy))
    proposal = train(process, ENGINE, 1, points=points)
    _, weights = ENGINE.weights(process, proposal, 7, EVENTS, count)
    events = Events({"weight": weights}, {})
    return events.effective_share, events.unweighting_efficiency(1e-4)


@pytest.mark.parametrize(
    ("channel", "energy"),
    [
        pytest.param(channel, energy, marks=[] if (channel, energy) in IN_TURN else [pytest.mark.slow])
        for channel, energy in itertools.product(LIGHT, ENERGIES)
    ],
    ids=str,
)
def test_weights_are_even_after_a_short_training(channel: Channel, energy: float) -> None:
    """Every channel of electrons and muons on Ar40. Without cells, and with phi uniform, the share was 0.70-0.79."""
    share, efficiency = measured(channel, energy, 400_000, 100_000)
    assert share > 0.80
    assert efficiency > 0.08


@pytest.mark.slow
@pytest.mark.parametrize(("channel", "energy"), IN_TURN, ids=str)
def test_weights_are_even_after_the_default_training(channel: Channel, energy: float) -> None:
    share, efficiency = measured(channel, energy, None, 300_000)
    assert share > 0.85
    assert efficiency > 0.18


def test_every_event_counts_in_a_spectrum_and_on_all_targets() -> None:
    """Seven dimensions and six channels."""
    flux = PowerLaw(index=2.0, energy_min_GeV=1.0, energy_max_GeV=40.0)
    process = Trident("numu", "mu-", "mu+", regime="total").sampled(flux)
    proposal = train(process, ENGINE, 1, points=400_000)
    _, weights = ENGINE.weights(process, proposal, 7, EVENTS, 200_000)
    assert Events({"weight": weights}, {}).effective_share > 0.75


EXTREMES: dict[str, tuple[Channel, float]] = {
    "e e at 10 MeV": (("numu", "e-", "e+"), 0.01),
    "e e at 10 GeV": (("nue", "e-", "e+"), 10.0),
    "e e at 1 TeV": (("numu", "e-", "e+"), 1e3),
    "e e at 100 TeV": (("nuebar", "e-", "e+"), 1e5),
    "mu mu at threshold": (("numu", "mu-", "mu+"), 0.0),
    "tau tau at 1 TeV": (("nutau", "tau-", "tau+"), 1e3),
}
TARGETS = ("H1", "Ar40", "Pb208")


def extreme(case: str, target: str) -> SampledTrident:
    channel, energy = EXTREMES[case]
    trident = Trident(*channel, target=target, regime="total")
    return trident.sampled(Monochromatic(energy or 1.001 * trident.threshold_GeV()))


def uniform_proposal(process: SampledTrident) -> Proposal:
    """Uniform in every cube: far more points in the corners of phase space than a trained density has."""
    cube = ChannelProposal.uniform(process.dimensions, 8, (1,) * process.dimensions)
    count = len(process.channels)
    return Proposal((cube,) * count, np.full(count, 1.0 / count), 1.0, 1e-4, process.signature)


def check(process: SampledTrident, columns: Columns) -> None:
    """Finite, not negative, on shell and conserved to 1e-12 of the largest energy."""
    for name, values in columns.items():
        assert np.all(np.isfinite(values)), name
    for name in ("weight", "weight_ll", "weight_rr", "q2", "w2", "m2_ll"):
        assert np.all(columns[name] >= 0.0), name
    assert np.mean(columns["weight"] > 0.0) > 0.99
    masses = {part.target.regime: part.target.mass_GeV for part in process.parts}
    target_mass = np.array([masses[int(code)] for code in columns["regime"]])
    momenta = {name: columns[f"p4_{name}"] for name in ("nu_in", "nu_out", "minus", "plus", "recoil")}
    expected: dict[str, float | FloatArray] = {
        "nu_in": 0.0,
        "nu_out": 0.0,
        "minus": process.mass_minus,
        "plus": process.mass_plus,
        "recoil": target_mass,
    }
    largest = np.maximum(columns["e_nu"], momenta["recoil"][:, 0])
    for name, p in momenta.items():
        length = np.sqrt(np.sum(p[:, 1:] ** 2, axis=1))
        energy = np.sqrt(length**2 + np.broadcast_to(expected[name], length.shape) ** 2)
        assert np.max(np.abs(p[:, 0] - energy) / largest) < 1e-12, name
    before = momenta["nu_in"] + np.column_stack([target_mass, np.zeros((len(target_mass), 3))])
    after = sum(momenta[name] for name in ("nu_out", "minus", "plus", "recoil"))
    assert np.max(np.abs(before - after) / largest[:, None]) < 1e-12


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("case", EXTREMES)
def test_extreme_energies_and_targets_are_sampled_without_a_warning(case: str, target: str) -> None:
    """10^5 points each, uniform in the cubes."""
    process = extreme(case, target)
    with np.errstate(all="raise", under="ignore"):
        columns = ENGINE.events(process, uniform_proposal(process), 3, EVENTS, 0, 100_000)
    check(process, columns)


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("case", EXTREMES)
def test_ten_million_points_without_a_warning(case: str, target: str) -> None:
    """10^7 points over all cases, half of them from a trained density; training itself raises nothing either."""
    process = extreme(case, target)
    total = 10_000_000 // (len(EXTREMES) * len(TARGETS))
    with np.errstate(all="raise", under="ignore"):
        trained = train(process, ENGINE, 1, points=100_000)
        check(process, ENGINE.events(process, trained, 4, EVENTS, 0, total // 10))
        for proposal, count in ((trained, total // 2 - total // 10), (uniform_proposal(process), total // 2)):
            _, weights = ENGINE.weights(process, proposal, 3, EVENTS, count)
            assert np.all(np.isfinite(weights))
            assert weights.min() >= 0.0
    assert Events({"weight": weights}, {}).sum_weights > 0.0


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("case", EXTREMES)
def test_corners_of_the_cube_are_finite(case: str, target: str) -> None:
    """Every corner of the cube, where the random numbers are the smallest and largest there are, and the midpoints."""
    process = extreme(case, target)
    ends = (2.0**-53, 0.5, 1.0 - 2.0**-53)
    x = np.array(list(itertools.product(ends, repeat=process.dimensions))).T
    spare = np.random.default_rng(1).choice(ends, size=(3, x.shape[1]))
    with np.errstate(all="raise", under="ignore"):
        for channel in range(len(process.channels)):
            density = process.integrand(channel, x)
            assert np.all(np.isfinite(density))
            assert density.min() >= 0.0
            for name, values in process.event(channel, x, spare).items():
                for component in values if isinstance(values, tuple) else (values,):
                    assert np.all(np.isfinite(component)), name


def test_columns_are_what_the_momenta_say() -> None:
    """Masses, angles and recoil computed again from the momenta, in extended precision where they cancel."""
    events = Trident("numu", "mu-", "e+", regime="total").generate(5.0, events=50_000, engine="numpy")
    beam, minus, plus, recoil = (
        events[name].astype(np.longdouble) for name in ("p4_nu_in", "p4_minus", "p4_plus", "p4_recoil")
    )

    def square(p: NDArray[np.longdouble]) -> FloatArray:
        return np.asarray(p[:, 0] ** 2 - np.sum(p[:, 1:] ** 2, axis=1), dtype=float)

    def angle(p: NDArray[np.longdouble], k: NDArray[np.longdouble]) -> FloatArray:
        across = np.sqrt(np.sum(np.cross(p[:, 1:], k[:, 1:]) ** 2, axis=1))
        return np.asarray(np.arctan2(across, np.sum(p[:, 1:] * k[:, 1:], axis=1)), dtype=float)

    np.testing.assert_allclose(events["theta_minus"], angle(minus, beam), rtol=1e-9)
    np.testing.assert_allclose(events["theta_plus"], angle(plus, beam), rtol=1e-9)
    np.testing.assert_allclose(events["delta_theta"], angle(minus, plus), rtol=1e-8)
    np.testing.assert_allclose(events["m2_ll"], square(minus + plus), atol=1e-13 * 25)
    leptons = minus + plus + events["p4_nu_out"]
    np.testing.assert_allclose(events["w2"], square(leptons), atol=1e-12 * 25)
    np.testing.assert_allclose(events["q2"], -square(leptons - beam), atol=1e-12 * 25)
    mass = np.sqrt(square(recoil))
    kinetic = np.sum(events["p4_recoil"][:, 1:] ** 2, axis=1) / (events["p4_recoil"][:, 0] + mass)
    np.testing.assert_allclose(events["recoil_energy"], kinetic, rtol=1e-9)
    np.testing.assert_array_equal(events["e_nu"], 5.0)
    assert set(np.unique(events["regime"])) == {0, 1, 2}
    assert set(np.unique(events["channel"])) == {0, 1}
    parts = 4.0 * events["weight_ll"]  # V = A = 1: c_L = 2, c_R = 0
    np.testing.assert_allclose(events["weight"], parts, rtol=1e-12)
