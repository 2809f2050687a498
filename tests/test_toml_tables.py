from __future__ import annotations

from tridentgen.toml_tables import Document, Table


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
