"""The only code that changes a scan's state; every change is one guarded UPDATE in one transaction.

Who loses a race gets None and returns quietly; who asks for what cannot be done gets NotAllowedNow.
"""

from webapp.scans.lifecycle.attempts import LONGEST_COUNTDOWN, Settled, recall, renew, settle, start
from webapp.scans.lifecycle.bulk import retry_all
from webapp.scans.lifecycle.claim import Claim
from webapp.scans.lifecycle.editing import change_policy, preview_policy
from webapp.scans.lifecycle.lines import (
    Candidate,
    Line,
    find_candidate,
    hold,
    list_lines,
    take_from_lines,
    tell_hold,
)
from webapp.scans.lifecycle.next_attempt import asked_wait, chance_of
from webapp.scans.lifecycle.outlook import Outlook, look_ahead
from webapp.scans.lifecycle.people import cancel, retry_now
from webapp.scans.lifecycle.purge import purge
from webapp.scans.lifecycle.rescue import WritersWaited, expire, hand_back, interrupt, rescue
from webapp.scans.lifecycle.secrets import Resealed, reseal, reseal_templates
from webapp.scans.lifecycle.storage import drop_answers, stored_bytes
from webapp.scans.lifecycle.submission import Submission, submit
from webapp.scans.lifecycle.wake_ups import WakeUp, count_unclaimed, forget_sent, take_due, take_unclaimed

__all__ = [
    "LONGEST_COUNTDOWN",
    "Candidate",
    "Claim",
    "Line",
    "Outlook",
    "Resealed",
    "Settled",
    "Submission",
    "WakeUp",
    "WritersWaited",
    "asked_wait",
    "cancel",
    "chance_of",
    "change_policy",
    "count_unclaimed",
    "drop_answers",
    "expire",
    "find_candidate",
    "forget_sent",
    "hand_back",
    "hold",
    "interrupt",
    "list_lines",
    "look_ahead",
    "preview_policy",
    "purge",
    "recall",
    "renew",
    "rescue",
    "reseal",
    "reseal_templates",
    "retry_all",
    "retry_now",
    "settle",
    "start",
    "stored_bytes",
    "submit",
    "take_due",
    "take_from_lines",
    "take_unclaimed",
    "tell_hold",
]
