"""Make the compact tables of CEvNS measurements in tridentgen/data/measurements from the public releases.

    python -m benchmarks.measurement_tables FOLDER [OUTPUT]

FOLDER holds the releases, which are not part of the project, each in a folder of its own: csi_2021 (ancillary files of
arXiv:2110.07730), lar_2020 (Zenodo 3903810), csi_2017 (Zenodo 1228631), xenonnt_cevns (Zenodo 20576156). A table has a
row for each bin, in the order of its axes: numbers of events, and of background and signal as expected there.
"""

from __future__ import annotations

import itertools
import sys
from pathlib import Path

import numpy as np

from tridentgen.typing import FloatArray

OUTPUT = Path(__file__).parents[1] / "tridentgen" / "data" / "measurements"

CSI_PE = np.array([8.0, 12.0, 16.0, 20.0, 24.0, 32.0, 40.0, 50.0, 60.0])
CSI_TIMES_US = np.array([0.0, 0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1.0, 2.0, 4.0, 6.0])
PER_US = 0.0494
"""Steady-state background falls as the efficiency in time does: the first pulse of a trace is kept."""

CSI_2017_PE = np.arange(6.0, 31.0, 2.0)
GWH_2017 = 7.47594
EFFICIENCY_2017 = (0.6655, 0.4942, 10.8507)
LAST_US = 6.0

LAR_PARTS = (
    ("events", "datanobkgsub"),
    ("cevns", "cevnspdf"),
    ("cevns_f90_up", "cevnspdf+1sigF90"),
    ("cevns_f90_down", "cevnspdf-1sigF90"),
    ("cevns_late", "cevnspdfCEvNSTimingMeanSyst"),
    ("brn", "brnpdf"),
    ("brn_energy_up", "brnpdf+1sigEnergy"),
    ("brn_energy_down", "brnpdf-1sigEnergy"),
    ("brn_late", "brnpdf+1sigBRNTimingMean"),
    ("brn_early", "brnpdf-1sigBRNTimingMean"),
    ("brn_narrow", "brnpdfBRNTimingWidthSyst"),
    ("delayed_brn", "delbrnpdf"),
    ("steady_state", "bkgpdf"),
)
LAR_STEPS = (10.0, 0.05, 0.5)
"""Widths of the bins in keVee, F90 and us; the release gives their centres."""


def main(arguments: list[str]) -> None:
    folder = Path(arguments[0])
    output = Path(arguments[1]) if len(arguments) > 1 else OUTPUT
    output.mkdir(parents=True, exist_ok=True)
    for name, make in (
        ("csi_2021", csi_2021), ("lar_2020", lar_2020), ("csi_2017", csi_2017), ("xenonnt_8b", xenonnt_efficiency),
    ):  # fmt: skip
        make(folder / ("xenonnt_cevns" if name == "xenonnt_8b" else name), output / f"{name}.csv")


def csi_2021(release: Path, output: Path) -> None:
    """Events, and what is expected of steady-state background, beam-related neutrons and neutrino-induced neutrons."""
    events = _histogram(release / "dataBeamOnC.txt")
    anti = _histogram(release / "dataBeamOnAC.txt")
    late = np.exp(-PER_US * CSI_TIMES_US)
    steady = anti.sum(axis=1, keepdims=True) * (late[:-1] - late[1:]) / (late[0] - late[-1])
    neutrons = [_product(release / f"{name}PE.txt", release / f"{name}Trec.txt") for name in ("brn", "nin")]
    columns = np.array([events, steady, *neutrons]).reshape(4, -1).T
    _write(
        output,
        [
            "COHERENT CsI[Na], full data set, 3.20e23 protons: bins of photoelectrons (PE) and of time",
            "steady_state: PE of the anti-coincidence events, times exp(-0.0494 t/us); brn, nin: the release's shapes",
            "source: ancillary files of arXiv:2110.07730",
            "cite: D. Akimov et al. (COHERENT), Phys. Rev. Lett. 129 (2022) 081801, arXiv:2110.07730",
        ],
        ["pe_low", "pe_high", "us_low", "us_high", "events", "steady_state", "brn", "nin"],
        np.asarray(np.hstack([_grid(CSI_PE, CSI_TIMES_US), columns]), dtype=np.float64),
    )


def _histogram(path: Path) -> FloatArray:
    values = np.loadtxt(path)
    return np.asarray(np.histogram2d(values[:, 0], values[:, 1], [CSI_PE, CSI_TIMES_US])[0])


def _product(pe: Path, time: Path) -> FloatArray:
    """Return events in the bins of a background given by its PE (normalised from 8 to 60) and times (numbers)."""
    light, late = np.loadtxt(pe), np.loadtxt(time)
    in_pe = np.histogram(light[:, 0], CSI_PE, weights=light[:, 1])[0]
    inside = (late[:, 0] > 0.0) & (late[:, 0] < LAST_US)
    in_time = np.histogram(late[inside, 0], CSI_TIMES_US, weights=late[inside, 1])[0]
    return np.asarray(np.outer(in_pe / np.sum(light[:, 1]), in_time))


def lar_2020(release: Path, output: Path) -> None:
    """Events and all templates of analysis A."""
    tables = [np.loadtxt(release / f"{name}.txt") for _, name in LAR_PARTS]
    for table in tables:
        assert np.array_equal(table[:, :3], tables[0][:, :3])
    sides = [tables[0][:, [axis]] + sign * 0.5 * LAR_STEPS[axis] for axis in range(3) for sign in (-1.0, 1.0)]
    _write(
        output,
        [
            "COHERENT CENNS-10 (liquid argon), analysis A, 13.8e22 protons: bins of observed energy, F90 and time",
            "cevns: 128 events expected; *_up, *_down, *_late, ...: the templates at one standard deviation",
            "source: Zenodo 3903810 (arXiv:2006.12659)",
            "cite: D. Akimov et al. (COHERENT), Phys. Rev. Lett. 126 (2021) 012002, arXiv:2003.10630",
        ],
        ["keVee_low", "keVee_high", "f90_low", "f90_high", "us_low", "us_high", *(name for name, _ in LAR_PARTS)],
        np.asarray(np.hstack([*sides, *(table[:, 3:] for table in tables)]), dtype=np.float64),
    )


def csi_2017(release: Path, output: Path) -> None:
    """Coincidence and anti-coincidence events of the first 6 us, and prompt neutrons."""
    rows = []
    prompt = np.loadtxt(release / "promptPDF.txt", delimiter=",")
    height, slope, centre = EFFICIENCY_2017
    kept = prompt[:, 1] * GWH_2017 * height / (1.0 + np.exp(-slope * (prompt[:, 0] - centre)))
    counts = [_counts_2017(release / f"data_{name}coincidence_beamOn.txt") for name in ("", "anti")]
    for low, high in itertools.pairwise(CSI_2017_PE):
        inside = (prompt[:, 0] > low) & (prompt[:, 0] < high)
        rows.append(
            [low, high, *(np.sum(c[(c[:, 0] > low) & (c[:, 0] < high), 2]) for c in counts), np.sum(kept[inside])]
        )
    _write(
        output,
        [
            "COHERENT CsI[Na], first light, 1.76e23 protons: bins of photoelectrons (PE), first 6 us",
            "events: coincidence with the beam; anti: before the beam; prompt_neutrons: expected, with the efficiency",
            "source: Zenodo 1228631 (arXiv:1804.09459)",
            "cite: D. Akimov et al. (COHERENT), Science 357 (2017) 1123, arXiv:1708.01294",
        ],
        ["pe_low", "pe_high", "events", "anti", "prompt_neutrons"],
        np.array(rows),
    )


def _counts_2017(path: Path) -> FloatArray:
    """Return PE, time and events of a file that may have lost its head, in the first 6 us."""
    lines = [line.split(",") for line in path.read_text().splitlines() if line[:1].isdigit()]
    values = np.array(lines, dtype=np.float64)
    return values[values[:, 1] < LAST_US]


def xenonnt_efficiency(release: Path, output: Path) -> None:
    """Efficiency of xenon recoils in the runs SR0 and SR1, whose events are in the publication."""
    lines = [line.split(",") for line in (release / "efficiency.csv").read_text().splitlines() if line.startswith("sr")]
    by_run = {run: [(float(x), float(y)) for name, x, y in lines if name == run] for run in ("sr0", "sr1")}
    assert [x for x, _ in by_run["sr0"]] == [x for x, _ in by_run["sr1"]]
    _write(
        output,
        [
            "XENONnT, solar 8B neutrinos, runs SR0 and SR1: share of xenon recoils that pass all cuts, nominal yields",
            "source: Zenodo 20576156, templates of monoenergetic recoils summed over their bins; CC-BY-4.0",
            "cite: E. Aprile et al. (XENON), Phys. Rev. Lett. 133 (2024) 191002, arXiv:2408.02877",
        ],
        ["recoil_keV", "sr0", "sr1"],
        np.array([[x, y, z] for (x, y), (_, z) in zip(by_run["sr0"], by_run["sr1"], strict=True)]),
    )


def _grid(*edges: FloatArray) -> FloatArray:
    """Return lower and upper edges on each axis of all bins, the last axis fastest."""
    places = np.indices([len(e) - 1 for e in edges]).reshape(len(edges), -1)
    return np.array([side for e, place in zip(edges, places, strict=True) for side in (e[place], e[place + 1])]).T


def _write(path: Path, head: list[str], names: list[str], rows: FloatArray) -> None:
    lines = [f"# {line}" for line in [*head, "made by benchmarks/measurement_tables.py"]]
    lines.append(",".join(names))
    lines += [",".join(f"{value:.6g}" for value in row) for row in rows]
    path.write_text("\n".join(lines) + "\n")
    print(f"{path.name}: {len(rows)} rows, {path.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    main(sys.argv[1:])
