from __future__ import annotations

import struct
import sys
from pathlib import Path

import numpy as np
import pytest

from tridentgen.errors import FileError, InputError
from tridentgen.flux import read_flux

uproot = pytest.importorskip("uproot")

EDGES = np.array([0.0, 0.5, 1.0, 2.0, 5.0])
CONTENTS = np.array([1e-9, 4e-9, 3e-9, 0.0])


@pytest.fixture
def root_file(tmp_path: Path) -> Path:
    path = tmp_path / "flux.root"
    with uproot.recreate(path) as file:
        file["numu_flux"] = (CONTENTS, EDGES)
        file["beam/nue_flux"] = (0.1 * CONTENTS, EDGES)
        file["empty"] = (0.0 * CONTENTS, EDGES)
        file["negative"] = (-CONTENTS, EDGES)
        file["shifted"] = (CONTENTS, EDGES - 2.0)
        file["plane"] = (np.ones((2, 2)), np.arange(3.0), np.arange(3.0))
    return path


@pytest.mark.parametrize("name", ["numu_flux", "numu_flux;1"])
def test_histogram_comes_back_as_written(root_file: Path, name: str) -> None:
    flux = read_flux(root_file, neutrino="numu", histogram=name, per="GeV")
    np.testing.assert_array_equal(flux.energies_GeV, EDGES)
    np.testing.assert_array_equal(flux.values, CONTENTS)
    assert flux.interpolation == "histogram"
    assert flux.total == pytest.approx(0.5e-9 + 2e-9 + 3e-9, rel=1e-6, abs=0.0)
    assert flux.description == "numu from flux.root, histogram numu_flux (per cm2 and GeV; histogram), 0 to 5 GeV"


def test_histogram_in_a_folder_with_other_units(root_file: Path) -> None:
    flux = read_flux(
        root_file, neutrino="nue", histogram="beam/nue_flux", area="m2", per="bin", energy_unit="MeV", pot=2.0
    )
    assert flux.total == pytest.approx(0.1 * CONTENTS.sum() / 1e4 / 2.0, rel=1e-14, abs=0.0)
    assert flux.energy_max_GeV == 2e-3


def test_a_single_histogram_needs_no_name(tmp_path: Path) -> None:
    with uproot.recreate(tmp_path / "one.root") as file:
        file["only"] = (CONTENTS, EDGES)
    assert read_flux(tmp_path / "one.root", neutrino="numu", format="root", per="GeV").total == pytest.approx(
        5.5e-9, rel=1e-6, abs=0.0
    )


@pytest.mark.parametrize(
    ("histogram", "error", "message"),
    [
        (
            None,
            InputError,
            "several histograms; choose with histogram = one of numu_flux, beam/nue_flux, empty",
        ),
        ("numu_flx", InputError, "holds no TH1 'numu_flx', did you mean 'numu_flux'.; there are numu_flux"),
        ("plane", InputError, "holds no TH1 'plane'"),
        ("empty", FileError, "histogram 'empty' is zero at all energies"),
        ("negative", FileError, "histogram 'negative', bin 0: flux -1e-09 is negative"),
        ("shifted", FileError, "histogram 'shifted', edge 0: energy -2 is negative"),
    ],
)
def test_histograms_that_cannot_be_used(
    root_file: Path, histogram: str | None, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        read_flux(root_file, neutrino="numu", histogram=histogram)


def test_columns_are_for_text(root_file: Path) -> None:
    with pytest.raises(InputError, match="is a ROOT file and has no columns; give histogram"):
        read_flux(root_file, neutrino="numu", columns={"numu": 1})


def test_axis_title_that_speaks_of_other_units(tmp_path: Path) -> None:
    with uproot.recreate(tmp_path / "titled.root") as file:
        file["flux"] = uproot.writing.identify.to_TH1x(
            fName=None,
            fTitle="flux",
            data=np.concatenate([[0.0], CONTENTS, [0.0]]),
            fEntries=4.0,
            fTsumw=1.0,
            fTsumw2=1.0,
            fTsumwx=1.0,
            fTsumwx2=1.0,
            fSumw2=np.ones(6),
            fXaxis=uproot.writing.identify.to_TAxis("xaxis", "E [GeV]", 4, 0.0, 4.0),
            fYaxis=uproot.writing.identify.to_TAxis("yaxis", "#nu / m^{2} / GeV / POT", 1, 0.0, 1.0),
        )
    path = tmp_path / "titled.root"
    with pytest.raises(
        FileError, match=r"title: '#nu / m\^\{2\} / GeV / POT' says area = 'm2', and area = 'cm2' is given"
    ):
        read_flux(path, neutrino="numu", area="cm2")
    for area in (None, "m2"):
        assert read_flux(path, neutrino="numu", area=area).total == pytest.approx(8e-13, rel=1e-6, abs=0.0)


def test_a_histogram_without_an_energy_in_its_title_asks(root_file: Path) -> None:
    with pytest.raises(FileError, match="no title says what energy its contents are per; give per = 'GeV', 'MeV'"):
        read_flux(root_file, neutrino="numu", histogram="numu_flux")


def test_damaged_file(root_file: Path) -> None:
    for keep in (4, 60, 250):
        damaged = root_file.with_name(f"damaged{keep}.root")
        damaged.write_bytes(root_file.read_bytes()[:keep])
        with pytest.raises(
            FileError, match=rf"damaged{keep}.root: cannot be read as a ROOT file \(.*\); get a fresh"
        ) as caught:
            read_flux(damaged, neutrino="numu", histogram="numu_flux")
        assert "\n" not in str(caught.value)


def test_more_bins_than_there_are(tmp_path: Path) -> None:
    """Two billion edges would take 16 GB."""
    path = tmp_path / "flux.root"
    with uproot.recreate(path, compression=None) as file:
        file["numu"] = (np.ones(60), np.linspace(0.0, 5.0, 61))
    content, axis = path.read_bytes(), struct.pack(">idd", 60, 0.0, 5.0)
    assert axis in content
    path.write_bytes(content.replace(axis, struct.pack(">idd", 2_000_000_000, 0.0, 5.0)))
    with pytest.raises(
        FileError, match=r"\(histogram 'numu' declares 2000000000 bins but holds 60\); get a fresh copy"
    ):
        read_flux(path, neutrino="numu")


def test_without_uproot(root_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uproot", None)
    with pytest.raises(FileError, match=r'needs uproot; run: pip install "tridentgen\[io\]"'):
        read_flux(root_file, neutrino="numu", histogram="numu_flux")


def test_histograms_that_root_wrote() -> None:
    samples = pytest.importorskip("skhep_testdata")
    try:
        path = Path(samples.data_path("uproot-hepdata-example.root"))
    except Exception as error:  # requests is not a dependency whose errors could be named here
        pytest.skip(f"the sample files of scikit-hep cannot be had: {type(error).__name__}")
    with pytest.raises(FileError, match="histogram 'hpx', edge 0: energy -4 is negative"):
        read_flux(path, neutrino="numu", histogram="hpx")


def test_a_directory_that_lists_more_than_the_file_holds(root_file: Path) -> None:
    """Found by damaging files: uproot believes the number, and took eight gigabytes."""
    data = bytearray(root_file.read_bytes())
    with uproot.open(root_file) as file:
        keys, count = file._fSeekKeys, len(file.keys(recursive=False))
    place = keys + struct.unpack_from(">h", data, keys + 14)[0]  # after the key of the list
    assert struct.unpack_from(">i", data, place) == (count,)
    struct.pack_into(">i", data, place, 1 << 28)
    root_file.write_bytes(data)
    with pytest.raises(FileError, match=r"is damaged: its directory lists \d+ objects; get a fresh copy of it"):
        read_flux(root_file, neutrino="numu", histogram="numu_flux", per="GeV")
