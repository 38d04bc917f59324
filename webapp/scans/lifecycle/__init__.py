"""The only code that changes a scan's state; every change is one guarded UPDATE in one transaction.

Who loses a race gets None and returns quietly; who asks for what cannot be done gets NotAllowedNow.
"""

from webapp.scans.lifecycle.attempts import Settled, recall, renew, settle, start
from webapp.scans.lifecycle.claim import Claim
from webapp.scans.lifecycle.people import cancel, retry_now
from webapp.scans.lifecycle.rescue import expire, hand_back, interrupt, rescue
from webapp.scans.lifecycle.submission import Submission, submit
from webapp.scans.lifecycle.wake_ups import WakeUp, forget_sent, seconds_to_next, take_due, take_unclaimed

__all__ = [
    "Claim",
    "Settled",
    "Submission",
    "WakeUp",
    "cancel",
    "expire",
    "forget_sent",
    "hand_back",
    "interrupt",
    "recall",
    "renew",
    "rescue",
    "retry_now",
    "seconds_to_next",
    "settle",
    "start",
    "submit",
    "take_due",
    "take_unclaimed",
]
