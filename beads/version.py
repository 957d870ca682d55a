"""The one place that says which version this is; read by both command lines and by the build."""

__version__ = "0.1.0"

# The version of the Beads command line that `bd` answers like; its clients compare this one.
BEADS_VERSION = "1.1.0"
