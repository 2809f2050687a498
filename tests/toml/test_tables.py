from __future__ import annotations

import pytest

from tridentgen.toml.tables import Document, Override, Table, key_in_front


def test_a_table_reports_the_keys_nobody_asked_for() -> None:
    document = Document("[a]\nalpha = 1\nbetta = 2\n[a.gamma]\n", "x.toml")
    table = Table(document, (), document.data).table("a")
    table.read("alpha", str, "")
    table.read("beta", str, "")
    table.finish()
    assert document.messages == (
        "x.toml:3: unknown key 'a.betta', did you mean 'beta'?",
        "x.toml:4: unknown table 'a.gamma'",
    )


def test_control_characters_do_not_break_the_line() -> None:
    document = Document('"a\\nb\\u001b[31m" = 1', "x.toml")
    Table(document, (), document.data).finish()
    assert document.messages == (r"x.toml:1: unknown key 'a\nb\x1b[31m'",)


@pytest.mark.parametrize(
    ("message", "key"),
    [
        ("flux.energy_GeV = -5 must be positive", ("flux", "energy_GeV")),
        ("flux.values[2]: flux -1 is negative", ("flux", "values", 2)),
        ("flux: too small", ("flux",)),
        ("no flux", ("no",)),
        ("'x' is wrong", ()),
        ("flux, all of it", ()),
        ("", ()),
    ],
)
def test_the_key_a_message_begins_with(message: str, key: tuple[str | int, ...]) -> None:
    assert key_in_front(message) == key


def test_places_of_keys_of_overrides_and_of_the_tables_they_make() -> None:
    overrides: list[str | Override] = ["a.beta=2", Override(("c", "d"), 3, "--d 3")]
    document = Document("[a]\nalpha = 1\nbeta = 1\n", "x.toml", overrides)
    assert document.places() == {
        (): "x.toml:1",
        ("a",): "x.toml:1",
        ("a", "alpha"): "x.toml:2",
        ("a", "beta"): "--set a.beta=2",
        ("c",): "--d 3",
        ("c", "d"): "--d 3",
    }
