"""Parquet, read with pyarrow, pandas and awkward."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import tridentgen as tg
from tests.exchange.export.samples import KINDS
from tridentgen.exchange.export.convert import export_events

pyarrow = pytest.importorskip("pyarrow", reason="Parquet needs pyarrow")


@pytest.fixture
def path(source: Path, tmp_path: Path) -> Path:
    export_events(source, tmp_path / "o.parquet")
    return tmp_path / "o.parquet"


@pytest.mark.parametrize("kind", KINDS)
def test_pyarrow(path: Path, events: tg.Events) -> None:
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(path)
    assert table.column_names == list(events.columns)
    for column in events.schema:
        field = table.schema.field(column.name)
        assert field.metadata[b"units"].decode() == column.units
        flat = np.asarray(table[column.name].combine_chunks().flatten() if column.shape else table[column.name])
        assert np.array_equal(flat.reshape(events[column.name].shape), events[column.name])
        assert flat.dtype == events[column.name].dtype
    about = json.loads(table.schema.metadata[b"tridentgen"])
    assert about["sigma"] == events.attributes["sigma"]


@pytest.mark.parametrize("kind", ["total", "cevns"])
def test_pandas(path: Path, events: tg.Events) -> None:
    pandas = pytest.importorskip("pandas", reason="this reader is pandas")
    frame = pandas.read_parquet(path)
    assert np.array_equal(frame["weight"], events["weight"])
    assert np.array_equal(np.stack(frame["p4_recoil"]), events["p4_recoil"])


@pytest.mark.parametrize("kind", ["total", "cevns"])
def test_awkward(path: Path, events: tg.Events) -> None:
    awkward = pytest.importorskip("awkward", reason="this reader is awkward")
    array = awkward.from_parquet(path)
    assert np.array_equal(awkward.to_numpy(array["p4_recoil"]), events["p4_recoil"])


@pytest.mark.parametrize("kind", ["total"])
def test_unweighted_columns_sum_to_the_cross_section(source: Path, events: tg.Events, tmp_path: Path) -> None:
    import pyarrow.parquet

    export_events(source, tmp_path / "u.parquet", unweight=True)
    table = pyarrow.parquet.read_table(tmp_path / "u.parquet")
    weight = np.asarray(table["weight"])
    assert np.sum(weight) == pytest.approx(events.attributes["sigma"], rel=1e-12, abs=0.0)
    places = np.searchsorted(events["event_id"], np.asarray(table["event_id"]))
    for part in ("weight_ll", "weight_rr", "weight_lr"):
        share = events[part][places] / events["weight"][places]
        assert np.allclose(np.asarray(table[part]), share * weight, rtol=1e-12, atol=0.0)
