"""The measurements that come with the package, each from its table and the response of a card.

What differs from the publications is listed in ``docs/fits.md``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from tridentgen.analysis.recoil_counts import DetectorResponse, Runs
from tridentgen.cards import Card, CardError, read_card
from tridentgen.detector import Detector, Polynomial, SigmoidEfficiency
from tridentgen.detector.arrival import arrival_shares
from tridentgen.errors import InputError, nearest
from tridentgen.fits.dataset import Axis, Background, Dataset
from tridentgen.fits.shapes import InTime, Templates, in_time, shifted
from tridentgen.fits.signal import cevns_of, detector_for, signal_of, source_of
from tridentgen.fits.tables import measurement_table
from tridentgen.typing import FloatArray

FLUX_ERROR = 0.10
"""Relative error of the neutrinos per proton at the Spallation Neutron Source."""

_SNS = MappingProxyType({"flux": "SNS flux"})

_CSI_TIME_NS = 250.0
_CSI_LIGHT = (
    ((0.0613632, 3.51547, -85.5548, 595.562), (0.0495624, 5.09815, -137.858, 1085.2)),
    ((0.055413, 3.93597, -93.1045, 630.092), (0.0555126, 4.67765, -130.309, 1050.68)),
)
"""Quenching at one standard deviation of both modes, up and down, in MeV as in the release."""
_CSI_LIGHT_TO_KEV = 60.0
_CSI_EFFICIENCY = ((1.3439, 0.285366, 9.84596, -0.356364), (1.297, 0.286592, 11.8832, -0.31028))

_LAR_REST = 0.079
"""Relative error of the number of CEvNS in argon without that of the flux: 128 +- 17 is 13 %, 10 % of it the flux."""
_LAR_EXPECTED = {"brn": 160.0 / 497.0, "delayed_brn": 1.0, "steady_state": 25.0 / 3154.0}
_LEAST_OF_TEMPLATE = 0.05
"""Events in a bin of energy from which the release's template gives its shape in F90 and time."""

_CSI_2017_RATE = 0.28
_CSI_2017_NEUTRONS = 0.25

_XENONNT_SHARES = np.array([1.174398, 2.342593]) / 3.516991
_XENONNT_EVENTS = (9.0, 28.0)
_XENONNT_ACCIDENTAL = ((7.5, 0.7), (17.8, 1.0))
_XENONNT_ER, _XENONNT_NEUTRONS = (0.7, 0.7), (0.5, 0.25)
_XENONNT_EFFICIENCY = 0.36
"""Relative error of the expected 11.9 +4.5 -4.2 events, of which the flux is 4 %."""


def csi_2021(card: Card) -> Dataset:
    """COHERENT's full CsI data: photoelectrons and time."""
    table, detector = measurement_table("csi_2021"), _detector(card)
    pe, us = table.edges("pe_low", "pe_high"), table.edges("us_low", "us_high")
    quenchings = [
        tuple(replace(detector, quenchings=(Polynomial(each, _CSI_LIGHT_TO_KEV),)) for each in pair)
        for pair in _CSI_LIGHT
    ]
    per_keV = detector.light_yield or 1.0
    kept = tuple(replace(detector, efficiency=SigmoidEfficiency(*each, per_keV=per_keV)) for each in _CSI_EFFICIENCY)
    varied = {"light_0": quenchings[0], "light_1": quenchings[1], "efficiency": kept}
    response = DetectorResponse(detector, pe / per_keV, varied)  # type: ignore[arg-type]
    columns = table.columns
    source = source_of(card)
    return Dataset(
        "csi-2021",
        card.title,
        (Axis("PE", "", pe), Axis("time", "us", us)),
        columns["events"],
        (
            Background("steady_state", columns["steady_state"], 0.021),
            Background("brn", columns["brn"], 0.25),
            Background("nin", columns["nin"], 0.35),
        ),
        {"flux": FLUX_ERROR},
        signal_of(card, response),
        shifted(source.components, detector.time_efficiency, us * 1e3, _CSI_TIME_NS),
        cevns_of(card),
        cite=table.cite,
        shared=_SNS,
    )


def lar_2020(card: Card) -> Dataset:
    """COHERENT's liquid argon, analysis A: energy, F90 and time."""
    table, detector = measurement_table("lar_2020"), _detector(card)
    edges = {axis: table.edges(f"{axis}_low", f"{axis}_high") for axis in ("keVee", "f90", "us")}
    columns = table.columns
    signal = signal_of(card, DetectorResponse(detector, edges["keVee"]))

    def change(up: str, down: str) -> FloatArray:
        return 0.5 * (columns[up] - columns[down])

    modes = {
        "brn_energy": change("brn_energy_up", "brn_energy_down"),
        "brn_time": change("brn_late", "brn_early"),
        "brn_width": columns["brn_narrow"] - columns["brn"],
    }
    return Dataset(
        "lar-2020",
        card.title,
        (Axis("E", "keVee", edges["keVee"]), Axis("F90", "", edges["f90"]), Axis("time", "us", edges["us"])),
        columns["events"],
        tuple(
            Background(name, columns[name], sigma, modes if name == "brn" else {})
            for name, sigma in _LAR_EXPECTED.items()
        ),
        {"flux": FLUX_ERROR, "rate": _LAR_REST},
        signal,
        _lar_shape(columns, edges["keVee"], edges["us"]),
        cevns_of(card),
        cite=table.cite,
        shared=_SNS,
    )


def _lar_shape(columns: Mapping[str, FloatArray], keVee: FloatArray, us: FloatArray) -> Templates:
    """Return the release's templates per count that the shipped card expects, prompt and delayed neutrinos apart."""
    card = read_card("lar_2020")
    source = source_of(card)
    expected = signal_of(card, DetectorResponse(_detector(card), keVee)).counts(cevns_of(card))[0]
    shares = np.array([arrival_shares(c.time, us * 1e3) for c in source.components])
    bins = (len(keVee) - 1, -1, len(us) - 1)
    nominal, f90_up, f90_down, late = (
        columns[name].reshape(bins) for name in ("cevns", "cevns_f90_up", "cevns_f90_down", "cevns_late")
    )
    in_time = expected[:, :, None] * shares[:, None, :]
    of_component = in_time / np.maximum(np.sum(in_time, axis=0), 1e-300)  # (C, B, T)

    def weights(template: FloatArray) -> FloatArray:
        last = int(np.max(np.nonzero(np.sum(nominal, axis=(1, 2)) > _LEAST_OF_TEMPLATE)[0]))
        place = np.minimum(np.arange(len(template)), last)
        each = of_component[:, place, None, :] * template[place]
        counted = expected[:, place, None, None]
        found = each / np.where(counted > 0.0, counted, np.inf)
        return np.asarray(found.reshape(*found.shape[:2], -1))

    changes = np.array([weights(0.5 * (f90_up - f90_down)), weights(late - nominal)])
    return Templates(weights(nominal), changes, ("f90", "time"))


def csi_2017(card: Card) -> Dataset:
    """COHERENT's first light in CsI: photoelectrons alone, with Gaussian errors."""
    table, detector = measurement_table("csi_2017"), _detector(card)
    pe = table.edges("pe_low", "pe_high")
    columns = table.columns
    neutrons = columns["prompt_neutrons"]
    return Dataset(
        "csi-2017",
        card.title,
        (Axis("PE", "", pe),),
        columns["events"] - columns["anti"],
        (Background("brn", neutrons, _CSI_2017_NEUTRONS),),
        {"rate": _CSI_2017_RATE},
        signal_of(card, DetectorResponse(detector, pe / (detector.light_yield or 1.0))),
        in_time(source_of(card).components, detector.time_efficiency, None),
        cevns_of(card),
        variance=columns["events"] + columns["anti"] + neutrons,
        cite=table.cite,
        part_of=("csi-2021",),
    )


def xenonnt_8b(card: Card) -> Dataset:
    """Solar 8B neutrinos in XENONnT: the number of events in each of two runs."""
    table = measurement_table("xenonnt_8b")
    efficiency = np.array([table.columns["sr0"], table.columns["sr1"]])
    response = Runs(table.columns["recoil_keV"], efficiency, _XENONNT_SHARES)
    components = source_of(card).components
    accidental = [
        Background(f"accidental_{run}", np.eye(2)[run] * number, error / number)
        for run, (number, error) in enumerate(_XENONNT_ACCIDENTAL)
    ]
    shared = [
        Background(name, number * _XENONNT_SHARES, error / number)
        for name, (number, error) in (("electronic", _XENONNT_ER), ("neutron", _XENONNT_NEUTRONS))
    ]
    return Dataset(
        "xenonnt-8b",
        card.title,
        (Axis("run", "", np.array([]), ("SR0", "SR1")),),
        np.array(_XENONNT_EVENTS),
        (*accidental, *shared),
        {"flux": 0.04, "efficiency": _XENONNT_EFFICIENCY},
        signal_of(card, response),
        InTime(np.ones((len(components), 1, 1))),
        cevns_of(card),
        cite=table.cite,
    )


def _detector(card: Card) -> Detector:
    """Return the detector of a card; raise `CardError` if it has none."""
    detector = detector_for(card)
    if detector is None:
        raise CardError(f"{card.where(('fit',))}: fit.data: these data need the table [detector]; take it from a "
                        "built-in card")  # fmt: skip
    return detector


MEASURED: Mapping[str, Callable[[Card], Dataset]] = MappingProxyType(
    {"csi-2021": csi_2021, "lar-2020": lar_2020, "csi-2017": csi_2017, "xenonnt-8b": xenonnt_8b}
)
"""Data sets by name."""


def measured(name: str, card: Card) -> Dataset:
    """Return a data set by name, as predicted with a card; raise `InputError` for an unknown name."""
    spelt = name.replace("_", "-")
    if spelt not in MEASURED:
        raise InputError(
            f"fit.data: unknown measurement '{name}'{nearest(spelt, MEASURED)}; known are {', '.join(MEASURED)}, or "
            "give a file, whose name ends in .txt, .dat or .csv"
        )
    return MEASURED[spelt](card)
