"""`bd`: the command line of the issue store. One module per family of verbs, imported when it is called."""


def main() -> None:
    """Run `bd`; the console script's entry."""
    from beads.cli.boundary import leave, run
    from beads.cli.root import bd

    leave(run(bd, "bd", json_to_stdout=True))
