"""Every benchmark, one after the other; options go to each."""

from __future__ import annotations

import sys

from benchmarks.sling import main as sling
from benchmarks.startup import main as startup

if __name__ == "__main__":
    for benchmark in (startup, sling):
        benchmark(sys.argv[1:])
        print()
