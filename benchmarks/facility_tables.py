"""Make the compact tables of the facilities' fluxes in tridentgen/data/fluxes from the public ones.

    python -m benchmarks.facility_tables FOLDER [OUTPUT]

FOLDER holds the public tables, which are not part of the project. Neighbouring bins are merged, or points of a curve
left out, where the flux averages of 1 and of the trident cross sections of e- e+ and mu- mu+ change least, until
`MOST` are left. The number of neutrinos of merged bins stays the same. For each table it prints the rows before and
after, and the ratios of the averages to those of the public table.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from tridentgen.matter.particles import NEUTRINOS
from tridentgen.typing import FloatArray

MOST = 120
"""Bins or points of a table."""

CURVE = Path(__file__).parents[1] / "tests" / "reference" / "trident_sigma_argon.csv"
"""Cross sections of numu -> e- e+ and mu- mu+ on Ar40 at some energies."""

PER_POT = "cm^-2 GeV^-1 POT^-1"
DARKNEWS = "https://github.com/mhostert/DarkNews-generator (src/DarkNews/include/fluxes)"
SMITE = "https://github.com/mhostert/TridentSmite (fluxes)"
TAU = "https://github.com/DiegoLopezGutierrez/tau_tridents (csv/fluxes)"
DUNE = "https://home.fnal.gov/~ljf26/DUNEFluxes"
BNB = "MiniBooNE, Phys. Rev. D 79 (2009) 072002 (arXiv:0806.1449), describes the beam"
NUMI = "MINERvA, Phys. Rev. D 94 (2016) 092005 (arXiv:1607.00704), describes the beam"


@dataclass(frozen=True)
class Table:
    """Edges of N bins, N + 1 of them, or N points of a curve, in GeV, and N values of each neutrino per GeV."""

    energies: FloatArray
    values: Mapping[str, FloatArray]

    @property
    def is_binned(self) -> bool:
        """Whether the flux is constant in bins."""
        return len(self.energies) > len(next(iter(self.values.values())))


@dataclass(frozen=True)
class Facility:
    """A flux: what its head says, and how its public table is read.

    `own_file` are keys of [flux] with which a card of this flux reads a file given instead, those of the public table.
    """

    facility: str
    mode: str
    file: str
    read: Callable[[Path], Table]
    source: str
    reference: str
    normalisation: str
    units: str = PER_POT
    own_file: Mapping[str, str] = field(default_factory=dict)


def seven(scale: float = 1.0, width: float | None = None) -> Callable[[Path], Table]:
    """Read E and the six neutrinos: points, or centres of bins of a width, with values to be scaled."""

    def read(path: Path) -> Table:
        rows = np.loadtxt(path)
        energies = rows[:, 0]
        if width is not None:
            energies = np.append(energies - 0.5 * width, energies[-1] + 0.5 * width)
        return _table(energies, dict(zip(NEUTRINOS, rows.T[1:] * scale, strict=True)))

    return read


def icarus(path: Path) -> Table:
    """Read lower edges, with two digits; per m2, 50 MeV and 1e6 protons, whatever the width."""
    rows = np.loadtxt(path)
    edges = np.append(rows[:, 0], 2.0 * rows[-1, 0] - rows[-2, 0])
    return _table(edges, dict(zip(NEUTRINOS, rows.T[1:] * 1e-10 / 0.05, strict=True)))


def miniboone(path: Path) -> Table:
    """Read lower and upper edges, numu, numubar, nue, nuebar per cm2, POT and 50 MeV."""
    rows = np.loadtxt(path)
    names = ("numu", "numubar", "nue", "nuebar")
    return _table(np.append(rows[:, 0], rows[-1, 1]), dict(zip(names, rows.T[2:] / 0.05, strict=True)))


def t2k(path: Path) -> Table:
    """Read number, lower and upper edges, and the same four per cm2, 1e21 POT and 50 MeV, whatever the width."""
    lines = [line.split() for line in path.read_text(encoding="utf-8").splitlines()[2:]]
    rows = np.array([[float(word) for word in words] for words in lines if words])
    names = ("numu", "numubar", "nue", "nuebar")
    return _table(np.append(rows[:, 1], rows[-1, 2]), dict(zip(names, rows.T[3:] / (0.05 * 1e21), strict=True)))


def ingrid(path: Path) -> Table:
    """Read points of all neutrinos, 92.5 % of them numu, per m2, GeV and 1e20 POT."""
    rows = np.loadtxt(path, delimiter=",")
    return _table(rows[:, 0], {"numu": rows[:, 1] * 0.925 * 1e-24})


def ccfr(path: Path) -> Table:
    """Read edges and a relative number in each bin; scale it to as many numu as NuTeV has for a proton."""
    rows = np.loadtxt(path)
    edges = np.append(rows[:, 0], rows[-1, 1])
    nutev = np.loadtxt(path.parent / "NuTeV_FHC.dat")
    total = float(np.trapezoid(nutev[:, 2], nutev[:, 0]))
    return _table(edges, {"numu": rows[:, 2] / rows[:, 2].sum() * total / np.diff(edges)})


def minerva(path: Path) -> Table:
    """Read the only histogram, per m2, GeV and POT."""
    import uproot

    with uproot.open(path) as file:
        (histogram,) = file.values()
        return _table(histogram.axis().edges(), {"numu": histogram.values() * 1e-4})


def faser(path: Path) -> Table:
    """Read six files of centres of bins, ten to a decade, and neutrinos in each; through 25 cm x 25 cm."""
    codes = {"nue": 12, "numu": 14, "nutau": 16, "nuebar": -12, "numubar": -14, "nutaubar": -16}
    rows = {name: np.loadtxt(path.parent / f"FASER_{code}.txt") for name, code in codes.items()}
    centres = rows["numu"][:, 0]
    ratio = 10.0**0.1
    edges = np.concatenate([[10.0], 2.0 * centres[1:] / (1.0 + ratio), [2.0 * ratio * centres[-1] / (1.0 + ratio)]])
    return _table(edges, {name: each[:, 1] / 625.0 / np.diff(edges) for name, each in rows.items()})


def ship(path: Path) -> Table:
    """Read three curves, digitised at energies of their own, and interpolate them at those of numu."""
    rows = {
        name: np.loadtxt(path.parent / f"SHiP_{name.replace('nu', 'nu_')}.dat") for name in ("nue", "numu", "nutau")
    }
    energies = rows["numu"][:, 0]
    return _table(
        energies, {name: np.interp(energies, each[:, 0], each[:, 1], right=0.0) for name, each in rows.items()}
    )


def _table(energies: FloatArray, values: Mapping[str, FloatArray]) -> Table:
    """Return a table without the empty bins or points at both ends, those next to flux excepted."""
    filled = np.flatnonzero(np.any(list(values.values()), axis=0))
    first, last = int(filled[0]), int(filled[-1]) + 1
    if len(energies) == len(next(iter(values.values()))):
        first, last = max(first - 1, 0), min(last + 1, len(energies))
        return Table(energies[first:last], {name: each[first:last] for name, each in values.items()})
    return Table(energies[first : last + 1], {name: each[first:last] for name, each in values.items()})


SBN_POT = "absolute, per proton on target, as simulated"
FACILITIES: Mapping[str, Facility] = {
    "dune-nd-fhc": Facility(
        "DUNE near detector, 574 m", "neutrino mode (FHC), 120 GeV protons, optimised beam of November 2017",
        "DUNE_ND_FHC.dat", seven(width=0.25), DUNE, "DUNE, arXiv:2002.03005",
        "absolute, per proton on target, as simulated; some 10 % (hadron production, focusing)",
        own_file={"path": "DUNE_ND_FHC.dat", "points": "centre", "published_at": DUNE},
    ),
    "dune-nd-rhc": Facility(
        "DUNE near detector, 574 m", "antineutrino mode (RHC), 120 GeV protons, optimised beam of November 2017",
        "DUNE_ND_RHC.dat", seven(width=0.25), DUNE, "DUNE, arXiv:2002.03005",
        "absolute, per proton on target, as simulated; some 10 % (hadron production, focusing)",
        own_file={"path": "DUNE_ND_RHC.dat", "points": "centre", "published_at": DUNE},
    ),
    "sbnd": Facility(
        "SBND, Booster beam, 110 m", "neutrino mode", "sbnd_fhc.dat", seven(), DARKNEWS, BNB,
        "absolute, per proton on target; published rates of tridents ask for up to twice as much",
        own_file={"path": "sbnd_fhc.dat", "published_at": DARKNEWS},
    ),
    "miniboone": Facility(
        "MiniBooNE, Booster beam, 541 m", "neutrino mode", "MiniBooNE_nu_mode_flux.dat", miniboone,
        "MiniBooNE's data releases (April 2007 baseline)", "MiniBooNE, Phys. Rev. D 79 (2009) 072002 (arXiv:0806.1449)",
        "absolute, per proton on target; some 10 % for numu (arXiv:0806.1449)",
        own_file={"path": "MiniBooNE_FHC.dat", "points": "centre", "published_at": DARKNEWS},
    ),
    "microboone": Facility(
        "MicroBooNE, Booster beam, 470 m", "neutrino mode", "MicroBooNE_BNB_fullflux.txt", seven(20.0, 0.05),
        DARKNEWS, BNB, f"{SBN_POT}; some 10 % for numu",
        own_file={"path": "MicroBooNE_BNB_fullflux.txt", "per": "bin", "published_at": DARKNEWS},
    ),
    "icarus": Facility(
        "ICARUS, Booster beam, 600 m", "neutrino mode", "Flux_SBN_ICARUS.dat", icarus, f"{SMITE[:-1]}/SBN)",
        "proposal of the SBN programme, arXiv:1503.01520",
        "absolute, per proton on target, as simulated; agrees with MicroBooNE's scaled by 1/L^2 to some 10 %",
        own_file={"path": "Flux_SBN_ICARUS.dat", "area": "m2", "per": "50 MeV", "points": "edges", "pot": "1e6",
                  "published_at": f"{SMITE[:-1]}/SBN)"},
    ),
    "numi-le-fhc": Facility(
        "NuMI beam on axis, near hall (MINOS)", "neutrino mode, low energy", "NUMI_FHC_LE.dat", seven(), DARKNEWS, NUMI,
        "absolute by its comment, per proton on target; 100 digitised points, not checked against the publication",
        own_file={"path": "NUMI_FHC_LE.dat", "published_at": DARKNEWS},
    ),
    "numi-me-fhc": Facility(
        "NuMI beam on axis, near hall (MINOS+)", "neutrino mode, medium energy, 1 to 20 GeV", "NUMI_FHC_ME.dat",
        seven(), DARKNEWS, NUMI,
        "absolute, per proton on target, digitised; its integral is 2.5 % below that of MINERvA's table",
        own_file={"path": "NUMI_FHC_ME.dat", "published_at": DARKNEWS},
    ),
    "numi-me-rhc": Facility(
        "NuMI beam on axis, near hall (MINOS+)", "antineutrino mode, medium energy, 1 to 20 GeV", "NUMI_RHC_ME.dat",
        seven(), DARKNEWS, NUMI, "absolute by its comment, per proton on target, digitised; not checked",
        own_file={"path": "NUMI_RHC_ME.dat", "published_at": DARKNEWS},
    ),
    "minerva-me-fhc": Facility(
        "MINERvA, NuMI beam on axis, 1035 m", "neutrino mode, medium energy, before the constraint by electrons",
        "MINERvA_ME_Flux_No_Constraint.root", minerva, "MINERvA's data releases",
        "MINERvA, Phys. Rev. D 94 (2016) 092005 (arXiv:1607.00704), describes the method",
        "absolute, per proton on target; some 8 % before the constraint, which lowers it by about 10 %",
        own_file={"path": "NUMI_FHC_ME.dat", "published_at": DARKNEWS},
    ),
    "nova": Facility(
        "NOvA near detector, NuMI beam off axis, 1 km", "neutrino mode", "NOvA_FHC.dat", seven(), DARKNEWS,
        "NOvA's data release of 2017; Ballett et al., JHEP 01 (2019) 119 (arXiv:1807.10973), use it",
        "absolute by its comment, per proton on target; not checked, and a tail above 5 GeV matters for muon pairs",
        own_file={"path": "NOvA_FHC.dat", "published_at": DARKNEWS},
    ),
    "nd280": Facility(
        "T2K's ND280, 280 m, 2.5 degrees off axis", "neutrino mode, horns at 250 kA",
        "t2kflux_2013_nd280_horn250kA.txt", t2k, "T2K's data releases (2013)",
        "T2K, Phys. Rev. D 87 (2013) 012001 (arXiv:1211.0469)",
        "absolute, per proton on target; 10 to 15 %, before the fit to ND280 (arXiv:1211.0469)",
    ),
    "ingrid": Facility(
        "T2K's INGRID, 280 m, on axis, module 3", "neutrino mode, up to 4 GeV", "T2K_INGRID_neutrino_flux.csv", ingrid,
        f"{TAU[:-1]}/T2K/INGRID)", "T2K, Phys. Rev. D 93 (2016) 072002 (arXiv:1509.06940)",
        "absolute, per proton on target, digitised; 92.5 % of all neutrinos are taken to be numu",
        own_file={"path": "T2K_INGRID_neutrino_flux.csv", "column": "1", "area": "m2", "pot": "1.081e20",
                  "published_at": f"{TAU[:-1]}/T2K/INGRID)"},
    ),
    "nutev": Facility(
        "NuTeV, sign-selected quadrupole train, 800 GeV protons", "neutrino mode", "NuTeV_FHC.dat", seven(), DARKNEWS,
        "NuTeV, Phys. Rev. D 61 (2000) 092001", "per proton on target by its comment, digitised; not checked",
        own_file={"path": "NuTeV_FHC.dat", "published_at": DARKNEWS},
    ),
    "ccfr": Facility(
        "CCFR, quadrupole triplet, 800 GeV protons", "both signs; numu alone", "CCFR_numu.dat", ccfr,
        "https://github.com/DiegoLopezGutierrez/tau_tridents (TEG)", "CCFR, Phys. Rev. Lett. 66 (1991) 3117, used it",
        "none: only the shape is published; scaled to as many numu for a proton as NuTeV has, 1.04e-8 per cm2",
    ),
    "charm2": Facility(
        "CHARM II, CERN's wide-band beam", "neutrino mode", "CHARMII_FHC.dat", seven(1e-4), DARKNEWS,
        "CHARM II, Phys. Lett. B 245 (1990) 271, used it",
        "per m2 and proton on target by its comment, digitised; not checked",
        own_file={"path": "CHARMII_FHC.dat", "area": "m2", "published_at": DARKNEWS},
    ),
    "fasernu": Facility(
        "FASERnu at the LHC, 480 m", "14 TeV, 150 fb^-1", "FASER_14.txt", faser, TAU,
        "FASER, Eur. Phys. J. C 80 (2020) 61 (arXiv:1908.02310), describes the detector",
        "neutrinos of the whole exposure through 25 cm x 25 cm, an area that the table does not say; generators "
        "differ by a factor of two, more from charm",
        "cm^-2 GeV^-1 in 150 fb^-1",
    ),
    "ship": Facility(
        "SHiP, 400 GeV protons on a dump", "neutrinos and antineutrinos together", "SHiP_nu_mu.dat", ship, TAU,
        "as collected by that code", "none: digitised shapes, in proportion to each other", "relative",
    ),
}  # fmt: skip


# ---- what is left out


class Weights:
    """Integrals of 1, and of both cross sections, and of these times the energy, over intervals: shape (3, N)."""

    def __init__(self) -> None:
        with CURVE.open(encoding="utf-8") as file:
            rows = list(csv.DictReader(line for line in file if not line.startswith("#")))
        self._log_energy = np.log([float(row["energy_GeV"]) for row in rows])
        self._sigma = np.array([[float(row[name]) for row in rows] for name in ("ee_cm2", "mumu_cm2")]) * 1e40

    def moments(self, edges: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the integrals of the weights, and those of energy times weight, between neighbouring edges."""
        nodes, shares = np.polynomial.legendre.leggauss(20)
        half = 0.5 * np.diff(edges)[:, None]
        energy = edges[:-1, None] + half * (nodes + 1.0)
        at = np.log(np.maximum(energy, 1e-6))
        sigma = [np.interp(at, self._log_energy, each, left=0.0) for each in self._sigma]
        weights = np.array([np.ones_like(energy), *sigma]) * shares * half
        return weights.sum(axis=-1), (weights * energy).sum(axis=-1)


def averages(table: Table, weights: Weights) -> dict[str, FloatArray]:
    """Return the integrals of flux times 1, sigma(e e) and sigma(mu mu) for each neutrino."""
    zeroth, first = weights.moments(table.energies)
    found = {}
    for name, values in table.values.items():
        if table.is_binned:
            found[name] = zeroth @ values
        else:
            slope = np.diff(values) / np.diff(table.energies)
            found[name] = zeroth @ (values[:-1] - slope * table.energies[:-1]) + first @ slope
    return found


def compact(table: Table, weights: Weights, most: int = MOST) -> Table:
    """Return the table with at most so many bins or points."""
    names = [name for name, each in table.values.items() if each.any()]
    whole = averages(table, weights)
    while len(next(iter(table.values.values()))) > most:
        zeroth, first = weights.moments(table.energies)
        worst = np.zeros(len(table.energies) - 2)
        for name in names:
            values, energies = table.values[name], table.energies
            if table.is_binned:
                merged = _merged(values, energies)
                change = merged * (zeroth[:, :-1] + zeroth[:, 1:]) - (
                    values[:-1] * zeroth[:, :-1] + values[1:] * zeroth[:, 1:]
                )
            else:
                slope = np.diff(values) / np.diff(energies)
                old = zeroth * (values[:-1] - slope * energies[:-1]) + first * slope
                across = (values[2:] - values[:-2]) / (energies[2:] - energies[:-2])
                new = (zeroth[:, :-1] + zeroth[:, 1:]) * (values[:-2] - across * energies[:-2]) + (
                    first[:, :-1] + first[:, 1:]
                ) * across
                change = new - old[:, :-1] - old[:, 1:]
            scale = np.where(whole[name] > 0.0, whole[name], 1.0)
            worst = np.maximum(worst, np.abs(change / scale[:, None]).max(axis=0))
        table = _without(table, int(np.argmin(worst)))
    return table


def _merged(values: FloatArray, edges: FloatArray) -> FloatArray:
    width = np.diff(edges)
    return np.asarray((values[:-1] * width[:-1] + values[1:] * width[1:]) / (width[:-1] + width[1:]))


def _without(table: Table, inner: int) -> Table:
    """Return the table without an edge or point, `inner` of those that are not at an end."""
    energies = np.delete(table.energies, inner + 1)
    if not table.is_binned:
        return Table(energies, {name: np.delete(values, inner + 1) for name, values in table.values.items()})
    shorter = {}
    for name, values in table.values.items():
        shorter[name] = np.delete(values, inner + 1)
        shorter[name][inner] = _merged(values, table.energies)[inner]
    return Table(energies, shorter)


def text_of(facility: Facility, table: Table, rows: int) -> str:
    """Return the file: its head, and rows of E and six neutrinos."""
    what = "bins" if table.is_binned else "points"
    left = len(next(iter(table.values.values())))
    kept = f"all {rows} {what}" if left == rows else f"{rows} {what} reduced to {left}"
    energies = "lower edges of bins; the last row ends the last one" if table.is_binned else "points of a curve"
    head = {
        "facility": facility.facility,
        "mode": facility.mode,
        "units": facility.units,
        "source": f"{facility.source}: {facility.file}",
        "reference": facility.reference,
        "normalisation": facility.normalisation,
        "made": f"{kept} of the public table by benchmarks/facility_tables.py",
        "energies": energies,
        **({"own file": "; ".join(f"{key} = {value}" for key, value in facility.own_file.items())}
           if facility.own_file else {}),
    }  # fmt: skip
    lines = [f"# {key}: {value}" for key, value in head.items()]
    lines.append(f"# E/GeV {' '.join(NEUTRINOS)}")
    zeros = np.zeros(len(table.energies))
    columns = [zeros.copy() for _ in NEUTRINOS]
    for column, name in zip(columns, NEUTRINOS, strict=True):
        column[:left] = table.values.get(name, zeros[:left])
    for energy, *values in zip(table.energies, *columns, strict=True):
        lines.append(" ".join([f"{energy:.6g}", *(f"{value:.4e}" if value else "0" for value in values)]))
    return "\n".join(lines) + "\n"


def main() -> None:
    folder = Path(sys.argv[1])
    output = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(__file__).parents[1] / "tridentgen" / "data" / "fluxes"
    weights = Weights()
    for name, facility in FACILITIES.items():
        full = facility.read(folder / facility.file)
        rows = len(next(iter(full.values.values())))
        short = compact(full, weights)
        path = output / f"{name}.dat"
        path.write_text(text_of(facility, short, rows), encoding="utf-8")
        before, after = averages(full, weights), averages(short, weights)
        beam = "numubar" if "rhc" in name else "numu"
        with np.errstate(invalid="ignore"):
            one, ee, mumu = after[beam] / before[beam]
        worst = max(np.abs(after[each] / before[each] - 1.0)[before[each] > 0.0].max()
                    for each in before if before[each][0] > 0.0)  # fmt: skip
        size = path.stat().st_size
        kept = len(next(iter(short.values.values())))
        print(f"{name:15} {rows:3} -> {kept:3} {size:6} bytes; {before[beam][0]:.4g} {one:.5f} ee {ee:.5f} "
              f"mumu {mumu:.5f}; worst of all neutrinos {worst:.1e}")  # fmt: skip


if __name__ == "__main__":
    main()
