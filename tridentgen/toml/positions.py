"""TOML beyond `tomllib`: the line of every key, and writing tables back as text."""

from __future__ import annotations

import bisect
import json
import re
import tomllib
from collections.abc import Mapping

Key = tuple[str | int, ...]
"""Dotted key as a tuple; a whole number counts the elements of an array from 0."""

BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
"""Form of a key without quotes."""

_BLANK = re.compile(r"(?:[ \t\n]|#[^\n]*)*")
_STRING = re.compile(
    r'"""(?:\\[\s\S]|[^\\])*?"""(?:"{0,2})' r"|'''[\s\S]*?'''(?:'{0,2})" r'|"(?:\\.|[^"\\\n])*"' r"|'[^'\n]*'"
)
_SCALAR = re.compile(r"[^,\]}#\n]*")


def key_lines(text: str) -> dict[Key, int]:
    """Map every table, key and array element of a valid TOML text to its line, counted from 1."""
    scanner = _Scanner(text.replace("\r\n", "\n"))
    scanner.document()
    return scanner.lines


class _Scanner:
    """Scans TOML that `tomllib` has accepted and notes the line of each key.

    It never raises an error on text: where it cannot parse it stops, and keeps the lines found so far.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: dict[Key, int] = {}
        self._lengths: dict[Key, int] = {}  # of arrays of tables, so far
        self._ends = [match.start() for match in re.finditer("\n", text)]

    def document(self) -> None:
        table: Key = ()
        self._take(_BLANK)
        while self.at < len(self.text):
            start = self.at
            if self._skip("["):
                table = self._header(start, of_array=self._skip("["))
                while self._skip("]"):
                    pass
            else:
                self._pair(table)
            self._take(_BLANK)
            if self.at == start:
                return

    def _header(self, start: int, *, of_array: bool) -> Key:
        """Read the key of a table; return it with the indices of the array elements that contain it."""
        key = self._key((), start)
        if of_array:
            self._lengths[key] = self._lengths.get(key, 0) + 1
            key = (*key, self._lengths[key] - 1)
            self.lines[key] = bisect.bisect_left(self._ends, start) + 1
        return key

    def _pair(self, table: Key) -> None:
        key = self._key(table, self.at)
        self._take(_BLANK)
        self._skip("=")
        self._take(_BLANK)
        self._value(key)

    def _key(self, table: Key, start: int) -> Key:
        """Read a dotted key that belongs to `table`; note its line and that of the tables it implies."""
        line = bisect.bisect_left(self._ends, start) + 1
        key = table
        while True:
            self._take(_BLANK)
            quoted = self._take(_STRING)
            key = (*key, _unquoted(quoted) if quoted else self._take(BARE_KEY))
            self.lines.setdefault(key, line)
            self._take(_BLANK)
            if not self._skip("."):
                self.lines[key] = line
                return key
            if key in self._lengths:  # the table continues the last element
                key = (*key, self._lengths[key] - 1)

    def _value(self, key: Key) -> None:
        if self._skip("["):
            self._items("]", key)
        elif self._skip("{"):
            self._items("}", key)
        elif not self._take(_STRING):
            self._take(_SCALAR)

    def _items(self, close: str, key: Key) -> None:
        """Scan an array (`close` is ``]``) or an inline table up to its end."""
        count = 0
        self._take(_BLANK)
        while not self._skip(close) and self.at < len(self.text):
            start = self.at
            if close == "]":
                self.lines[*key, count] = bisect.bisect_left(self._ends, start) + 1
                self._value((*key, count))
            else:
                self._pair(key)
            count += 1
            self._take(_BLANK)
            self._skip(",")
            self._take(_BLANK)
            if self.at == start:
                return

    def _take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.at)
        if match is None:
            return ""
        self.at = match.end()
        return match.group()

    def _skip(self, mark: str) -> bool:
        found = self.text.startswith(mark, self.at)
        self.at += len(mark) if found else 0
        return found


def _unquoted(key: str) -> str:
    """Return the value of a quoted key, or the text itself if it is not valid TOML."""
    try:
        return str(tomllib.loads(f"key = {key}")["key"])
    except tomllib.TOMLDecodeError:
        return key


def dump(data: Mapping[str, object]) -> str:
    """Write tables of strings, booleans, numbers and lists as TOML; `tomllib.loads` gives `data` back."""
    return "\n".join(_dump_table(data, ())) + "\n"


def _dump_table(data: Mapping[str, object], key: Key) -> list[str]:
    rows = [f"[{'.'.join(_dump_key(str(part)) for part in key)}]"] if key else []
    tables = {name: value for name, value in data.items() if isinstance(value, dict)}
    rows += [f"{_dump_key(name)} = {_dump_value(data[name])}" for name in data if name not in tables]
    for name, table in tables.items():
        rows += ["", *_dump_table(table, (*key, name))]
    return rows


def _dump_value(value: object) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_dump_value(item) for item in value)}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_dump_key(name)} = {_dump_value(item)}' for name, item in value.items())}}}"
    if isinstance(value, str):
        # The escapes of JSON are valid in TOML; only DEL needs one more.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return str(value).lower() if isinstance(value, bool) else repr(value)


def _dump_key(name: str) -> str:
    return name if BARE_KEY.fullmatch(name) else _dump_value(name)
