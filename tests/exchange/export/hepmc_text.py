"""A reader of HepMC3 text for the tests, written from the description of the format and nothing else."""

from __future__ import annotations

import gzip
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class Line:
    """A particle: number, vertex it comes from, code, (px, py, pz, E, m) and status."""

    number: int
    vertex: int
    pdgid: int
    momentum: list[float]
    status: int


@dataclass
class Vertex:
    """A vertex: number, status, particles that go in, position (x, y, z, ct) or nothing."""

    number: int
    status: int
    incoming: list[int]
    position: list[float]


@dataclass
class TextEvent:
    """An event."""

    number: int
    sizes: tuple[int, int]
    units: tuple[str, str] = ("", "")
    weights: list[float] = field(default_factory=list)
    attributes: dict[tuple[int, str], str] = field(default_factory=dict)
    particles: list[Line] = field(default_factory=list)
    vertices: list[Vertex] = field(default_factory=list)

    def of_status(self, status: int) -> list[Line]:
        """Return the particles of one status."""
        return [particle for particle in self.particles if particle.status == status]

    def end_vertex(self, particle: Line) -> Vertex | None:
        """Return the vertex where a particle ends."""
        return next((vertex for vertex in self.vertices if particle.number in vertex.incoming), None)


@dataclass
class TextFile:
    """A file: attributes of the run, tools, names of weights, events."""

    attributes: dict[str, str] = field(default_factory=dict)
    tools: list[list[str]] = field(default_factory=list)
    weights: list[str] = field(default_factory=list)
    events: list[TextEvent] = field(default_factory=list)

    def list_of(self, name: str) -> list[str]:
        """Return an attribute that is a list."""
        return self.attributes[name].split()


def read_text(path: Path) -> TextFile:
    """Read a file."""
    data = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    lines = data.decode("ascii").rstrip("\n").split("\n")
    assert lines[0].startswith("HepMC::Version 3.")
    assert lines[1] == "HepMC::Asciiv3-START_EVENT_LISTING"
    assert lines[-1] == "HepMC::Asciiv3-END_EVENT_LISTING"
    file = TextFile()
    for line in lines[2:-1]:
        _take(file, line[0], line[2:])
    return file


def _take(file: TextFile, kind: str, rest: str) -> None:
    words = rest.split(" ")
    event = file.events[-1] if file.events else None
    if kind == "E":
        file.events.append(TextEvent(int(words[0]), (int(words[1]), int(words[2]))))
    elif event is None and kind == "A":
        name, _, text = rest.partition(" ")
        file.attributes[name] = text.replace("\\|", "\n").replace("\\\\", "\\")
    elif event is None:
        {"W": file.weights, "T": file.tools}[kind].extend(rest.split("\\|") if kind == "W" else [rest.split("\\|")])  # type: ignore[attr-defined]
    elif kind == "U":
        event.units = (words[0], words[1])
    elif kind == "W":
        event.weights = [float(word) for word in words]
    elif kind == "A":
        event.attributes[int(words[0]), words[1]] = " ".join(words[2:])
    elif kind == "P":
        momentum = [float(word) for word in words[3:8]]
        event.particles.append(Line(int(words[0]), int(words[1]), int(words[2]), momentum, int(words[8])))
    elif kind == "V":
        into = [int(word) for word in words[2].strip("[]").split(",")]
        position = [float(word) for word in words[4:]] if len(words) > 3 else []
        event.vertices.append(Vertex(int(words[0]), int(words[1]), into, position))
    else:
        raise AssertionError(f"unknown line {kind} {rest}")
