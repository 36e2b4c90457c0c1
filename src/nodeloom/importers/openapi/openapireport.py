"""What an import made, and what it could not express."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from nodeloom.errors import DescriptorError
from nodeloom.importers.openapi.document import OutsideReferenceError
from nodeloom.values import JsonObject


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing that could not be expressed: where (JSON path), what, and what became of it.

    `fault` says that the document is wrong there.
    """

    path: str
    reason: str
    outcome: str
    fault: bool = False

    def to_dict(self) -> JsonObject:
        """The remark as JSON."""
        found = {"path": self.path, "reason": self.reason, "outcome": self.outcome}
        return {**found, "fault": True} if self.fault else found


@dataclass(slots=True)
class Report:
    """Counts and remarks of one import; `gone` are operations of an earlier release that the document lost.

    `faults` counts what is wrong with the document: places that cost an operation, or a part of one. `first` is the
    first of them.
    """

    operations: int = 0
    resources: int = 0
    credentials: list[str] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    gone: list[JsonObject] = field(default_factory=list)
    left_out: int = 0
    faults: int = 0
    first: DescriptorError | None = None
    _known: set[Remark] = field(default_factory=set, repr=False)

    def add(self, path: str, reason: str, outcome: str, *, fault: bool = False) -> None:
        """Say once that something at `path` could not be expressed, or is a fault of the document."""
        remark = Remark(path, reason, outcome, fault)
        if remark not in self._known:
            self._known.add(remark)
            self.remarks.append(remark)

    def leave_out(self, fault: DescriptorError | OutsideReferenceError, operations: int = 1) -> None:
        """Say that a fault of the document costs an operation, or all of a path."""
        self.add_fault(fault, "the operation is left out." if operations < 2 else "its operations are left out.")
        self.left_out += operations

    def add_fault(self, fault: DescriptorError | OutsideReferenceError, outcome: str) -> None:
        """Say what is wrong with the document, and what that costs.

        A reference out of the document is not a fault: the document is one of several, and the others are not read.
        """
        if isinstance(fault, OutsideReferenceError):
            self.add(fault.path, f"{fault.reference} is not in the document and is not fetched;", outcome)
            return
        self.faults += 1
        self.first = self.first or fault
        hint = f" ({fault.hint.rstrip('.')})" if fault.hint else ""
        self.add(fault.path or "$", f"{fault.message.rstrip('.')}{hint};", outcome, fault=True)

    def by_reason(self) -> list[tuple[str, int]]:
        """Reasons that are not faults, and how often each was given, the most frequent first."""
        return Counter(f"{r.reason} {r.outcome}" for r in self.remarks if not r.fault).most_common()

    def list_faults(self) -> list[Remark]:
        """What is wrong with the document, in its order."""
        return [remark for remark in self.remarks if remark.fault]

    def to_dict(self) -> JsonObject:
        """The report as JSON."""
        return {
            "operations": self.operations,
            "resources": self.resources,
            "credentials": self.credentials,
            "leftOut": self.left_out,
            "faults": self.faults,
            "gone": self.gone,
            "remarks": [remark.to_dict() for remark in self.remarks],
        }
