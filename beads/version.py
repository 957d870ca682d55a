"""The one place that says which version this is; read by both command lines and by the build."""

__version__ = "0.1.0"
