from __future__ import annotations

import json
import math
import re

import pytest

from tridentgen.cards import Card, CardError, parse_card
from tridentgen.detector.beam_line import BeamLine
from tridentgen.detector.geometry import Box, Cylinder, Point, Shape, Sphere
from tridentgen.detector.placement import Volume
from tridentgen.detector.placement_card import PlacementCard, read_placement_tables
from tridentgen.detector.spill import BunchedSpill, Spill, UniformSpill
from tridentgen.errors import InputError
from tridentgen.matter.materials import material
from tridentgen.reports.cards import card_json
from tridentgen.runs.job import job_of, placed_job, placement_of
from tridentgen.toml.tables import Document, Table

TRIDENT = """\
[process]
kind = "trident"
neutrino = "numu"
leptons = ["mu-", "mu+"]
target = "Ar40"
regimes = ["coherent"]
[flux]
kind = "monochromatic"
energy_GeV = 5.0
"""
COHERENT = """\
[process]
kind = "cevns"
target = "CsI"
[flux]
kind = "pion-decay-at-rest"
distance_m = 19.3
"""


def read(text: str, *overrides: str) -> tuple[PlacementCard | None, tuple[str, ...]]:
    """Read the tables of a card; return them and the lines of all mistakes."""
    document = Document(text, "bad.toml", overrides)
    root = Table(document, (), document.data)
    card = read_placement_tables(root.table("detector"))
    root.finish()
    return card, document.messages


def good(text: str) -> PlacementCard:
    card, messages = read(text)
    assert messages == ()
    assert card is not None
    return card


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ('shape = "point"', Point()),
        ('shape = "point"\ncentre_cm = [1, 2.5, -3]', Point((1.0, 2.5, -3.0))),
        ('shape = "box"\nsize_cm = [300, 200, 500.5]', Box((300.0, 200.0, 500.5))),
        ('shape = "sphere"\nradius_cm = 60\ncentre_cm = [0, 0, 9]', Sphere(60.0, (0.0, 0.0, 9.0))),
        ('shape = "cylinder"\nradius_cm = 5\nlength_cm = 20', Cylinder(5.0, 20.0, (0.0, 0.0, 1.0))),
        ('shape = "cylinder"\nradius_cm = 5\nlength_cm = 20\naxis = "y"', Cylinder(5.0, 20.0, (0.0, 1.0, 0.0))),
        ('shape = "cylinder"\nradius_cm = 5\nlength_cm = 20\naxis = [3, 0, 4]', Cylinder(5.0, 20.0, (3.0, 0.0, 4.0))),
    ],
)
def test_shapes(text: str, shape: Shape) -> None:
    assert good(f"[detector.volume]\n{text}\n") == PlacementCard((Volume(shape),))


def test_several_volumes_with_materials() -> None:
    card = good("""\
[[detector.volumes]]
shape = "box"
size_cm = [300, 200, 500]
material = "LAr"
density_g_cm3 = 1.396

[[detector.volumes]]
shape = "sphere"
radius_cm = 10
material = "stainless-steel"
density_g_cm3 = 8
""")
    steel = Volume(Sphere(10.0), "stainless-steel", 8.0)
    assert card.volumes == (Volume(Box((300.0, 200.0, 500.0)), "LAr", 1.396), steel)
    inline = 'shape = "sphere", radius_cm = 10, material = "stainless-steel", density_g_cm3 = 8'
    assert good(f"detector = {{ volumes = [{{ {inline} }}] }}").volumes == (steel,)


@pytest.mark.parametrize(
    ("text", "beam"),
    [
        ("direction = [0, -3, 4]\ndivergence_mrad = 2", BeamLine((0.0, -3.0, 4.0), divergence_rad=2e-3)),
        ("source_distance_m = 574", BeamLine(source_cm=(0.0, 0.0, -57400.0))),
        ("direction = [0, -3, 4]\nsource_distance_m = 10", BeamLine((0.0, -3.0, 4.0), (0.0, 600.0, -800.0))),
        ("source_position_m = [1, 2, -3.5]", BeamLine(source_cm=(100.0, 200.0, -350.0))),
    ],
)
def test_beams(text: str, beam: BeamLine) -> None:
    found = good(f"[detector.beam]\n{text}\n")
    assert found.volumes == (Volume(Point()),)
    assert found.beam.direction == pytest.approx(beam.direction, rel=1e-15)
    assert found.beam.divergence_rad == pytest.approx(beam.divergence_rad, rel=1e-15)
    if found.beam.source_cm is None or beam.source_cm is None:
        assert found.beam.source_cm is beam.source_cm
    else:
        assert found.beam.source_cm == pytest.approx(beam.source_cm, rel=1e-15, abs=1e-12)


@pytest.mark.parametrize(
    ("text", "spill"),
    [
        ('kind = "uniform"\nlength_us = 9.6', UniformSpill(9600.0)),
        ('kind = "uniform"\nlength_us = 1\nstart_ns = -50', UniformSpill(1000.0, -50.0)),
        ('kind = "bunches"\nbunches = 84\nspacing_ns = 18.8', BunchedSpill(84, 18.8)),
        (
            'kind = "bunches"\nbunches = 6\nspacing_ns = 1600\nbunch_sigma_ns = 1.3\nstart_ns = 9',
            BunchedSpill(6, 1600.0, 1.3, 9.0),
        ),
    ],
)
def test_spills(text: str, spill: Spill) -> None:
    assert good(f"[detector.spill]\n{text}\n").spill == spill


def test_no_geometry_is_no_placement() -> None:
    assert read("[detector]\n")[0] is None
    assert read("")[0] is None


MISTAKES = [
    ("[detector.volume]\nsize_cm = [1, 2, 3]", "1: key 'detector.volume.shape' is missing"),
    (
        '[detector.volume]\nshape = "shpere"',
        "2: detector.volume.shape: must be one of point, box, cylinder, sphere, not 'shpere', did you mean 'sphere'?",
    ),
    ('[detector.volume]\nshape = "box"', "1: key 'detector.volume.size_cm' is missing"),
    (
        '[detector.volume]\nshape = "box"\nsize_cm = [1, 2]',
        "3: detector.volume.size_cm: must be three numbers such as [200.0, 200.0, 500.0], not 2",
    ),
    (
        '[detector.volume]\nshape = "box"\nsize_cm = [1,\n0, 2]',
        "4: detector.volume.size_cm[1]: must be a positive number, not 0",
    ),
    (
        '[detector.volume]\nshape = "box"\nsize_cm = 3',
        "3: detector.volume.size_cm: must be a list such as [200.0, 200.0, 500.0], not 3",
    ),
    (
        '[detector.volume]\nshape = "sphere"\nradius_cm = 3\ncenter_cm = [0, 0, 0]',
        "4: unknown key 'detector.volume.center_cm', did you mean 'centre_cm'?",
    ),
    (
        '[detector.volume]\nshape = "sphere"\nradius_cm = 3\nlength_cm = 5',
        "4: unknown key 'detector.volume.length_cm'",
    ),
    (
        '[detector.volume]\nshape = "cylinder"\nradius_cm = 3\nlength_cm = 5\naxis = "w"',
        "5: detector.volume.axis: must be x, y, z or a list such as [0.0, 0.0, 1.0], not 'w'",
    ),
    (
        '[detector.volume]\nshape = "cylinder"\nradius_cm = 3\nlength_cm = 5\naxis = [0, 0, 0]',
        "1: detector.volume: axis = [0.0, 0.0, 0.0] must be three finite numbers, not all of them 0",
    ),
    ('[detector]\nvolume = "box"', "2: 'detector.volume' must be a table, not 'box'"),
    (
        '[detector.volumes]\nshape = "point"',
        "1: 'detector.volumes' must be tables, each under its own [[detector.volumes]]",
    ),
    ("[detector]\nvolumes = []", "2: 'detector.volumes' must be tables, each under its own [[detector.volumes]]"),
    (
        '[detector.volume]\nshape = "point"\n[[detector.volumes]]\nshape = "point"',
        "1: detector.volume: conflicts with detector.volumes; give all volumes there",
    ),
    (
        '[[detector.volumes]]\nshape = "point"\n[[detector.volumes]]\nshape = "sphere"\nradius = 3',
        "5: unknown key 'detector.volumes[1].radius', did you mean 'radius_cm'?",
    ),
    (
        '[[detector.volumes]]\nshape = "point"\n[[detector.volumes]]\nshape = "point"\nmaterial = "lar"',
        "5: detector.volumes[1].material: unknown material 'lar', did you mean 'LAr'?",
    ),
    (
        '[detector.volume]\nshape = "point"\ndensity_g_cm3 = 0',
        "3: detector.volume.density_g_cm3: must be a positive number, not 0",
    ),
    (
        "[detector.beam]\ndirection = [0, 0, 0]",
        "1: detector.beam: direction = [0.0, 0.0, 0.0] must be three finite numbers, not all of them 0",
    ),
    ("[detector.beam]\nsource_distance_m = 0", "2: detector.beam.source_distance_m: must be a positive number, not 0"),
    (
        "[detector.beam]\nsource_distance_m = 5\nsource_position_m = [0, 0, -5]",
        "2: detector.beam.source_distance_m: follows from detector.beam.source_position_m; give only one of the two",
    ),
    (
        "[detector.beam]\ndirection = [0, 0, 1]\nsource_position_m = [0, 0, -5]",
        "2: detector.beam.direction: follows from detector.beam.source_position_m; give only one of the two",
    ),
    (
        "[detector.beam]\ndivergence_mrad = -1",
        "2: detector.beam.divergence_mrad: must be a non-negative number",
    ),
    ("[detector.beam]\ndivergence = 1", "2: unknown key 'detector.beam.divergence', did you mean 'divergence_mrad'?"),
    ("[detector.spill]\nlength_us = 1", "1: key 'detector.spill.kind' is missing"),
    ('[detector.spill]\nkind = "uniform"', "1: key 'detector.spill.length_us' is missing"),
    (
        '[detector.spill]\nkind = "bunches"\nbunches = 2.5\nspacing_ns = 1',
        "3: detector.spill.bunches: must be a whole number from 1 to 2147483648, not 2.5",
    ),
    (
        '[detector.spill]\nkind = "uniform"\nlength_us = 1\nbunches = 2',
        "4: unknown key 'detector.spill.bunches'",
    ),
]


@pytest.mark.parametrize(("text", "message"), MISTAKES)
def test_a_mistake_is_one_line_with_its_place(text: str, message: str) -> None:
    _, messages = read(text)
    assert len(messages) == 1, messages
    assert messages[0].startswith(f"bad.toml:{message}")


def test_all_mistakes_at_once() -> None:
    _, messages = read("""\
[[detector.volumes]]
shape = "box"
size_cm = [1, 2, -3]
[[detector.volumes]]
shape = "sphere"
radius_cm = -1
[detector.beam]
direction = [0, 1]
[detector.spill]
kind = "uniform"
length_us = 0
""")
    assert [int(re.match(r"bad.toml:(\d+):", m)[1]) for m in messages] == [3, 6, 8, 11]  # type: ignore[index]


# Whole cards -------------------------------------------------------------------------------------------------------


def card(text: str, *overrides: str) -> Card:
    return parse_card(text, path="my.toml", overrides=overrides)


VOLUME = '[detector.volume]\nshape = "sphere"\nradius_cm = 10\n'


@pytest.mark.parametrize("text", [TRIDENT, COHERENT])
def test_a_geometry_alone_is_no_response(text: str) -> None:
    found = card(text + VOLUME)
    assert found.detector is None
    assert found.placement == PlacementCard((Volume(Sphere(10.0)),))
    job = placed_job(found)
    bare = placed_job(card(text))
    assert bare.placement is None
    assert job.process.columns == bare.process.columns == bare.columns
    added = [column.name for column in job.columns[len(bare.columns) :]]
    assert added == ["vertex_x", "vertex_y", "vertex_z", "vertex_time"]
    extra = {name: value for name, value in job.attributes.items() if name not in bare.attributes}
    assert list(extra) == ["placement"]
    assert json.loads(str(extra["placement"]))["volumes"][0]["radius_cm"] == 10.0
    assert {**job.attributes, "placement": ""} == {**bare.attributes, "placement": ""}


def test_geometry_and_response_go_together() -> None:
    found = card(COHERENT + '[detector]\nquenching = "csi"\n' + VOLUME)
    assert found.detector is not None
    assert found.placement is not None
    names = [column.name for column in placed_job(found).columns]
    assert names[-7:] == [
        "quenched_energy", "observed_energy", "acceptance", "vertex_x", "vertex_y", "vertex_z", "vertex_time",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            TRIDENT + '[detector]\nquenching = "csi"\n',
            "my.toml:10: detector: belongs to process.kind = 'cevns' or 'wimp': there is no detector response to "
            "tridents; leave it out",
        ),
        (
            TRIDENT + '[detector]\nquenching = "csi"\n' + VOLUME,
            "my.toml:11: detector.quenching: belongs to process.kind = 'cevns' or 'wimp': there is no detector "
            "response to tridents; only volume, volumes, beam, spill go with them",
        ),
        (
            COHERENT + "[detector.spil]\n" + VOLUME,
            "my.toml:7: unknown table 'detector.spil', did you mean 'spill'?",
        ),
    ],
)
def test_what_does_not_belong_there(text: str, message: str) -> None:
    with pytest.raises(CardError) as error:
        card(text)
    assert str(error.value) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            TRIDENT + VOLUME + 'material = "CH"\n',
            "my.toml:10: detector.volume: the target Ar40 is not in 'CH'; name a material that contains it",
        ),
        (
            TRIDENT + VOLUME.replace("[detector.volume]", "[[detector.volumes]]") * 2 + 'material = "LAr"\n',
            "my.toml:10: detector.volumes[0]: density_g_cm3 is missing, and the materials differ; give it",
        ),
        (
            TRIDENT
            + VOLUME.replace("[detector.volume]", "[[detector.volumes]]")
            + '[[detector.volumes]]\nshape="point"\n',
            "my.toml:13: detector.volumes[1]: a point has no volume and must be alone; give a small sphere",
        ),
        (
            TRIDENT + VOLUME + "[detector.beam]\nsource_position_m = [0, 0, 0.05]\n",
            "my.toml:10: detector.volume: the source of the neutrinos is inside; move one of them",
        ),
    ],
)
def test_volumes_that_do_not_go_with_the_target(text: str, message: str) -> None:
    for use in (placement_of, placed_job, card_json):
        with pytest.raises(CardError) as error:
            use(card(text))
        assert str(error.value) == message
    job_of(card(text))  # cross sections do not ask where


def test_overrides_reach_the_tables() -> None:
    found = card(TRIDENT + VOLUME, "detector.volume.radius_cm=20", "detector.spill={kind='uniform', length_us=2}")
    assert found.placement is not None
    assert found.placement.volumes == (Volume(Sphere(20.0)),)
    assert found.placement.spill == UniformSpill(2000.0)
    again = parse_card(found.text)
    assert again.placement == found.placement


def test_cards_with_several_volumes_are_written_back() -> None:
    text = TRIDENT + VOLUME.replace("[detector.volume]", "[[detector.volumes]]") * 2
    found = card(text, "sampling.events=5")
    assert parse_card(found.text).placement == card(text).placement == found.placement


def test_the_source_of_a_card_that_has_only_a_distance() -> None:
    found = placement_of(card(TRIDENT + "[detector.beam]\nsource_distance_m = 574\ndirection = [0, -0.101, 1]\n"))
    assert found is not None
    assert found.beam.source_cm is not None
    assert math.dist(found.beam.source_cm, (0.0, 0.0, 0.0)) == pytest.approx(57400.0, rel=1e-14)
    assert found.beam.source_cm[1] > 0.0  # the beam goes down, so it starts above


def test_the_target_is_what_a_volume_is_made_of() -> None:
    assert PlacementCard((Volume(Sphere(1.0)),)).placement(material("CsI")).shares == ((1.0,), (1.0,))
    with pytest.raises(InputError, match=r"^detector\.volume: the target Ar40 is not in"):
        PlacementCard((Volume(Sphere(1.0), "CsI"),)).placement(material("Ar40"))
