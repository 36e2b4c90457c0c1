"""Nodeloom: a Python runtime for declarative workflow nodes."""

__version__ = "0.1.0"
