"""The tables of measurements against the releases that they were made from."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.measurement_tables import OUTPUT, main
from tridentgen.fits.tables import measurement_table

RELEASES = Path(__file__).parents[3] / "shared" / "data" / "measurements"


def test_tables_are_those_of_the_releases(tmp_path: Path) -> None:
    if not RELEASES.exists():
        pytest.skip("the releases of the measurements are not there")
    main([str(RELEASES), str(tmp_path)])
    for path in tmp_path.glob("*.csv"):
        assert path.read_text() == (OUTPUT / path.name).read_text(), path.name


@pytest.mark.parametrize("name", ["csi_2021", "lar_2020", "csi_2017", "xenonnt_8b"])
def test_tables_name_release_and_publication(name: str) -> None:
    text = (OUTPUT / f"{name}.csv").read_text()
    assert "# source: " in text
    assert measurement_table(name).cite.count("arXiv:") == 1


def test_totals_are_the_published_ones() -> None:
    csi, argon = measurement_table("csi_2021").columns, measurement_table("lar_2020").columns
    assert csi["brn"].sum() == pytest.approx(18.4, abs=0.05)  # PRL 129 (2022) 081801, table I
    assert csi["nin"].sum() == pytest.approx(5.6, abs=0.05)
    assert csi["steady_state"].sum() == pytest.approx(1286.0, abs=27.0)
    assert argon["events"].sum() == 3752.0  # PRL 126 (2021) 012002, table I
    assert argon["cevns"].sum() == pytest.approx(128.0, abs=0.1)
    assert argon["brn"].sum() == pytest.approx(497.0, abs=0.5)
    assert argon["steady_state"].sum() == pytest.approx(3152.0, abs=2.0)
