"""Says at once that a host, asked as seldom as it is, cannot be asked by all scans before their deadline."""

from collections import Counter
from collections.abc import Sequence

from webapp.routes.submitting import host_ceiling
from webapp.routes.words import span, visible
from webapp.scans.draft import Draft
from webapp.scans.host_limits import NO_LIMITS, HostLimits


def too_many_for_a_host(drafts: Sequence[Draft], own: HostLimits) -> str | None:
    """What the host with the most scans means for them; None when there is time for a first attempt of each."""
    if len(drafts) < 2:
        return None
    [(host, count)] = Counter(draft.host for draft in drafts).most_common(1)
    deadline = min(draft.policy.deadline for draft in drafts if draft.host == host)
    takes = count / _starts_per_second(own)
    if takes <= deadline:
        return None
    return (
        f"{count:,} scans are for {visible(host)}, which takes {_starts_per_second(own):g} a second: "
        f"their first attempts alone take {span(takes)}, but they give up after {span(deadline)}. "
        "Those that are not reached by then end as timed out; a longer deadline gives them time."
    )


def _starts_per_second(own: HostLimits) -> float:
    rates = ((host_ceiling() or NO_LIMITS).starts_per_second, own.starts_per_second)
    return min((rate for rate in rates if rate), default=float("inf"))
