"""The one seam to the network: requests out through any httpx transport, answers back, faults as Nodeloom's errors."""

from nodeloom.transport.faults import translate
from nodeloom.transport.lanes import LanePool
from nodeloom.transport.limits import Limits
from nodeloom.transport.retry import Attempts, RetryingSender, RetryPolicy
from nodeloom.transport.sender import Sender

__all__ = ["Attempts", "LanePool", "Limits", "RetryPolicy", "RetryingSender", "Sender", "translate"]
