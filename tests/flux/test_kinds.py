"""Every kind of flux: what its keys promise, and what it takes to add one."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from tridentgen.errors import InputError
from tridentgen.flux import FluxKind, PowerLaw, Source, build_flux, build_source, has_one_neutrino
from tridentgen.flux.card import FluxCard, fit_flux_overrides, read_flux_table
from tridentgen.flux.kind import NAMES, NUMBER, NUMBER_OR_NAME, NUMBERS, TEXT, FluxRequest, ValueType
from tridentgen.flux.kinds import KINDS
from tridentgen.toml.tables import Document, Override, Table

HERE = Path()
DOCUMENTED = (Path(__file__).parents[2] / "docs" / "cards.md").read_text(encoding="utf-8")

VALUES: dict[ValueType, object] = {
    NUMBER: 2.5,
    TEXT: "word",
    NUMBER_OR_NAME: 3,
    NUMBERS: [1.0, 2.0],
    NAMES: ["word", "other"],
}
WRONG: dict[ValueType, object] = {
    NUMBER: "2.5",
    TEXT: 2.5,
    NUMBER_OR_NAME: 2.5,
    NUMBERS: 2.5,
    NAMES: [2.5],
}

every_kind = pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
KEYS = [(kind, key) for kind in KINDS.values() for key in kind.keys]
every_key = pytest.mark.parametrize(("kind", "key"), KEYS, ids=[f"{kind.name}-{key}" for kind, key in KEYS])


def toml_of(options: dict[str, object]) -> str:
    """Return options as lines of TOML."""
    return "".join(f"{key} = {value!r}\n" for key, value in options.items())


def read(
    text: str, neutrino: str | None = "numu", kinds: dict[str, FluxKind] | None = None
) -> tuple[FluxCard, tuple[str, ...]]:
    """Read the [flux] table of a card; return what it says, and the messages about it."""
    document = Document(f"[flux]\n{text}", "x.toml")
    table = Table(document, (), document.data)
    card = read_flux_table(table.table("flux", required=True), neutrino, kinds=kinds or KINDS)
    table.finish()
    return card, document.messages


def filled(kind: FluxKind) -> dict[str, object]:
    """Return a value of the right type for every key of a kind."""
    return {key: VALUES[value_type] for key, value_type in kind.keys.items()}


@every_kind
def test_its_keys_hang_together(kind: FluxKind) -> None:
    assert KINDS[kind.name] is kind
    assert set(kind.required) <= set(kind.keys)
    assert set(kind.one_neutrino_keys) <= set(kind.keys)
    assert kind.range_key in {*kind.keys, "kind"}
    assert set(kind.alternatives) <= set(kind.required)
    assert set(kind.alternatives.values()) <= set(kind.keys)
    with pytest.raises(TypeError):
        kind.keys["new"] = NUMBER  # type: ignore[index]


@every_kind
def test_it_is_documented_with_every_key(kind: FluxKind) -> None:
    (row,) = re.findall(rf"^\| `{kind.name}` \|(.*)\|$", DOCUMENTED, re.MULTILINE)
    named = re.findall(r"`([^`]*)`", row)
    assert [key for key in kind.keys if key not in named] == []


@every_kind
def test_each_missing_key_is_named(kind: FluxKind) -> None:
    for key in kind.required:
        absent = {key, kind.alternatives.get(key)}
        options = {name: value for name, value in filled(kind).items() if name not in absent}
        words = kind.keys[key].words
        message = f"flux.{key} is missing: flux.kind = '{kind.name}' needs it, {words}"
        with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
            build_source(kind.name, options, "numu", HERE)
        _, messages = read(toml_of({"kind": kind.name, **options}))
        assert messages == (f"x.toml:1: key 'flux.{key}' is missing: flux.kind = '{kind.name}' needs it",)


@every_key
def test_a_misspelt_key_is_corrected(kind: FluxKind, key: str) -> None:
    options = filled(kind)
    wrong = {name + "_" * (name == key): value for name, value in options.items()}
    with pytest.raises(InputError, match=f"^unknown key 'flux.{key}_', did you mean '{key}'.; flux.kind = "):
        build_source(kind.name, wrong, "numu", HERE)
    _, messages = read(toml_of({"kind": kind.name, **wrong}))
    line = list(options).index(key) + 3
    assert f"x.toml:{line}: unknown key 'flux.{key}_', did you mean '{key}'?" in messages


@every_key
def test_a_value_of_the_wrong_type_is_refused(kind: FluxKind, key: str) -> None:
    value = WRONG[kind.keys[key]]
    options = {**filled(kind), key: value}
    message = re.escape(f"flux.{key} = {value!r} is not {kind.keys[key].words}")
    with pytest.raises(InputError, match=f"^{message}$"):
        build_source(kind.name, options, "numu", HERE)
    _, messages = read(toml_of({"kind": kind.name, **options}))
    line = list(options).index(key) + 3
    assert len(messages) == 1
    assert re.match(rf"x.toml:{line}: flux\.{key}(\[0\])?: must be ", messages[0])


@every_key
def test_true_is_not_a_number(kind: FluxKind, key: str) -> None:
    assert not kind.keys[key].fits(True)
    _, messages = read(toml_of({"kind": kind.name, **filled(kind)}).replace(f"\n{key} = ", f"\n{key} = true # "))
    assert any(re.match(rf"x.toml:\d+: flux\.{key}: must be .*not true", message) for message in messages)


@every_kind
def test_values_of_a_card_are_those_of_the_text(kind: FluxKind) -> None:
    options = filled(kind)
    document = Document(f"[flux]\n{toml_of(options)}", "x.toml")
    table = Table(document, (), document.data).table("flux")
    assert kind.read(table) == options
    kind.check(options)
    table.finish()
    assert document.messages == ()


@every_kind
def test_who_names_the_neutrino(kind: FluxKind) -> None:
    assert has_one_neutrino(kind.name, {}) is not kind.has_own_neutrinos
    if not kind.has_own_neutrinos:
        with pytest.raises(
            InputError, match=f"^process.neutrino is missing: flux.kind = '{kind.name}' does not define"
        ):
            build_source(kind.name, filled(kind), None, HERE)
    for key in kind.one_neutrino_keys:
        assert has_one_neutrino(kind.name, {key: 1})


def test_an_unknown_kind_has_no_neutrinos() -> None:
    with pytest.raises(InputError, match=r"^flux.kind: unknown kind 'sunn'; known are monochromatic, "):
        has_one_neutrino("sunn", {})


# ---- a kind that is not in the package


def _build_box(request: FluxRequest) -> Source:
    low = request.number("from_GeV", 1.0)
    return request.source_of(PowerLaw(0.0, low, low + request.number("width_GeV")))


BOX = FluxKind(
    name="box",
    keys={"width_GeV": NUMBER, "from_GeV": NUMBER},
    required=("width_GeV",),
    build=_build_box,
    range_key="width_GeV",
    has_own_neutrinos=False,
)
WITH_BOX = {**KINDS, "box": BOX}


def test_a_kind_of_ones_own_in_python() -> None:
    flux = build_flux("box", {"width_GeV": 3}, "nue", HERE, kinds=WITH_BOX)
    assert flux == PowerLaw(0.0, 1.0, 4.0)
    np.testing.assert_allclose(flux.density(np.array([0.5, 2.0])), [0.0, 1.0 / 3.0])
    assert build_source("box", {"width_GeV": 3}, "nue", HERE, kinds=WITH_BOX).neutrinos == ("nue",)
    assert has_one_neutrino("box", {}, kinds=WITH_BOX)
    with pytest.raises(InputError, match=r"^flux: energy_max_GeV = 1.0 must be finite and exceed"):
        build_flux("box", {"width_GeV": 0}, "nue", HERE, kinds=WITH_BOX)
    with pytest.raises(InputError, match=r"^flux.kind: unknown kind 'box'"):
        build_flux("box", {"width_GeV": 3}, "nue", HERE)


def test_a_kind_of_ones_own_on_a_card() -> None:
    card, messages = read('kind = "box"\nwidth_GeV = 3\n', kinds=WITH_BOX)
    assert (card, messages) == (FluxCard("box", {"width_GeV": 3.0}, "width_GeV"), ())
    _, messages = read('kind = "box"\nfrom_gev = 3\n', kinds=WITH_BOX)
    assert messages == (
        "x.toml:1: key 'flux.width_GeV' is missing: flux.kind = 'box' needs it",
        "x.toml:3: unknown key 'flux.from_gev', did you mean 'from_GeV'?",
    )
    _, messages = read('kind = "box"\nwidth_GeV = 0\n', kinds=WITH_BOX)
    assert messages == ("x.toml:1: flux: energy_max_GeV = 1.0 must be finite and exceed energy_min_GeV = 1.0",)


def test_a_new_kind_drops_the_keys_of_the_old_one() -> None:
    overrides = [Override(("flux", "kind"), "monochromatic", "--set"), Override(("flux", "energy_GeV"), 5, "--set")]
    document = Document('[flux]\nkind = "box"\nwidth_GeV = 3\nother = 1\n', "x.toml", overrides)
    fit_flux_overrides(document, WITH_BOX)
    assert document.data["flux"] == {"kind": "monochromatic", "energy_GeV": 5, "other": 1}
