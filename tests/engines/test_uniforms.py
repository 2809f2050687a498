from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tridentgen.engines.uniforms import stream_number, uniforms

WORD = (1 << 64) - 1
KNOWN_ANSWERS = {
    "zeros": (
        (0, 0, 0, 0),
        (0, 0),
        (0x16554D9ECA36314C, 0xDB20FE9D672D0FDC, 0xD7E772CEE186176B, 0x7E68B68AEC7BA23B),
    ),
    "ones": (
        (WORD, WORD, WORD, WORD),
        (WORD, WORD),
        (0x87B092C3013FE90B, 0x438C3C67BE8D0224, 0x9CC7D7C69CD777B6, 0xA09CAEBF594F0BA0),
    ),
    "digits of pi": (
        (0x243F6A8885A308D3, 0x13198A2E03707344, 0xA4093822299F31D0, 0x082EFA98EC4E6C89),
        (0x452821E638D01377, 0xBE5466CF34E90C6C),
        (0xA528F45403E61D95, 0x38C72DBD566E9788, 0xA5A1610E72FD18B5, 0x57BD43B5E52B7FE6),
    ),
}
"""Counter, key and block: kat_vectors of Random123, the reference code of the paper."""


def philox4x64(counter: tuple[int, ...], key: tuple[int, int]) -> tuple[int, ...]:
    """Return a block of Philox4x64-10 by Salmon et al., Proc. SC11 (2011) 16, section 4.3 and table 2."""
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        product0, product1 = 0xD2E7470EE14C6C93 * c0, 0xCA5A826395121157 * c2
        c0, c1, c2, c3 = (
            (product1 >> 64) ^ c1 ^ k0,
            product1 & WORD,
            (product0 >> 64) ^ c3 ^ k1,
            product0 & WORD,
        )
        k0, k1 = (k0 + 0x9E3779B97F4A7C15) & WORD, (k1 + 0xBB67AE8584CAA73B) & WORD
    return c0, c1, c2, c3


def expected(seed: int, stream: int, event: int, words: int) -> list[float]:
    """Return the numbers of an event from blocks of integers; counters start at 1, as in numpy."""
    first = event * (words // 4) + 1
    raw: list[int] = []
    for block in range(first, first + words // 4):
        raw += philox4x64(tuple((block >> (64 * i)) & WORD for i in range(4)), (seed, stream))
    return [(word >> 12) * 2.0**-52 + 2.0**-53 for word in raw]


@pytest.mark.parametrize("name", KNOWN_ANSWERS)
def test_reference_gives_the_known_answers(name: str) -> None:
    counter, key, block = KNOWN_ANSWERS[name]
    assert philox4x64(counter, key) == block


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, WORD),
    stream=st.integers(0, WORD),
    first=st.one_of(st.integers(0, 10), st.integers(0, 1 << 61), st.integers((1 << 61) - 4, (1 << 61) + 4)),
    words=st.sampled_from([4, 8, 12]),
)
def test_numbers_are_those_of_the_paper(seed: int, stream: int, first: int, words: int) -> None:
    """Also where the counter's first word overflows, at event 2^64/3."""
    got = uniforms(seed, stream, first, 3, words)
    assert got.shape == (words, 3)
    for i in range(3):
        assert got[:, i].tolist() == expected(seed, stream, first + i, words)


def test_numbers_cross_the_first_word_of_the_counter() -> None:
    first = (1 << 63) - 2
    got = uniforms(5, 6, first, 4, 8)
    for i in range(4):
        assert got[:, i].tolist() == expected(5, 6, first + i, 8)


def test_numbers_are_those_of_numpy_one_event_at_a_time() -> None:
    seed, stream, words = 20240611, stream_number(3, 2, 1), 12
    got = uniforms(seed, stream, 1000, 50, words)
    for i in range(50):
        generator = np.random.Philox(key=np.array([seed, stream], dtype=np.uint64), counter=(1000 + i) * (words // 4))
        raw = generator.random_raw(words) >> np.uint64(12)
        assert got[:, i].tolist() == (raw.astype(float) * 2.0**-52 + 2.0**-53).tolist()


@settings(max_examples=50, deadline=None)
@given(first=st.integers(0, 900), count=st.integers(1, 200), words=st.sampled_from([4, 8, 12]))
def test_a_block_alone_is_a_slice_of_the_whole(first: int, count: int, words: int) -> None:
    whole = uniforms(7, 8, 0, 1100, words)
    np.testing.assert_array_equal(uniforms(7, 8, first, count, words), whole[:, first : first + count])


def test_numbers_are_even_and_strictly_inside_the_unit_interval() -> None:
    u = uniforms(1, 2, 0, 1 << 17, 8)
    assert u.min() > 0.0
    assert u.max() < 1.0
    assert np.all(u * 2.0**53 % 2.0 == 1.0)
    # mean 1/2 and variance 1/12 of 2^20 numbers, to 4 standard deviations
    assert abs(u.mean() - 0.5) < 4.0 * np.sqrt(1.0 / 12.0 / u.size)
    assert abs(u.var() - 1.0 / 12.0) < 4.0 * np.sqrt(1.0 / 180.0 / u.size)
    assert abs(np.corrcoef(u) - np.eye(8)).max() < 4.5 / np.sqrt(1 << 17)


def test_smallest_and_largest_word_stay_inside() -> None:
    assert 0.0 < (0 >> 12) * 2.0**-52 + 2.0**-53
    assert (WORD >> 12) * 2.0**-52 + 2.0**-53 == 1.0 - 2.0**-53


def test_streams_and_seeds_differ() -> None:
    numbers = {
        stream_number(purpose, channel, iteration)
        for purpose in (0, 1, 4, 65535)
        for channel in (0, 1, 7, 65535)
        for iteration in (0, 1, 9, 2**32 - 1)
    }
    assert len(numbers) == 64
    assert min(numbers) >= 0
    assert max(numbers) <= WORD
    blocks = [uniforms(seed, stream, 0, 1000, 8) for seed in (1, 2) for stream in sorted(numbers)[:8]]
    for i, one in enumerate(blocks):
        for other in blocks[:i]:
            assert not np.any(one == other)
            assert abs(np.corrcoef(one.ravel(), other.ravel())[0, 1]) < 5.0 / np.sqrt(8000.0)
