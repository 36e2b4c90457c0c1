"""Runs: items in, one outcome per item out, in order, a bounded number of them in flight."""
