"""`tridentgen bench`: measure the speed of this machine, or compile the GPU kernels."""

from __future__ import annotations

import argparse
import json

from tridentgen._version import __version__
from tridentgen.commands.common import EXIT_OK, Subparsers, say
from tridentgen.commands.progress_bar import progress_bar
from tridentgen.runs import bench


def add(commands: Subparsers) -> None:
    """Add the command to the parser."""
    benchmark = commands.add_parser("bench", help="measure the speed of this machine", allow_abbrev=False)
    benchmark.add_argument("--json", action="store_true", help="print JSON")
    no_gpu = "compile the GPU kernels without a GPU, for architectures such as sm_80; print JSON"
    benchmark.add_argument("--check-cuda", nargs="+", metavar="ARCH", help=no_gpu)
    benchmark.set_defaults(command=_bench)


def _bench(options: argparse.Namespace) -> int:
    if options.check_cuda:
        kernels = bench.check_cuda(options.check_cuda)
        say(json.dumps({"kernels": kernels, "version": __version__}, indent=2))
        return EXIT_OK
    with progress_bar(options.clock) as progress:
        rows = bench.measure(progress)
    machine = bench.machine()
    say(json.dumps({"machine": machine, "results": rows}, indent=2) if options.json else bench.table(machine, rows))
    return EXIT_OK
