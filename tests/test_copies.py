"""Pickles and deep copies of what `import tridentgen as tg` makes: the same process, the same bits."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pytest

import tridentgen as tg
from tridentgen import detector
from tridentgen.engines.c_printer import PrintedFunction
from tridentgen.engines.kernel_source import trace_event, trace_integrand
from tridentgen.engines.process import Process
from tridentgen.flux import NEUTRINOS, EnergyMap, Flux, MuonAtRest, TimeProfile, build_source
from tridentgen.flux.kinds import KINDS
from tridentgen.processes.nucleus import FORM_FACTORS as CEVNS_FORM_FACTORS
from tridentgen.processes.trident.epa import PHOTON_FLUXES
from tridentgen.processes.trident.targets import FORM_FACTORS, NUCLEON_FORM_FACTORS, REGIMES

T = TypeVar("T")


def unpickled(value: T) -> T:
    """Return what a pickle of `value` holds."""
    made: T = pickle.loads(pickle.dumps(value))  # noqa: S301 - bytes of our own
    return made


copied = pytest.mark.parametrize("copied", [unpickled, copy.deepcopy], ids=["pickle", "deepcopy"])
Copy = Callable[[Any], Any]

MONOCHROMATIC = tg.Monochromatic(5.0)
HISTOGRAM = tg.TabulatedFlux(np.array([1.0, 2.0, 5.0]), np.array([1.0, 0.5]), total_units="cm^-2 POT^-1")
FLUXES: dict[str, Flux] = {
    "monochromatic": MONOCHROMATIC,
    "power-law": tg.PowerLaw(2.0, 1.0, 10.0),
    "histogram": HISTOGRAM,
    "points": tg.TabulatedFlux(np.array([1.0, 2.0, 5.0]), np.array([1.0, 0.5, 0.0]), "linear"),
    "muon-decay": tg.MuonDecay(3.8, -1, "numu", 50.0, 2.0),
    "muon-at-rest": MuonAtRest("nue"),
}
OPTIONS: dict[str, dict[str, object]] = {
    "monochromatic": {"energy_GeV": 5.0},
    "power-law": {"index": 2, "energy_min_GeV": 1, "energy_max_GeV": 10},
    "histogram": {"edges_GeV": [0, 1, 3], "values": [1, 2]},
    "file": {"path": "flux.dat"},
    "facility": {"name": "dune-nd-fhc"},
    "muon-decay": {"muon_energy_GeV": 3.8, "muon": "mu-", "distance_m": 50},
    "pion-decay-at-rest": {"distance_m": 20, "pulse_fwhm_ns": 380},
    "reactor": {"thermal_power_GW": 3, "distance_m": 20},
    "solar": {"oscillation": "lma"},
    "atmospheric": {},
    "dsnb": {},
    "supernova": {"distance_kpc": 10},
}

STOPPED_PIONS = tg.stopped_pions(20.0, pulse="box", pulse_ns=600.0)
LINES = np.array([0.0, 5.0, 50.0])
DETECTORS = {
    "bare": tg.Detector((detector.Constant(1.0),)),
    "lindhard": tg.Detector(
        (detector.Lindhard(0.157, 3e-3),),
        detector.GaussianResolution(0.1, 0.2, 0.01),
        detector.SigmoidEfficiency(0.9, 1.0, 2.0),
        threshold_keVee=0.2,
    ),
    "tables": tg.Detector(
        (detector.TableQuenching(LINES + 0.1, np.array([0.1, 0.2, 0.3])),),
        detector.GammaResolution(9.56),
        detector.TableEfficiency(LINES, np.array([0.0, 0.5, 1.0])),
        detector.ConstantEfficiency(0.8),
        time_efficiency=detector.TimeEfficiency(0.0, 6000.0, 500.0, 900.0),
    ),
    "two nuclides": tg.Detector((detector.Polynomial((0.05, 4.0), 60.0), detector.linear_factor(0.2, 1e-4, 100.0))),
    "named": tg.Detector(
        (detector.quenching("csi", tg.nuclide("Cs133")), detector.quenching("none", tg.nuclide("I127")))
    ),
}

MODELS = {
    "standard": tg.CevnsModel(),
    "radiative": tg.CevnsModel(couplings="radiative", axial=True),
    "nsi": tg.CevnsModel(nsi=tg.Nsi(tg.FlavourMatrix(ee=0.1, emu=0.05))),
    "contact": tg.CevnsModel(ngi=tg.ContactNgi(scalar=0.1, tensor=0.2)),
    "vector": tg.CevnsModel(vector=tg.LightVector(0.03, strength=1e-8, charges="B-L")),
    "scalar": tg.CevnsModel(scalar=tg.LightScalar(0.03, 1e-9, 10.0, 11.0)),
    "tensor": tg.CevnsModel(tensor=tg.LightTensor(0.03, 1e-9)),
    "moment": tg.CevnsModel(magnetic_moment=tg.PerFlavour(e=1e-10, mu=1e-9)),
    "dipole": tg.CevnsModel(dipole=tg.DipolePortal(1e-3, 1e-9)),
}

TRIDENTS: dict[str, tg.Trident] = {
    **{f"form factor {name}": tg.Trident("numu", "mu-", "mu+", form_factor=name) for name in FORM_FACTORS},
    **{f"nucleon {name}": tg.Trident("numu", "mu-", "e+", regime="diffractive", nucleon_form_factor=name)
       for name in NUCLEON_FORM_FACTORS},
    **{f"regime {name}": tg.Trident("numubar", "mu-", "mu+", regime=name) for name in REGIMES},
    "not blocked": tg.Trident("nue", "e-", "e+", regime="proton", pauli_blocking=False),
    "zprime": tg.Trident("numu", "mu-", "mu+", zprime=tg.ZPrime(0.05, strength=1e-3)),
    **{f"photons {name}": tg.EpaTrident("numu", "mu-", "mu+", photon_flux=name)
       for name in PHOTON_FLUXES if name != "q-max"},
    "photons q-max": tg.EpaTrident("numu", "mu-", "mu+", photon_flux="q-max", q_max_GeV=0.1),
}  # fmt: skip

CEVNS: dict[str, tg.Cevns] = {
    **{f"form factor {name}": tg.Cevns("CsI", form_factor=name) for name in CEVNS_FORM_FACTORS},
    "radii": tg.Cevns("Ar40", "numu", proton_radius_fm=3.4, neutron_radius_fm=3.6),
    "hydrogen": tg.Cevns("CH4"),
    **{f"model {name}": tg.Cevns("Ge73", model=model, recoil_min_keV=0.1) for name, model in MODELS.items()},
}

SAMPLED: dict[str, Process] = {
    **{f"trident, {name}": trident.sampled(MONOCHROMATIC) for name, trident in TRIDENTS.items()},
    **{f"trident, flux {name}": TRIDENTS["regime total"].sampled(flux)
       for name, flux in FLUXES.items() if flux.energy_max_GeV > 1.0},
    **{f"cevns, {name}": cevns.sampled(STOPPED_PIONS) for name, cevns in CEVNS.items()},
    "cevns, sun": tg.Cevns("Xe132").sampled(tg.solar()),
    **{f"cevns, {name}": tg.Cevns("CsI").sampled(STOPPED_PIONS, response) for name, response in DETECTORS.items()},
}  # fmt: skip


def same_bits(first: Any, second: Any) -> bool:
    """Whether numbers or arrays, tuples or dictionaries of them, have the same bits."""
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(same_bits(first[key], second[key]) for key in first)
    if isinstance(first, tuple | list):
        return len(first) == len(second) and all(map(same_bits, first, second))
    return np.asarray(first).dtype == np.asarray(second).dtype and bool(
        np.asarray(first).tobytes() == np.asarray(second).tobytes()
    )


def same_kernel(first: PrintedFunction, second: PrintedFunction) -> bool:
    """Whether two kernels are compiled from one text and read the same numbers."""
    return first.text == second.text and same_bits((first.constants, first.tables), (second.constants, second.tables))


def same_map(first: EnergyMap, second: EnergyMap) -> bool:
    """Whether two fluxes are sampled alike."""
    u = (np.arange(1000) + 0.5) / 1000.0
    return same_bits(first(u), second(u))


@copied
@pytest.mark.parametrize("name", FLUXES)
def test_fluxes(name: str, copied: Copy) -> None:
    flux = FLUXES[name]
    again = copied(flux)
    assert type(again) is type(flux)
    assert (again.total, again.total_units, again.description) == (flux.total, flux.total_units, flux.description)
    assert same_map(flux.energy_map(0.01), again.energy_map(0.01))
    if not isinstance(flux, tg.TabulatedFlux):  # which is equal only to itself
        assert again == flux


@copied
@pytest.mark.parametrize("kind", [kind for kind in KINDS if KINDS[kind].projectile == NEUTRINOS])
def test_the_source_of_every_kind(kind: str, copied: Copy, tmp_path: Path) -> None:
    (tmp_path / "flux.dat").write_text("1 1e-9 2e-9 0 5e-9\n2 1e-9 2e-9 0 7e-9\n")
    source = build_source(kind, OPTIONS[kind], None if KINDS[kind].has_own_neutrinos else "numu", tmp_path)
    again = copied(source)
    assert isinstance(again, tg.Source)
    assert (again.total, again.description, again.neutrinos) == (source.total, source.description, source.neutrinos)
    for first, second in zip(source.components, again.components, strict=True):
        assert (first.name, first.time) == (second.name, second.time)
        assert same_map(first.flux.energy_map(0.0), second.flux.energy_map(0.0))


@copied
def test_the_halo(copied: Copy) -> None:
    halo = tg.halo(30.0, convention="baxter-2021", date="2026-06-02")
    again = copied(halo)
    assert again == halo
    assert (again.total, again.norm) == (halo.total, halo.norm)


@copied
def test_tables_stay_read_only(copied: Copy) -> None:
    again = copied(HISTOGRAM)
    for table in (again.energies_GeV, again.values):
        with pytest.raises(ValueError, match="read-only"):
            table[0] = 2.0
    efficiency = copied(detector.TableEfficiency(LINES, np.array([0.0, 0.5, 1.0])))
    with pytest.raises(ValueError, match="read-only"):
        efficiency._table.y[0] = 2.0


@copied
def test_times_of_arrival(copied: Copy) -> None:
    profile = TimeProfile((26.0, 2197.0), "gaussian", 380.0, 66.7)
    assert copied(profile) == profile


@copied
@pytest.mark.parametrize("name", DETECTORS)
def test_detectors(name: str, copied: Copy) -> None:
    response = DETECTORS[name]
    recoil, u, nuclide = np.linspace(1e-6, 6e-5, 50), np.linspace(0.01, 0.99, 50), np.arange(50) % 2 * 1.0

    def seen(by: tg.Detector) -> tuple[Any, Any]:
        observed = by.observed(recoil, u, nuclide)
        return observed, by.acceptance(recoil, observed, np.linspace(0.0, 7000.0, 50))

    before_use = copied(response)
    expected = seen(response)
    assert same_bits(expected, seen(before_use))
    assert same_bits(expected, seen(copied(response)))


@copied
@pytest.mark.parametrize("name", MODELS)
def test_models_of_cevns(name: str, copied: Copy) -> None:
    assert copied(MODELS[name]) == MODELS[name]
    assert repr(copied(MODELS[name])) == repr(MODELS[name])


@copied
@pytest.mark.parametrize("reaction", [*TRIDENTS.values(), *CEVNS.values()], ids=[*TRIDENTS, *CEVNS])
def test_reactions(reaction: tg.Trident | tg.Cevns, copied: Copy) -> None:
    again = copied(reaction)
    assert type(again) is type(reaction)
    assert again == reaction
    assert hash(again) == hash(reaction)
    assert again.signature == reaction.signature
    assert again.threshold_GeV() == reaction.threshold_GeV()


@copied
@pytest.mark.parametrize("name", SAMPLED)
def test_what_is_sampled(name: str, copied: Copy) -> None:
    process = SAMPLED[name]
    again = copied(process)
    assert again.signature == process.signature
    assert again.channels == process.channels
    random = np.random.Generator(np.random.Philox(1))
    x, spare = random.random((process.dimensions, 50)), random.random((process.spares, 50))
    for channel in range(min(2, len(process.channels))):
        assert same_kernel(trace_integrand(again, channel), trace_integrand(process, channel))
        assert same_kernel(trace_event(again, channel).function, trace_event(process, channel).function)
        assert same_bits(again.integrand(channel, x), process.integrand(channel, x))
        assert same_bits(again.event(channel, x, spare), process.event(channel, x, spare))


def test_equal_tridents_are_sampled_as_one() -> None:
    first, second = (tg.Trident("numu", "mu-", "mu+", regime="total").sampled(MONOCHROMATIC) for _ in range(2))
    assert first == second
    assert hash(first) == hash(second)
    assert first != tg.Trident("numu", "mu-", "mu+", regime="total", form_factor="helm").sampled(MONOCHROMATIC)


@pytest.mark.parametrize(
    ("reaction", "given"),
    [
        (tg.Trident("numu", "mu-", "mu+"), {"energy": 5.0}),
        (tg.EpaTrident("numu", "mu-", "mu+"), {"flux": HISTOGRAM}),
        (tg.Cevns("Ar40"), {"flux": STOPPED_PIONS.only("numubar"), "detector": DETECTORS["lindhard"]}),
    ],
    ids=["trident", "epa", "cevns"],
)
def test_events(reaction: Any, given: dict[str, Any]) -> None:
    events = reaction.generate(**given, events=200, seed=3)
    assert isinstance(events, tg.Events)
    again = unpickled(reaction).generate(**unpickled(given), events=200, seed=3)
    for found in (again, unpickled(events), copy.deepcopy(events)):
        assert same_bits(dict(events.columns), dict(found.columns))
        assert found.attributes == events.attributes
        assert found.schema == events.schema


@copied
def test_cross_sections(copied: Copy) -> None:
    reaction = tg.Cevns("Ar40", "numu")
    expected, found = (
        each.cross_section(0.03, rel_error=1e-2, engine="numpy") for each in (reaction, copied(reaction))
    )
    assert replace(found, seconds=expected.seconds) == expected


@copied
def test_photons_and_neutrinos(copied: Copy) -> None:
    photons = tg.PhotonNeutrino(tg.Trident("numu", "mu-", "mu+"), nodes=(4, 4, 4, 4))
    again = copied(photons)
    assert again == photons
    assert same_bits(again.sigmas([0.0, 0.01], [0.5, 1.0]), photons.sigmas([0.0, 0.01], [0.5, 1.0]))
    assert same_bits(again.h_transverse(5.0, 0.01, 0.5), photons.h_transverse(5.0, 0.01, 0.5))


def test_a_pickle_is_read_by_another_interpreter(tmp_path: Path) -> None:
    process = SAMPLED["trident, regime total"]
    x = np.full((process.dimensions, 3), 0.3)
    path = tmp_path / "process.pickle"
    path.write_bytes(pickle.dumps((process, x)))
    program = (
        "import pickle, sys; p, x = pickle.load(open(sys.argv[1], 'rb')); print(p.integrand(0, x).tobytes().hex())"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path)], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == process.integrand(0, x).tobytes().hex()
