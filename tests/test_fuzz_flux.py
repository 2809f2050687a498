"""Flux files that somebody has damaged: errors that name file and line, nothing else (tests/fuzzing.py)."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzzing import damaged, only_clean_errors, tries
from tridentgen.flux.files import CHOICES, neutrinos_in, read_flux

CASES = Path(__file__).parent / "flux" / "cases"
TEXTS = [
    b"# E nue numu\n0.5 1e-9 2e-9\n1.0 2e-9 3e-9\n2.0 0 1e-9\n",
    b"E,flux /MeV\n".replace(b"E", b"#E") + b"10,1\n20,3\n40,2\n",
    b"".join(b"%g 0 %g 0 0 %g 0\n" % (0.125 * i, 1e-9 * i, 1e-10) for i in range(1, 502)),
]
TEXTS += [path.read_bytes() for path in sorted(CASES.glob("*")) if path.suffix in (".txt", ".dat")]
PROGRAMS = {
    "nuwro": b"beam_type = 0\nbeam_energy = 0 3000 1e-12 2e-12 1.5e-12\nbeam_particle = 14 \n",
    "honda": b"".join(
        b"average flux in [cosZ =%5.2f -- %5.2f, phi_Az =   0 -- 360]\n Enu(GeV) NuMu NuMubar NuE NuEbar\n"
        b" 1.0000E-01 3E+04 1E+04 3E+03 2E+03\n 3.0000E-01 3E+03 1E+03 3E+02 2E+02\n" % (low, low + 1.0)
        for low in (0.0, -1.0)
    ),
}
OPTIONS = st.fixed_dictionaries(
    {},
    optional={
        **{name: st.sampled_from(choices) for name, choices in CHOICES.items()},
        "columns": st.dictionaries(st.sampled_from(["E", "numu", "nue"]), st.integers(-2, 9)),
        "pot": st.floats(),
        "histogram": st.sampled_from(["numu", "a/b", ""]),
    },
)


def test_damaged_tables(tmp_path: Path) -> None:
    path = tmp_path / "flux.dat"
    for data in damaged(TEXTS, 300):
        path.write_bytes(data)
        with only_clean_errors():
            read_flux(path, neutrino="numu")
        with only_clean_errors():
            read_flux(path, neutrino="numu", columns={"E": 0, "numu": 1})
        with only_clean_errors():
            neutrinos_in(path)


@pytest.mark.parametrize("format", PROGRAMS)
def test_damaged_files_of_programs(tmp_path: Path, format: str) -> None:
    path = tmp_path / "flux.dat"
    for data in damaged([PROGRAMS[format]], 200):
        path.write_bytes(data)
        with only_clean_errors():
            read_flux(path, neutrino="numu", format=format)
        with only_clean_errors():
            read_flux(path, neutrino="numu")


@tries(300)
@given(data=st.sampled_from(TEXTS), options=OPTIONS)
def test_options_that_are_anything(tmp_path: Path, data: bytes, options: dict[str, Any]) -> None:
    path = tmp_path / "flux.dat"
    path.write_bytes(data)
    with only_clean_errors():
        read_flux(path, neutrino="numu", **options)


@tries(200)
@given(data=st.binary(max_size=3000))
def test_anything_at_all(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "flux.dat"
    path.write_bytes(data)
    with only_clean_errors():
        read_flux(path, neutrino="numu")


@pytest.mark.parametrize("line", [b"1\n", b"1 ", b"1 2 3 4 5 6 7\n", b"#\n", b"\n", b"1,"], ids=repr)
def test_tables_made_to_take_memory(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "flux.dat"
    for size in (8 << 20, 80 << 20):
        path.write_bytes(line * (size // len(line)))
        with only_clean_errors():
            read_flux(path, neutrino="numu")


@pytest.fixture(scope="module")
def root_files(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    if importlib.util.find_spec("uproot") is None:
        pytest.skip('needs uproot: pip install "tridentgen[io]"')
    import uproot

    folder = tmp_path_factory.mktemp("root")
    made = []
    for name, compression in (("plain", None), ("zlib", uproot.ZLIB(4)), ("lzma", uproot.LZMA(4))):
        path = folder / f"{name}.root"
        with uproot.recreate(path, compression=compression) as file:
            file["numu"] = (np.linspace(1.0, 2.0, 60), np.linspace(0.0, 5.0, 61))
        made.append(path.read_bytes())
    return made


def test_damaged_root_files(tmp_path: Path, root_files: list[bytes]) -> None:
    path = tmp_path / "flux.root"
    for data in damaged(root_files, 150):
        path.write_bytes(data)
        with only_clean_errors():
            read_flux(path, neutrino="numu", histogram="numu")
