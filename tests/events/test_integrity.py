"""Hashes of columns: the same however the rows came, other for another bit."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest

from tridentgen.events.integrity import BLOCK_ROWS, BlockHashes, content_hash

ROWS = 2 * BLOCK_ROWS + 777
COLUMNS = {"p4": np.random.default_rng(1).normal(size=(ROWS, 4)), "event_id": np.arange(ROWS, dtype="u8")}


def test_the_hashes_are_sha256_of_the_bytes_of_each_block() -> None:
    found = BlockHashes.of(list(COLUMNS), ROWS, lambda name, start, stop: COLUMNS[name][start:stop]).arrays()
    for name, values in COLUMNS.items():
        blocks = [values[start : start + BLOCK_ROWS].tobytes() for start in range(0, ROWS, BLOCK_ROWS)]
        assert [row.tobytes() for row in found[name]] == [hashlib.sha256(block).digest() for block in blocks]
    state = hashlib.sha256()
    for name in ("event_id", "p4"):
        state.update(name.encode() + b"\0" + found[name].tobytes())
    assert content_hash(found) == state.hexdigest()


@pytest.mark.parametrize("steps", [[1, 5000], [BLOCK_ROWS], [BLOCK_ROWS - 1, 2], [3 * BLOCK_ROWS]])
def test_batches_do_not_matter(steps: list[int]) -> None:
    hashes, at, turn = BlockHashes(list(COLUMNS)), 0, 0
    while at < ROWS:
        stop = min(at + steps[turn % len(steps)], ROWS)
        hashes.update({name: values[at:stop] for name, values in COLUMNS.items()})
        at, turn = stop, turn + 1
    whole = BlockHashes(list(COLUMNS))
    whole.update(COLUMNS)
    assert content_hash(hashes.arrays()) == content_hash(whole.arrays())


def test_a_whole_number_of_blocks_has_no_empty_one() -> None:
    for blocks in (0, 1, 2):
        hashes = BlockHashes(["a"])
        hashes.update({"a": np.zeros(blocks * BLOCK_ROWS)})
        assert hashes.arrays()["a"].shape == (blocks, 32)


def test_every_bit_and_every_name_counts() -> None:
    def of(name: str, values: np.ndarray) -> str:
        hashes = BlockHashes([name])
        hashes.update({name: values})
        return content_hash(hashes.arrays())

    values = np.ones(100)
    changed = values.copy()
    changed[99] = np.nextafter(1.0, 2.0)
    signed = values * 0.0
    assert len({of("a", values), of("b", values), of("a", changed), of("a", signed), of("a", -signed)}) == 5


def test_columns_that_are_not_contiguous_count_as_they_stand() -> None:
    values = np.arange(40.0).reshape(10, 4)
    plain, strided = BlockHashes(["a"]), BlockHashes(["a"])
    plain.update({"a": values[:, 1].copy()})
    strided.update({"a": values[:, 1]})
    assert content_hash(plain.arrays()) == content_hash(strided.arrays())
