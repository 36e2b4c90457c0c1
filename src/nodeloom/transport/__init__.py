"""The one seam to the network: requests out through any httpx transport, answers back, faults as Nodeloom's errors."""

from nodeloom.transport.faults import translate
from nodeloom.transport.lanes import LanePool
from nodeloom.transport.limits import Limits
from nodeloom.transport.retry import RetryingSender, RetryPolicy
from nodeloom.transport.runcontrol import RunControl
from nodeloom.transport.sender import Sender
from nodeloom.transport.trip import Send, Trip

__all__ = [
    "LanePool",
    "Limits",
    "RetryPolicy",
    "RetryingSender",
    "RunControl",
    "Send",
    "Sender",
    "Trip",
    "translate",
]
