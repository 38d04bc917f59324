"""Signals of our own, for committed changes that Celery has no signal for."""

from celery.utils.dispatch import Signal

#: Sent with ``change`` when a claim stands, and when a change was committed that no Celery signal will carry.
change_committed = Signal(name="change_committed", providing_args={"change"})
