"""Run cards that somebody has damaged: errors that name the mistake, nothing else (tests/fuzzing.py)."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fuzzing import damaged, only_clean_errors, tries
from tridentgen.cards import parse_card, read_card
from tridentgen.resources import builtin_cards

CARDS = [path.read_bytes() for path in builtin_cards().values()]
LINES = sorted({line for card in CARDS for line in card.decode().splitlines() if line})
VALUES = [
    "true", "[]", "{}",
    '""', "-1", "0", "1e400", "nan", "-inf", "9" * 400, "[[[[1]]]]", '"numu"', "1979-05-27", "0x7fffffff",
    '"../../../etc/passwd"', "'''a\nb'''", '"\\u0000"', "[1, 'a', 2.0]", "{a = {b = {c = 1}}}", "1_0", "[nan, inf]",
]  # fmt: skip


def test_damaged_cards(tmp_path: Path) -> None:
    path = tmp_path / "card.toml"
    for data in damaged(CARDS, 300):
        path.write_bytes(data)
        with only_clean_errors():
            read_card(path)


@st.composite
def mixed(draw: st.DrawFn) -> str:
    """Draw lines of all cards in any order, some of their values replaced."""
    lines = []
    for line in draw(st.lists(st.sampled_from(LINES), max_size=40)):
        key, equals, _ = line.partition("=")
        lines.append(f"{key}= {draw(st.sampled_from(VALUES))}" if equals and draw(st.booleans()) else line)
    return "\n".join(lines)


@tries(300)
@given(text=mixed())
def test_cards_of_lines_of_other_cards(text: str) -> None:
    with only_clean_errors():
        parse_card(text)


@tries(300)
@given(st.sampled_from(sorted(builtin_cards())), st.sampled_from(LINES), st.sampled_from(VALUES))
def test_values_that_are_anything(name: str, line: str, value: str) -> None:
    key = line.partition("=")[0].strip()
    with only_clean_errors():
        read_card(name, [f"{table}.{key}={value}" for table in ("process", "flux", "sampling")])


@tries(200)
@given(st.binary(max_size=2000) | st.text(max_size=500).map(lambda text: text.encode("utf-8", "replace")))
def test_anything_at_all(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "card.toml"
    path.write_bytes(data)
    with only_clean_errors():
        read_card(path)


@pytest.mark.parametrize(
    "text",
    [
        "a = " + "[" * 100_000,
        "a = " + "{b = " * 20_000,
        "[" + "a." * 100_000 + "a]",
        "a = " + "9" * 300_000,
        "a" * 500_000 + " = 1",
        "\n".join(f"k{i} = {i}" for i in range(60_000)),
        "\n".join(f"[t{i}]" for i in range(60_000)),
        "[flux]\nvalues = [" + "1," * 400_000 + "]",
        '"a" .' * 100_000 + "a = 1",
        "x = {" + "a." * 100_000 + "a = 1}",
    ],
    ids=["lists", "tables", "dots", "digits", "key", "keys", "headers", "array", "quoted", "inline"],
)
def test_cards_made_to_take_time_or_memory(text: str) -> None:
    with only_clean_errors():
        parse_card(text)
