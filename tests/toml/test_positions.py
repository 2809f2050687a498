from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tridentgen.toml.positions import Key, dump, key_lines

AWKWARD = '''\
# [comment] = 1
title = """
[not_a_table]
key = "in a string" """
"quoted.key" = 'x = [1'   # ] not closed here
a . b = { c = 1, d = [2, { e = "}" }] }
list = [
  1, # one, [
  "two ] # still a string",

  [3,
   4],
  \'\'\'
  five
  \'\'\',
  6,
]
tail = """quotes at the end"""""
date = 1979-05-27 07:32:00 # a date with a space
[ table . "dotted \\u0041" ]
key = 1e5
[[array]]
first = 1
[[array]]
[array.inner]
second = 2
'''


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_lines_of_awkward_toml(newline: str) -> None:
    text = AWKWARD.replace("\n", newline)
    tomllib.loads(text)
    expected: dict[Key, int] = {
        ("title",): 2,
        ("quoted.key",): 5,
        ("a",): 6,
        ("a", "b"): 6,
        ("a", "b", "c"): 6,
        ("a", "b", "d"): 6,
        ("a", "b", "d", 0): 6,
        ("a", "b", "d", 1): 6,
        ("a", "b", "d", 1, "e"): 6,
        ("list",): 7,
        ("list", 0): 8,
        ("list", 1): 9,
        ("list", 2): 11,
        ("list", 2, 0): 11,
        ("list", 2, 1): 12,
        ("list", 3): 13,
        ("list", 4): 16,
        ("tail",): 18,
        ("date",): 19,
        ("table",): 20,
        ("table", "dotted A"): 20,
        ("table", "dotted A", "key"): 21,
        ("array",): 24,
        ("array", 0): 22,
        ("array", 0, "first"): 23,
        ("array", 1): 24,
        ("array", 1, "inner"): 25,
        ("array", 1, "inner", "second"): 26,
    }
    assert key_lines(text) == expected


KEYS = st.text(alphabet="ab-_ .\"'\\\x7fé\U0001f600", min_size=1, max_size=4)
STRINGS = st.text(st.characters(codec="utf-8"), max_size=8)
SCALARS = st.one_of(
    STRINGS, st.booleans(), st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False)
)
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3))
TABLES = st.dictionaries(KEYS, VALUES, max_size=4)


@given(TABLES)
def test_what_is_dumped_reads_back(data: dict[str, object]) -> None:
    assert tomllib.loads(dump(data)) == data


@given(TABLES)
def test_every_key_of_dumped_tables_has_its_line(data: dict[str, object]) -> None:
    text = dump(data)
    rows = text.split("\n")
    lines = key_lines(text)
    for name in data:
        assert list(tomllib.loads(rows[lines[name,] - 1])) == [name]


@given(st.text() | st.text(alphabet="[]{}=.,#\"'\\ \r\nab1"))
def test_the_scanner_stops_on_any_text(text: str) -> None:
    assert all(1 <= line <= text.count("\n") + 1 for line in key_lines(text).values())
