"""What it costs: run with `make bench`, or one of them as `python -m benchmarks.startup --quick`.

Every figure is a median of runs that take turns, and is shown as a ratio to something bare that was measured in the
same run: times depend on the machine, ratios hardly do.
"""
