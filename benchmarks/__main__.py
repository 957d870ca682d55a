"""Every benchmark, one after the other; options go to each."""

from __future__ import annotations

import sys

from benchmarks.interchange import main as interchange
from benchmarks.sling import main as sling
from benchmarks.startup import main as startup
from benchmarks.store import main as store
from benchmarks.writers import main as writers

if __name__ == "__main__":
    for benchmark in (startup, sling, store, writers, interchange):
        benchmark(sys.argv[1:])
        print()
