"""What a check found."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """ "cannot tell" is said where the model gives no signal, or nothing says how it should be."""

    PASS = "pass"
    FAULT = "fault"
    UNKNOWN = "cannot tell"


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence on what was `found` and, for a fault, one on what to do; `check` is the check's name."""

    verdict: Verdict
    found: str
    advice: str = ""
    check: str = ""


def passed(found: str) -> Finding:
    """All is well."""
    return Finding(Verdict.PASS, found)


def fault(found: str, advice: str) -> Finding:
    """Something is wrong, and this is what to do."""
    return Finding(Verdict.FAULT, found, advice)


def unknown(why: str) -> Finding:
    """The check has no answer, and this is why."""
    return Finding(Verdict.UNKNOWN, why)
