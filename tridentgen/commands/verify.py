"""`tridentgen verify`: check the integrity of an event file."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from types import MappingProxyType

from tridentgen.analysis.verify import verify
from tridentgen.commands.common import EXIT_ERROR, EXIT_OK, Subparsers, say

_SAID = MappingProxyType({True: "ok", False: "FAIL", None: "not checked"})


def add(commands: Subparsers) -> None:
    """Add the command to the parser."""
    parser = commands.add_parser("verify", help="check the integrity of an event file", allow_abbrev=False)
    parser.add_argument("file", metavar="EVENTS.h5")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.set_defaults(command=_verify)


def _verify(options: argparse.Namespace) -> int:
    checks = verify(options.file)
    sound = all(check.passed is not False for check in checks)
    if options.json:
        say(json.dumps({"path": options.file, "sound": sound, "checks": [asdict(c) for c in checks]}, indent=2))
    else:
        width = max(len(check.name) for check in checks)
        for check in checks:
            say(f"{_SAID[check.passed]:<11}  {check.name:<{width}}  {check.found}")
    return EXIT_OK if sound else EXIT_ERROR
