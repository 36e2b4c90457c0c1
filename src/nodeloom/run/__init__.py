"""Runs: items in, one outcome per item out, in order, a bounded number of them in flight."""

from nodeloom.run.result import Counts, Outcome, RunReport, RunResult
from nodeloom.run.runner import Runner
from nodeloom.run.source import ItemSource, open_source
from nodeloom.run.stop import Stop

__all__ = ["Counts", "ItemSource", "Outcome", "RunReport", "RunResult", "Runner", "Stop", "open_source"]
