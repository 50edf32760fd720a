"""Episodes: the findings that stand open. Every update and clear speaks with the identity of its raise."""

from collections.abc import Iterable, Iterator

import msgspec

from siteloop.kernel.finding import Act, Finding, Severity
from siteloop.kernel.registry import DeviceEntry, RuleEntry


class Episodes:
    """Open findings by (rule code, device or site number); at most one each."""

    def __init__(self, findings: Iterable[tuple[str, int, Finding]] = ()) -> None:
        self._open: dict[tuple[str, int], Finding] = {(code, n): f for code, n, f in findings}

    def __len__(self) -> int:
        return len(self._open)

    def __iter__(self) -> Iterator[tuple[str, int, Finding]]:
        return iter([(code, n, f) for (code, n), f in self._open.items()])

    def get(self, code: str, number: int) -> Finding | None:
        """The raise of an open episode."""
        return self._open.get((code, number))

    def open(self, number: int, finding: Finding) -> Finding:
        """Remember a raise and return it."""
        self._open[finding.rule, number] = finding
        return finding

    def update(
        self,
        code: str,
        number: int,
        at: int,
        message: str,
        value: float | None = None,
        evidence: tuple[str, ...] = (),
        count: int = 1,
    ) -> Finding:
        """More of the same. Raises KeyError when no episode is open."""
        return msgspec.structs.replace(
            self._open[code, number],
            act=Act.UPDATE,
            at=at,
            value=value,
            message=message,
            evidence=evidence,
            count=count,
        )

    def clear(
        self, code: str, number: int, at: int, message: str, evidence: tuple[str, ...] = (), count: int = 1
    ) -> Finding:
        """The end of an episode. Raises KeyError when none is open."""
        return msgspec.structs.replace(
            self._open.pop((code, number)),
            act=Act.CLEAR,
            at=at,
            value=None,
            message=message,
            evidence=evidence,
            count=count,
        )


def raised(
    rule: RuleEntry,
    device: DeviceEntry,
    since: int,
    at: int,
    message: str,
    *,
    subject: str = "",
    value: float | None = None,
    limit: float | None = None,
    unit: str = "",
    evidence: tuple[str, ...] = (),
    count: int = 1,
) -> Finding:
    """The raise of a new episode about a device, in the words and weight of its rule."""
    return Finding(
        act=Act.RAISE,
        rule=rule.code,
        subject=subject or f"device:{device.number}",
        since=since,
        at=at,
        site=device.site,
        region=device.region,
        device=device.number,
        project=device.project,
        value=value,
        limit=limit,
        unit=unit,
        severity=Severity(rule.severity),
        message=message,
        clause=rule.clause,
        evidence=evidence,
        count=count,
        rule_version=rule.version,
        shadow=rule.shadow,
    )


def reading(number: int, at: int) -> str:
    """Reference to one stored reading."""
    return f"reading:{number}@{at}"
