"""What a run was asked for towards the service, as the parts of `transport` that keep to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nodeloom.transport.politeness.breaker import Breaker
from nodeloom.transport.politeness.budget import RetryBudget, read_share
from nodeloom.transport.politeness.pacing import PACERS, PacedSender
from nodeloom.transport.politeness.rate import read_rate, read_seconds

if TYPE_CHECKING:
    from nodeloom.credential import CredentialSession
    from nodeloom.outcomes import RunReport
    from nodeloom.run.runoptions import RunOptions
    from nodeloom.transport.runcontrol import RunControl
    from nodeloom.transport.trip import Send


def paced(
    send: Send,
    options: RunOptions,
    session: CredentialSession | None,
    report: RunReport,
    control: RunControl,
) -> PacedSender | None:
    """What sends at the pace the run asks for or the service allows; None where neither is to be kept.

    Runs with the same credential share a pace; those without one share that of the origin they ask.

    Args:
        send: sends one request.
        options: what the run was asked for.
        session: the run's credential.
        report: counts what was refused, and how long the run was held back.
        control: ends the waiting with the run.
    """
    rate = read_rate(options.rate, options.burst)
    if rate is None and not options.adaptive:
        return None
    return PacedSender(
        send,
        PACERS.of(session.identity) if session is not None else None,
        rate=rate,
        adaptive=options.adaptive,
        concurrency=options.concurrency,
        control=control,
        account=report,
    )


def retry_budget(options: RunOptions) -> RetryBudget:
    """What the run may repeat."""
    return RetryBudget(read_share(options.retry_budget))


def breaker(options: RunOptions) -> Breaker | None:
    """What ends a run that only fails; None for a run that its first failed item ends anyway."""
    return Breaker(options.break_after) if options.on_error == "continue" and options.break_after else None


def deadline(options: RunOptions) -> float | None:
    """Seconds after which the run is to end."""
    return read_seconds(options.deadline, "deadline")
