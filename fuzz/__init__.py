"""Fuzz targets: what they hold is in `targets.py`, how to run them in `run.py`."""
