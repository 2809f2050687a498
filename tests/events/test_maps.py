from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from tests.sampling.toys import three_peaks
from tridentgen.engines.numpy_engine import NumpyEngine
from tridentgen.engines.proposal import Proposal
from tridentgen.errors import FileError, InputError, TridentgenError
from tridentgen.events.groups import Group
from tridentgen.events.hdf5 import EventWriter
from tridentgen.events.maps import proposal_from_groups, proposal_groups, read_proposal
from tridentgen.sampling.generate import generate_events
from tridentgen.sampling.train import train

ENGINE = NumpyEngine(threads=1)
TOY = three_peaks()


@pytest.fixture(scope="module")
def proposal() -> Proposal:
    return train(TOY, ENGINE, 1, points=100_000)


@pytest.fixture
def path(tmp_path: Path, proposal: Proposal) -> Path:
    target = tmp_path / "events.h5"
    columns = [column for column in TOY.columns if column.name in ("event_id", "weight")]
    with EventWriter(target, columns, {"title": "toy"}) as writer:
        for name, group in proposal_groups(proposal, TOY.channels).items():
            writer.write_group(name, group.arrays, group.attributes)
        writer.append({"event_id": np.arange(3, dtype="u8"), "weight": np.ones(3)})
        writer.close(complete=True)
    return target


def test_round_trip_through_an_event_file(path: Path, proposal: Proposal) -> None:
    found = read_proposal(path, TOY.signature)
    assert found.digest == proposal.digest
    for kept, stored in zip(proposal.channels, found.channels, strict=True):
        np.testing.assert_array_equal(stored.grid, kept.grid)
        np.testing.assert_array_equal(stored.cell_share, kept.cell_share)
        assert stored.strata == kept.strata
    np.testing.assert_array_equal(found.channel_share, proposal.channel_share)
    assert (found.max_weight, found.overweight_share) == (proposal.max_weight, proposal.overweight_share)
    with h5py.File(path) as file:
        assert file["sampling"].attrs["channels"] == "peak0,peak1,peak2"
        assert file["sampling/peak0/map"].shape == (4, 513)


def test_events_of_a_stored_map_are_the_same_bits(path: Path, proposal: Proposal) -> None:
    stored = read_proposal(path, TOY.signature)
    kept = ENGINE.events(TOY, proposal, 5, 0, 1000, 20_000)
    again = ENGINE.events(TOY, stored, 5, 0, 1000, 20_000)
    assert kept.keys() == again.keys()
    for name, values in kept.items():
        np.testing.assert_array_equal(again[name], values)


def test_generated_events_carry_their_map(tmp_path: Path, proposal: Proposal) -> None:
    events = generate_events(TOY, proposal, ENGINE, 4, 1000, {})
    assert proposal_from_groups(events.groups).digest == proposal.digest
    events.to_hdf5(tmp_path / "more.h5")
    assert read_proposal(tmp_path / "more.h5", TOY.signature).digest == proposal.digest


def test_a_map_of_another_process_is_refused(path: Path) -> None:
    with pytest.raises(InputError, match="a different process or flux") as caught:
        read_proposal(path, "another toy")
    one_line(caught.value, path)


def one_line(error: Exception, path: Path) -> None:
    text = str(error)
    assert "\n" not in text
    assert path.name in text


def remove(path: Path, name: str) -> None:
    with h5py.File(path, "r+") as file:
        del file[name]


def replace(path: Path, name: str, value: Any) -> None:
    with h5py.File(path, "r+") as file:
        del file[name]
        file[name] = value


def set_attribute(path: Path, name: str, value: Any) -> None:
    with h5py.File(path, "r+") as file:
        if value is None:
            del file["sampling"].attrs[name]
        else:
            file["sampling"].attrs[name] = value


@pytest.mark.parametrize(
    "part",
    [
        "sampling",
        "sampling/channel_share",
        "sampling/peak1",
        "sampling/peak0/map",
        "sampling/peak2/strata",
        "sampling/peak2/cell_share",
    ],
)
def test_a_missing_part_is_named(path: Path, part: str) -> None:
    remove(path, part)
    with pytest.raises(FileError, match="trained VEGAS map") as caught:
        read_proposal(path, TOY.signature)
    one_line(caught.value, path)
    if part != "sampling":
        assert part.rsplit("/", 1)[-1] in str(caught.value)


@pytest.mark.parametrize("name", ["channels", "max_weight", "overweight_share", "signature"])
def test_a_missing_attribute_is_named(path: Path, name: str) -> None:
    set_attribute(path, name, None)
    with pytest.raises(FileError, match=name) as caught:
        read_proposal(path, TOY.signature)
    one_line(caught.value, path)


DAMAGE = {
    "grid that falls": ("sampling/peak0/map", np.linspace(1.0, 0.0, 10).reshape(1, 10).repeat(4, 0)),
    "grid with holes": ("sampling/peak0/map", np.full((4, 513), np.nan)),
    "grid of one dimension": ("sampling/peak0/map", np.linspace(0.0, 1.0, 10)),
    "grid that is a number": ("sampling/peak0/map", 1.0),
    "grid that is text": ("sampling/peak0/map", "abc"),
    "grid without a row": ("sampling/peak0/map", np.zeros((0, 5))),
    "strata for another map": ("sampling/peak0/strata", np.array([2, 2])),
    "strata that are negative": ("sampling/peak0/strata", np.array([-1, -1, 1, 1])),
    "strata that are a number": ("sampling/peak0/strata", 3),
    "cells too few": ("sampling/peak0/cell_share", np.array([0.5, 0.5])),
    "cells that are negative": ("sampling/peak2/cell_share", np.full(256, -1.0)),
    "cells that sum to two": ("sampling/peak2/cell_share", np.full(256, 2.0 / 256)),
    "channel missing": ("sampling/channel_share", np.array([0.5, 0.5])),
    "channel shares that sum to two": ("sampling/channel_share", np.array([0.5, 0.5, 1.0])),
    "channel shares that are not numbers": ("sampling/channel_share", np.array([np.nan, 0.5, 0.5])),
    "channel shares that are one number": ("sampling/channel_share", 1.0),
}


@pytest.mark.parametrize("case", DAMAGE)
def test_damaged_arrays_are_one_line(path: Path, case: str) -> None:
    replace(path, *DAMAGE[case])
    with pytest.raises(TridentgenError) as caught:
        read_proposal(path, TOY.signature)
    one_line(caught.value, path)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("channels", "peak0,peak1"),
        ("channels", "peak0,peak1,peak9"),
        ("channels", ""),
        ("max_weight", "heavy"),
        ("max_weight", -1.0),
        ("max_weight", np.nan),
        ("overweight_share", "some"),
    ],
)
def test_damaged_attributes_are_one_line(path: Path, name: str, value: object) -> None:
    set_attribute(path, name, value)
    with pytest.raises(TridentgenError) as caught:
        read_proposal(path, TOY.signature)
    one_line(caught.value, path)


def test_no_file_no_map(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="there is no file"):
        read_proposal(tmp_path / "none.h5", "")
    with pytest.raises(InputError, match="no trained VEGAS map"):
        proposal_from_groups({"other": Group({}, {"a": 1})})
