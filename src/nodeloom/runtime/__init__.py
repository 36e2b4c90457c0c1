"""The public face, and how a run is made of what was asked for."""
