"""Fluence files of snewpy in its three layouts, made here by hand; what the package itself writes is in test_snewpy."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import tridentgen as tg
from tests.command_line import Command
from tridentgen.errors import FileError, InputError, TridentgenError
from tridentgen.flux import Source, TabulatedFlux, TabulatedProfile, build_source, read_flux
from tridentgen.plots.axes import axes_of

TABLE = Path(__file__).parent / "cases" / "snewpy_fluence.dat"
TEXT = TABLE.read_text(encoding="utf-8")
ORDER = ("nue", "numu", "nutau", "nuebar", "numubar", "nutaubar")


def source_of(path: Path, **options: object) -> Source:
    return build_source("file", {"path": str(path), **options}, None, Path())


def totals(source: Source) -> dict[str, float]:
    return {component.name: component.flux.total for component in source.components}


def archive(path: Path, members: Mapping[str, str], mode: str = "w:bz2") -> Path:
    """Write an archive as snewpy 1.3 did: an empty file of parameters first."""
    with tarfile.open(path, mode) as tar:  # type: ignore[call-overload]
        tar.addfile(tarfile.TarInfo("parameterinfo"), io.BytesIO())
        for name, text in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(text.encode())
            tar.addfile(info, io.BytesIO(text.encode()))
    return path


def table(middle: float, width: float = 1.0, scale: float = 1.0) -> str:
    rows = np.loadtxt(TABLE)
    rows[:, 1:] *= scale
    lines = TEXT.split("\n")
    head = lines[0].replace("TBinMid=0.5 s", f"TBinMid={middle:g} s").replace("TBinWidth=1 s", f"TBinWidth={width:g} s")
    return "\n".join([head, lines[1], *("".join(f"{x:17.8E}" for x in row) for row in rows)])


# ---- tables


def test_a_table_is_per_bin_of_0_2_mev() -> None:
    """Six columns in order, numbers per cm^2 and 0.2 MeV at points in energy: their sum, since both ends are zero."""
    source = source_of(TABLE)
    assert source.total_units == "cm^-2"
    assert totals(source) == pytest.approx({name: 7e6 * (i + 1) for i, name in enumerate(ORDER)}, rel=1e-12)
    flux = read_flux(TABLE, neutrino="nuebar")
    np.testing.assert_allclose(flux.energies_GeV, 2e-4 * np.arange(6), rtol=1e-12)
    assert flux.values[2] == pytest.approx(8e6 / 2e-4)
    assert "per cm2, 0.2 MeV and burst; linear" in flux.description
    assert all(component.time is None for component in source.components)


def test_another_width_of_energy_bins(tmp_path: Path) -> None:
    """The numbers are per width in the head, whatever the distance of the energies is."""
    path = tmp_path / "x.dat"
    path.write_text(TEXT.replace("EBinWidth=0.2MeV", "EBinWidth=0.1MeV"), encoding="utf-8")
    assert totals(source_of(path))["nue"] == pytest.approx(14e6, rel=1e-12)


@pytest.mark.parametrize(
    "options", [{"format": "snewpy"}, {"area": "cm2"}, {"per": "0.2 MeV"}, {"time": "burst"}, {"energy_unit": "GeV"}]
)
def test_keys_that_agree(options: dict[str, str]) -> None:
    assert totals(source_of(TABLE, **options))["numu"] == pytest.approx(14e6, rel=1e-12)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"area": "m2"}, "fluence.dat:1: .* says area = 'cm2', and area = 'm2' is given"),
        ({"per": "GeV"}, "says per = '0.2 MeV', and per = 'GeV' is given"),
        ({"per": "0.5 MeV"}, "says per = '0.2 MeV', and per = '0.5 MeV' is given"),
        ({"energy_unit": "MeV"}, "says energy_unit = 'GeV', and energy_unit = 'MeV' is given"),
        ({"time": "s"}, "says time = 'burst', and time = 's' is given"),
        ({"time": "POT"}, "says time = 'burst', and time = 'POT' is given"),
        ({"pot": 1e20}, "says time = 'burst', and time = 'POT' is given"),
        ({"time_bin": 0}, "time_bin = 0: .* is no archive or .npz of snewpy"),
        ({"format": "globes"}, "what '0.2 MeV' means for the flux is not clear"),
    ],
)
def test_keys_that_contradict(options: dict[str, object], message: str) -> None:
    with pytest.raises(TridentgenError, match=message):
        source_of(TABLE, **options)


def test_format_snewpy_needs_its_head(tmp_path: Path) -> None:
    path = tmp_path / "x.dat"
    path.write_text(TEXT.split("\n", 1)[1], encoding="utf-8")
    with pytest.raises(FileError, match=r"has no line 'TBinMid=... EBinWidth=...MeV Fluence ... per cm\^2'"):
        source_of(path, format="snewpy")


def test_other_columns_than_those_of_snewpy(tmp_path: Path) -> None:
    path = tmp_path / "x.dat"
    path.write_text(TEXT.replace("NuMu\tNuTau\taNuE", "aNuE\tNuTau\tNuMu"), encoding="utf-8")
    with pytest.raises(FileError, match=r"x.dat:2: .* names other columns than snewpy has"):
        source_of(path)


# ---- archives


@pytest.mark.parametrize("mode", ["w:bz2", "w:gz", "w:xz", "w"])
def test_an_archive_of_one_table(tmp_path: Path, mode: str) -> None:
    path = archive(tmp_path / "f.tar", {"f.dat": TEXT}, mode)
    source = source_of(path)
    assert totals(source) == pytest.approx(totals(source_of(TABLE)), rel=1e-14)
    assert source.description == "f.tar of snewpy, one time bin, 0 to 1 s"
    assert read_flux(path, neutrino="numu").total == pytest.approx(14e6)


@pytest.fixture
def three_bins(tmp_path: Path) -> Path:
    """Tables of times from -1 to 0, 0 to 1 and 1 to 5 s, not in order, with 1, 3 and 2 times the numbers."""
    bins = {"c.dat": table(3.0, 4.0, 2.0), "a.dat": table(-0.5), "b.dat": table(0.5, 1.0, 3.0)}
    return archive(tmp_path / "f.tar.bz2", bins)


def test_bins_in_time_are_summed_and_make_the_arrival_times(three_bins: Path) -> None:
    source = source_of(three_bins)
    assert totals(source) == pytest.approx({name: 42e6 * (i + 1) for i, name in enumerate(ORDER)}, rel=1e-12)
    assert source.description == "f.tar.bz2 of snewpy, sum of 3 time bins, -1 to 5 s"
    time = source.components[3].time
    assert isinstance(time, TabulatedProfile)
    quantiles = time.time_ns(np.array([[1 / 6, 0.5, 2 / 3, 5 / 6]])) * 1e-9
    np.testing.assert_allclose(quantiles, [0.0, 2 / 3, 1.0, 3.0], atol=1e-12)


@pytest.mark.parametrize(("number", "scale"), [(0, 1.0), (1, 3.0), (2, 2.0), (2.0, 2.0)])
def test_one_bin_in_time(three_bins: Path, number: float, scale: float) -> None:
    source = source_of(three_bins, time_bin=number)
    assert totals(source)["nue"] == pytest.approx(7e6 * scale, rel=1e-12)
    assert f"time bin {number:g} of 3" in source.description
    assert read_flux(three_bins, neutrino="nue", time_bin=int(number)).total == pytest.approx(7e6 * scale, rel=1e-12)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"time_bin": 3}, "flux.time_bin = 3: .* has 3 bins in time, counted from 0 to 2"),
        ({"time_bin": 0.5}, "flux.time_bin = 0.5: .* has 3 bins in time"),
        ({"per": "GeV"}, "flux.per does not go with .*f.tar.bz2, which is of snewpy and says all units; leave it out"),
        ({"column": 1}, "flux.column does not go with"),
        ({"format": "columns"}, "is not a text file"),
    ],
)
def test_what_does_not_go_with_an_archive(three_bins: Path, options: dict[str, object], message: str) -> None:
    with pytest.raises(TridentgenError, match=message):
        source_of(three_bins, **options)


def test_a_neutrino_without_flux(tmp_path: Path) -> None:
    rows = np.loadtxt(TABLE)
    rows[:, 6] = 0.0
    text = "\n".join([*TEXT.split("\n")[:2], *(" ".join(f"{x:.8e}" for x in row) for row in rows)])
    path = archive(tmp_path / "f.tar", {"f.dat": text})
    assert tuple(totals(source_of(path))) == ORDER[:5]
    with pytest.raises(FileError, match="has no nutaubar; it has nue, numu, nutau, nuebar, numubar"):
        read_flux(path, neutrino="nutaubar")


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({}, "f.tar: holds no tables of snewpy"),
        ({"a.dat": "1 2 3\n"}, "f.tar/a.dat: has no line 'TBinMid="),
        ({"a.dat": table(0.5), "b.dat": table(2.5)}, "f.tar: the bins in time at 0.5 and 2.5 s do not meet"),
        ({"a.dat": table(0.5), "b.dat": table(1.0)}, "f.tar: the bins in time at 0.5 and 1 s do not meet"),
        ({"a.dat": table(0.5), "b.dat": table(1.5).replace("1.00000000E-03", "2e-3")}, "have different energies"),
        ({"a.dat": TEXT.replace("1.00000000E+06", "-1.0000000E+06")}, "f.tar/a.dat:4: nue: flux -1e\\+06 is negative"),
        ({"a.dat": TEXT.replace("1.00000000E+06", "nan")}, "f.tar/a.dat:4: nue: flux nan is not a finite number"),
        ({"a.dat": TEXT.replace("1.00000000E+06", "\x01")}, "f.tar/a.dat: is not a text file"),
    ],
)
def test_archives_that_cannot_be_used(tmp_path: Path, members: dict[str, str], message: str) -> None:
    with pytest.raises(FileError, match=message):
        source_of(archive(tmp_path / "f.tar", members))


@pytest.mark.parametrize("mode", ["w:bz2", "w:gz", "w"])
def test_damaged_archives_lose_no_bins(tmp_path: Path, mode: str) -> None:
    """An archive that is cut anywhere is refused, unless it lacks nothing but its end."""
    whole = archive(tmp_path / "f.tar", {"a.dat": table(0.5), "b.dat": table(1.5, 1.0, 2.0)}, mode)
    total, raw, path = source_of(whole).total, whole.read_bytes(), tmp_path / "cut"
    refused = 0
    for length in range(5, len(raw), 7 if mode != "w" else 211):
        path.write_bytes(raw[:length])
        try:
            assert source_of(path).total == total
        except FileError:
            refused += 1
    assert refused > 20


def test_compressed_text_is_no_archive(tmp_path: Path) -> None:
    (tmp_path / "f.gz").write_bytes(gzip.compress(b"1 2\n3 4\n"))
    with pytest.raises(FileError) as caught:
        source_of(tmp_path / "f.gz")
    assert "f.gz: is no archive that can be read" in str(caught.value)
    assert "\n" not in str(caught.value)


# ---- containers

SHAPES: dict[str, tuple[str, NDArray[np.float64], NDArray[np.float64]]] = {
    "bins": ("1 / m2", np.array([0.0, 1.0, 3.0]), np.array([0.0, 1.0, 3.0, 4.0])),
    "points in energy": ("1 / (MeV m2)", np.array([0.0, 1.0, 3.0]), np.array([0.0, 2.0, 4.0])),
    "points in time": ("1 / (m2 s)", np.array([0.0, 2.0]), np.array([0.0, 1.0, 3.0, 4.0])),
    "points": ("1 / (MeV s m2)", np.array([0.0, 2.0]), np.array([0.0, 2.0, 4.0])),
}
"""Unit, times in s and energies in MeV of two rows in time of three numbers in energy."""


def container(path: Path, kind: str = "bins", **changes: Any) -> Path:
    unit, times, energies = SHAPES[kind]
    numbers = np.array([[1.0, 2.0, 1.0], [3.0, 6.0, 3.0]])
    arrays: dict[str, Any] = {
        "_class_name": "dF",
        "array": 1e4 * np.array([numbers, 2.0 * numbers, 3.0 * numbers, 4.0 * numbers]),
        "_array_unit": unit,
        "time": times,
        "_time_unit": "s",
        "energy": energies,
        "_energy_unit": "MeV",
        "flavor": np.arange(4),
        "_integrable_axes": np.array([]),
        **changes,
    }
    np.savez(path, **{name: array for name, array in arrays.items() if array is not None})
    return path


@pytest.mark.parametrize(
    ("kind", "total", "median_s"),
    [
        ("bins", 16.0, 1.0 + 2.0 * 4 / 12),  # 4 before 1 s, 12 after: a third into the second bin
        ("points in energy", 24.0, 1.0 + 2.0 * 4 / 12),
        ("points in time", 16.0, np.sqrt(5.0) - 1.0),  # 4 + 4 t: t + t^2/2 = 2
        ("points", 24.0, np.sqrt(5.0) - 1.0),
    ],
)
def test_containers(tmp_path: Path, kind: str, total: float, median_s: float) -> None:
    source = source_of(container(tmp_path / "f.npz", kind))
    factors = {"nue": 1.0, "numu": 2.0, "nutau": 2.0, "nuebar": 3.0, "numubar": 4.0, "nutaubar": 4.0}
    assert totals(source) == pytest.approx({name: factor * total for name, factor in factors.items()}, rel=1e-12)
    time, flux = source.components[0].time, source.components[0].flux
    assert isinstance(time, TabulatedProfile)
    assert isinstance(flux, TabulatedFlux)
    assert time.time_ns(np.array([[0.5]]))[0] * 1e-9 == pytest.approx(median_s, rel=1e-12)
    assert flux.interpolation == ("linear" if "points" in kind and kind != "points in time" else "histogram")
    assert flux.energy_max_GeV == 4e-3


def test_units_of_containers(tmp_path: Path) -> None:
    path = container(
        tmp_path / "f.npz", _array_unit="1 / cm2", time=np.array([0.0, 1e3, 3e3]), _time_unit="ms",
        energy=np.array([0.0, 1e-3, 3e-3, 4e-3]), _energy_unit="GeV",
    )  # fmt: skip
    source = source_of(path)
    assert totals(source)["nue"] == pytest.approx(16e4)
    assert source.description.endswith("sum of 2 time bins, 0 to 3 s")
    one = source_of(path, time_bin=1)
    assert totals(one)["nue"] == pytest.approx(12e4)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"array": None}, "f.npz: is no flux of snewpy: it has no array"),
        ({"_array_unit": "1 / MeV"}, "f.npz: its numbers are in '1 / MeV', which is no flux or fluence per area"),
        ({"_array_unit": ""}, "f.npz: its numbers are in '', which is no flux"),
        ({"_array_unit": "1 / (m2 sr)"}, "which is no flux or fluence per area"),
        (
            {"_array_unit": "1 / (MeV m2)"},
            r"numbers of shape \(4, 2, 3\) in 1 / \(MeV m2\) do not fit 4 flavours and",
        ),
        ({"_time_unit": "fortnight"}, "f.npz: its time is in 'fortnight'; s and ms and min are known"),
        ({"_energy_unit": None}, "f.npz: its energy is in ''"),
        ({"flavor": np.arange(6)}, "f.npz: its flavours are 0, 1, 2, 3, 4, 5; those of snewpy 1.4 to 1.6, from 0 to 3"),
        ({"flavor": np.array([0, 3])}, "do not fit 2 flavours"),
        ({"flavor": np.array([0, 0, 1, 2])}, "its flavours are 0, 0, 1, 2"),
        ({"array": np.full((4, 2, 3), np.nan)}, "f.npz: NU_E: flux nan is not a finite number"),
        ({"array": np.full((4, 2, 3), -1.0)}, "f.npz: NU_E: flux -1 is negative"),
        ({"array": np.zeros((4, 2, 3))}, "has no neutrinos"),
        ({"array": np.ones((4, 2, 3), dtype=complex)}, "f.npz: its array is not of real numbers"),
        ({"array": np.full((4, 2, 3), None)}, "f.npz: is no .npz that can be read"),
        ({"time": np.array([0.0, 0.0, 1.0])}, "f.npz: its times cannot be used: they do not increase"),
        ({"time": np.array([0.0, 1.0, np.inf])}, "f.npz: its times cannot be used: they are not finite"),
        ({"energy": np.array([0.0, 3.0, 1.0, 4.0])}, "f.npz: its energies cannot be used: energy 0.001 does not exc"),
        ({"energy": 7.0}, r"f.npz: its energy has the shape \(\), and is no list"),
    ],
)
def test_containers_that_cannot_be_used(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(TridentgenError, match=message):
        source_of(container(tmp_path / "f.npz", **changes))


def test_points_have_no_bins(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"f.npz has times at points and no bins; leave time_bin out"):
        source_of(container(tmp_path / "f.npz", "points"), time_bin=0)


def test_damaged_containers(tmp_path: Path) -> None:
    raw = container(tmp_path / "f.npz").read_bytes()
    for i in range(4, len(raw), 97):
        (tmp_path / "f.npz").write_bytes(raw[:i])
        with pytest.raises(FileError, match=r"f.npz: is no .npz that can be read"):
            source_of(tmp_path / "f.npz")


# ---- the command line


def test_a_card_from_the_file_to_events(cli: Command, tmp_path: Path, three_bins: Path) -> None:
    """The second of three bins has half of the neutrinos, and so half of the events, with the times of its bin."""
    shown = cli("flux", "show", three_bins)
    assert (shown.code, "sum of 3 time bins" in shown.out) == (0, True)
    card, events = tmp_path / "card.toml", tmp_path / "events.h5"
    card.write_text(
        '[process]\nkind = "nu-e"\ntarget = "C"\n[flux]\nkind = "file"\npath = "f.tar.bz2"\n'
        f"[exposure]\nmass_t = 1000.0\n[sampling]\nevents = 4000\ntraining_points = 20_000\n[output]\n"
        f'path = "{events.name}"\n',
        encoding="utf-8",
    )
    expected = []
    for more in ((), ("--set", "flux.time_bin=1")):
        found = cli("rate", card, "--json", *more)
        assert found.code == 0, found.err
        expected.append(json.loads(found.out)["events"])
    assert expected[1] / expected[0] == pytest.approx(0.5, rel=1e-9)
    assert cli("generate", card, "-o", events).code == 0
    made = tg.read(events)
    time_s, weight = 1e-9 * np.asarray(made["time"]), np.asarray(made["weight"])
    shares = np.histogram(time_s, [-1.0, 0.0, 1.0, 5.0], weights=weight)[0] / weight.sum()
    np.testing.assert_allclose(shares, [1 / 6, 1 / 2, 1 / 3], atol=5.0 * 0.5 / np.sqrt(4000))  # 5 standard deviations
    assert [axis.units for axis in axes_of(made) if axis.name == "time"] == ["s"]
