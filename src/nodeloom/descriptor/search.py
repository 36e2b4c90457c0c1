"""Placeholder."""
def index_of(resources): return {}
