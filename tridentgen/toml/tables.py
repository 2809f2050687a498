"""TOML tables read with checks; every mistake is collected as one line ``path:line: message``.

`Document` overrides the values of a text by command-line options and records the origin of each.
`Table` returns values through checks: functions that convert a TOML value into a checked one, or raise
`InputError` stating what it must be.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from tridentgen.errors import InputError, nearest, one_line
from tridentgen.toml.positions import BARE_KEY, Key, key_lines

T = TypeVar("T")
Convert = Callable[[object], T]

_LONGEST_MESSAGE = 400
_MOST_MESSAGES = 100
_DEEPEST = 64
_DOT, _NOT_IN_KEYS = re.compile(r"[\w\"'-][ \t]*\."), re.compile(r"[,\[\]{}=\n#]")
_LONGEST_STRING = 4096
_AFTER_THE_TEXT = 1 << 60  # sorts the mistakes of the overrides after those of the text
_SYNTAX = re.compile(r"(?P<what>.*) \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)", re.S)
_KEY_IN_FRONT = re.compile(r"(?P<key>\w+(?:\.\w+)*)(?:\[(?P<element>\d+)\])?(?= |:)")


@dataclass(frozen=True)
class Override:
    """A value that replaces that of a key; messages name its `origin`, such as ``--events 10``."""

    key: Key
    value: object
    origin: str


class Document:
    """A TOML text with overrides, which collects every mistake with its position.

    Parameters
    ----------
    text : str
        The TOML text.
    name : str
        Name in messages, usually the path.
    overrides : sequence of str or Override
        A string is the ``KEY=VALUE`` of ``--set``; VALUE is TOML, or else a plain string.

    Attributes
    ----------
    flaws : int
        Increases with every mistake, whether noted or yet to be noted.
    """

    def __init__(self, text: str, name: str, overrides: Sequence[str | Override] = ()) -> None:
        self.name = name
        self.data: dict[str, object] = {}
        self.lines: dict[Key, int] = {}
        self.flaws = 0
        self._problems: list[tuple[int, str]] = []
        self._overrides: list[Override] = []
        self.parsed = self._load(text)
        if self.parsed:
            for given in overrides:
                override = self._typed_override(given) if isinstance(given, str) else given
                if override is not None:
                    self._apply(override)

    @property
    def messages(self) -> tuple[str, ...]:
        """Every mistake found so far, in the order of the text, one line each."""
        found = [message for _, message in sorted(self._problems, key=lambda problem: problem[0])]
        more = len(found) - _MOST_MESSAGES
        return tuple(found if more <= 0 else [*found[:_MOST_MESSAGES], f"{self.name}: and {more} more mistakes"])

    def complain(self, key: Key, message: str) -> None:
        """Note a mistake at `key`: at its own line, or else at the line of the nearest table around it."""
        line, place = self._place(key)
        self._note(line, place, message)

    def refuse(self, key: Key, reason: str) -> None:
        """Note that the value of `key` is wrong; name the key unless the override already names it."""
        override = self._owner(key)
        named = override is not None and override.key == key
        self.complain(key, reason if named else f"{_dotted(key)}: {reason}")

    def overridden(self, key: Key) -> bool:
        """Whether the value of `key` came from an override."""
        return self._owner(key) is not None

    def places(self) -> dict[Key, str]:
        """Return the position of each table and key, as in messages: ``x.toml:3`` or ``--set flux.path=y``."""
        found: dict[Key, str] = {(): f"{self.name}:1"}

        def visit(value: object, key: Key) -> None:
            if key:
                found[key] = self._place(key)[1]
            if isinstance(value, dict):
                for name, inner in value.items():
                    visit(inner, (*key, name))
            elif isinstance(value, list) and all(isinstance(inner, dict) for inner in value):
                for place, inner in enumerate(value):
                    visit(inner, (*key, place))

        visit(self.data, ())
        return found

    def _note(self, line: int, place: str, message: str) -> None:
        short = message if len(message) <= _LONGEST_MESSAGE else message[:_LONGEST_MESSAGE] + "..."
        self.flaws += 1
        self._problems.append((line, one_line(f"{place}: {short}")))

    def _load(self, text: str) -> bool:
        """Parse `text`; note a syntax error with line and column and return False."""
        try:
            if any(len(_DOT.findall(part)) > _DEEPEST for part in _NOT_IN_KEYS.split(text)):
                raise RecursionError  # time and memory of tomllib grow with the square of the depth
            self.data = tomllib.loads(text)
            self.lines = key_lines(text)
        except tomllib.TOMLDecodeError as error:
            self._note(*self._syntax(str(error), text))
        except RecursionError:
            self._note(1, f"{self.name}:1", "not a card: arrays or tables are nested too deeply")
        except ValueError:  # not a TOML error: int() rejects more than 4300 digits
            self._note(1, f"{self.name}:1", "not a card: a whole number has thousands of digits")
        else:
            return True
        return False

    def _syntax(self, error: str, text: str) -> tuple[int, str, str]:
        rows = text.replace("\r\n", "\n").split("\n")
        match = _SYNTAX.fullmatch(error)
        what = match["what"] if match else error
        line, column = len(rows), len(rows[-1]) + 1
        if match and match["line"]:
            line, column = int(match["line"]), int(match["column"])
        return line, f"{self.name}:{line}:{column}", f"not valid TOML: {what[:1].lower()}{what[1:]}"

    def _typed_override(self, typed: str) -> Override | None:
        """Read the ``KEY=VALUE`` of a ``--set``; note a mistake if it does not have that form."""
        dotted, equals, value = typed.partition("=")
        parts = tuple(part.strip() for part in dotted.split("."))
        origin = f"--set {typed}"
        if not equals or not all(BARE_KEY.fullmatch(part) for part in parts):
            self._note(_AFTER_THE_TEXT, origin, "must be KEY=VALUE, such as process.target=C12")
            return None
        return Override(parts, toml_value(value.strip()), origin)

    def _apply(self, override: Override) -> None:
        """Replace a value of the text by the override."""
        parts = [str(part) for part in override.key]
        table = self.data
        for depth, part in enumerate(parts[:-1], start=1):
            inner = table.setdefault(part, {})
            if not isinstance(inner, dict):
                self._note(_AFTER_THE_TEXT, override.origin, f"'{'.'.join(parts[:depth])}' is not a table")
                return
            table = inner
        table[parts[-1]] = override.value
        self._overrides.append(override)

    def _owner(self, key: Key) -> Override | None:
        """Return the last override that set `key` or a table around it."""
        return next((o for o in reversed(self._overrides) if key[: len(o.key)] == o.key), None)

    def _place(self, key: Key) -> tuple[int, str]:
        """Return line and place of `key`: its override, else its line, else those of the table around it."""
        override = self._owner(key)
        while key and override is None:
            if key in self.lines:
                return self.lines[key], f"{self.name}:{self.lines[key]}"
            # A table that no line mentions was made by an override of a key in it.
            override = next((o for o in reversed(self._overrides) if o.key[: len(key)] == key), None)
            key = key[:-1]
        return (_AFTER_THE_TEXT, override.origin) if override else (1, f"{self.name}:1")


class Table:
    """One table of a document: reads keys one by one, and reports those that were never read.

    A missing table is read as empty; its keys are then not individually reported as missing.
    """

    def __init__(self, document: Document, key: Key = (), data: Mapping[str, object] | None = None) -> None:
        self.document = document
        self.key = key
        self.present = data is not None
        self.data = {} if data is None else data
        self._known: set[str] = set()
        self._absent: dict[str, str] = {}
        self._inner: list[Table] = []

    def table(self, name: str, *, required: bool = False) -> Table:
        """Return the table `name` inside this one."""
        self._known.add(name)
        key = (*self.key, name)
        data = self.data.get(name)
        if isinstance(data, dict):
            self._inner.append(Table(self.document, key, data))
            return self._inner[-1]
        if name in self.data:
            self.document.complain(key, f"'{_dotted(key)}' must be a table, not {show(data)}")
        elif required:
            self.document.complain(key, f"the table [{_dotted(key)}] is missing")
        return Table(self.document, key)

    def tables(self, name: str) -> tuple[Table, ...]:
        """Return the tables of the array ``[[name]]`` inside this one; none where it is absent or wrong."""
        self._known.add(name)
        key, values = (*self.key, name), self.data.get(name)
        if name not in self.data:
            return ()
        if not isinstance(values, list) or not values or not all(isinstance(value, dict) for value in values):
            self.document.complain(key, f"'{_dotted(key)}' must be tables, each under its own [[{_dotted(key)}]]")
            return ()
        found = tuple(Table(self.document, (*key, i), value) for i, value in enumerate(values))
        self._inner += found
        return found

    def read(self, name: str, convert: Convert[T], default: T) -> T:
        """Return the checked value of `name`, or `default` where it is absent or wrong."""
        self._known.add(name)
        if name not in self.data:
            return default
        return self._checked((*self.key, name), self.data[name], convert, default)

    def need(self, name: str, convert: Convert[T], stand_in: T) -> T:
        """Return the checked value of `name`; complain and return `stand_in` where it is missing or wrong."""
        self.require(name)
        return self.read(name, convert, stand_in)

    def read_list(self, name: str, convert: Convert[T], example: str) -> tuple[T, ...]:
        """Return the checked elements of the list `name`, or nothing where it is absent, empty or wrong.

        Each wrong element is reported at its own line.
        """
        self._known.add(name)
        if name not in self.data:
            return ()
        values = self.data[name]
        if not isinstance(values, list) or not values:
            given = "an empty list" if values == [] else show(values)
            self.complain(name, f"must be a list such as {example}, not {given}")
            return ()
        read = [self._checked((*self.key, name, i), v, convert, None) for i, v in enumerate(values)]
        return tuple(v for v in read if v is not None) if None not in read else ()

    def need_list(self, name: str, convert: Convert[T], example: str) -> tuple[T, ...]:
        """Return the result of `read_list`; complain also if the list is missing."""
        self.require(name)
        return self.read_list(name, convert, example)

    def require(self, name: str, reason: str = "") -> None:
        """Complain, once all keys are known, if `name` is missing and not just misspelt."""
        if self.present and name not in self.data:
            self._absent[name] = f"key '{_dotted((*self.key, name))}' is missing{reason}"
            self.document.flaws += 1

    def complain(self, name: str, message: str) -> None:
        """Note a mistake in the value of `name`."""
        self.document.refuse((*self.key, name), message)

    def made(self, make: Callable[[], T]) -> T | None:
        """Return the result of `make`; if it raises `InputError`, note that of this table and return None."""
        try:
            return make()
        except InputError as error:
            self.document.refuse(self.key, str(error))
            return None

    def accept_the_rest(self) -> None:
        """Treat every key as known."""
        self._known.update(self.data)

    def finish(self) -> None:
        """Report every key that was never read, also in nested tables, with the nearest key that was.

        Missing keys are reported too, except where one was only misspelt.
        """
        hints = [self._unknown(name) for name in self.data if name not in self._known]
        for name, message in self._absent.items():
            if not any(f"'{name}'" in hint for hint in hints):
                self.document.complain((*self.key, name), message)
        for table in self._inner:
            table.finish()

    def _unknown(self, name: str) -> str:
        """Report a key that was never read; return the hint given with it."""
        key = (*self.key, name)
        what = "table" if isinstance(self.data[name], dict) else "key"
        # An override may mean a key that the card already has; a line of the card hardly would.
        meant = self._known if self.document.overridden(key) else self._known.difference(self.data)
        hint = nearest(name, sorted(meant))
        self.document.complain(key, f"unknown {what} '{_dotted(key)}'{hint}")
        return hint

    def _checked(self, key: Key, value: object, convert: Convert[T], default: T) -> T:
        try:
            return convert(value)
        except InputError as error:
            self.document.refuse(key, str(error))
            return default


def string(value: object) -> str:
    """Check a string that is not empty."""
    if not isinstance(value, str):
        raise InputError(f"must be a string in quotes, not {show(value)}")
    if not value.strip() or len(value) > _LONGEST_STRING:
        raise InputError(f"must have 1 to {_LONGEST_STRING} characters, not {show(value)}")
    if any("\ud800" <= c <= "\udfff" for c in value):  # bytes of a command line that are not UTF-8
        raise InputError(f"must be UTF-8 text, not {show(value)}")
    return value


class _Named(Protocol):
    @property
    def name(self) -> str: ...


def named(find: Callable[[str], _Named]) -> Convert[str]:
    """Return the check of a name that `find` knows; the value is the name of what it finds."""
    return lambda value: find(string(value)).name


def boolean(value: object) -> bool:
    """Check ``true`` or ``false``."""
    if not isinstance(value, bool):
        raise InputError(f"must be true or false, not {show(value)}")
    return value


def number(words: str, holds: Callable[[float], bool]) -> Convert[float]:
    """Return the check of a finite number (whole or not) that satisfies `holds`; `words` describe it in messages."""

    def convert(value: object) -> float:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            try:
                x = float(value)
            except OverflowError:
                x = math.inf
            if math.isfinite(x) and holds(x):
                return x
        raise InputError(f"must be {words}, not {show(value)}")

    return convert


FINITE = number("a finite number", lambda _: True)
POSITIVE = number("a positive number", lambda x: x > 0.0)
NOT_NEGATIVE = number("a non-negative number", lambda x: x >= 0.0)
FRACTION = number("a number between 0 and 1", lambda x: 0.0 < x < 1.0)


def integer(low: int, high: int) -> Convert[int]:
    """Return the check of a whole number from `low` to `high`, both included."""

    def convert(value: object) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and low <= value <= high:
            return value
        whole = isinstance(value, float) and value.is_integer() and low <= value <= high
        hint = f"; write {value:.0f}" if whole else ""
        raise InputError(f"must be a whole number from {low} to {high}, not {show(value)}{hint}")

    return convert


def one_of(choices: Collection[str]) -> Convert[str]:
    """Return the check of a string that is one of `choices`."""

    def convert(value: object) -> str:
        if not isinstance(value, str) or value not in choices:
            hint = nearest(value, choices) if isinstance(value, str) else ""
            raise InputError(f"must be one of {', '.join(choices)}, not {show(value)}{hint}")
        return value

    return convert


def show(value: object) -> str:
    """Return a short printed form of `value` for a message."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (dict, list)):
        return "a table" if isinstance(value, dict) else "a list"
    if isinstance(value, int) and abs(value) >= 10**40:
        return "a whole number of more than 40 digits"
    printed = repr(value) if isinstance(value, (str, int, float)) else str(value)
    return printed if len(printed) <= 60 else printed[:57] + "..."


def toml_value(text: str) -> object:
    """Read `text` as a TOML value; any other text is a plain string."""
    try:
        data = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    return data["value"] if list(data) == ["value"] else text


def key_in_front(message: str) -> Key:
    """Return the dotted key that a message begins with, as in ``flux.values[2]: ...``; empty if there is none."""
    match = _KEY_IN_FRONT.match(message)
    if match is None:
        return ()
    element = () if match["element"] is None else (int(match["element"]),)
    return (*match["key"].split("."), *element)


def _dotted(key: Key) -> str:
    """Join a key as a user would write it: ``process.leptons[1]``."""
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in key).removeprefix(".")
