"""Seals with the newest key what an older one sealed, so that the older one can be retired."""

import uuid
from typing import NamedTuple

from sqlalchemy import select, update

from webapp.database import transaction
from webapp.scans.models import Scan
from webapp.scans.sealing import SealBroken, sealer
from webapp.scans.templates import Template


class Resealed(NamedTuple):
    """One step: how many were sealed anew, how many could not be opened, and where the next step begins."""

    renewed: int
    broken: int
    last: uuid.UUID | None


def reseal(after: uuid.UUID | None, limit: int) -> Resealed:
    """The next scans by id; ``last`` is None at the end. What is done does no harm when it is done again."""
    chosen = [Scan.sealed.is_not(None)] if after is None else [Scan.sealed.is_not(None), Scan.id > after]
    with transaction() as connection:
        rows = connection.execute(
            select(Scan.id, Scan.sealed).where(*chosen).order_by(Scan.id).limit(limit).with_for_update()
        ).all()
        renewed = {scan_id: sealed for scan_id, old in rows if old and (sealed := _renewed(old))}
        for scan_id, sealed in renewed.items():
            connection.execute(update(Scan).where(Scan.id == scan_id).values(sealed=sealed))
    return Resealed(len(renewed), len(rows) - len(renewed), rows[-1].id if rows else None)


def reseal_templates() -> Resealed:
    """All of them at once: they are few."""
    with transaction() as connection:
        rows = connection.execute(select(Template.id, Template.sealed).where(Template.sealed.is_not(None))).all()
        renewed = {template_id: sealed for template_id, old in rows if old and (sealed := _renewed(old))}
        for template_id, sealed in renewed.items():
            connection.execute(
                update(Template).where(Template.id == template_id).values(sealed=sealed, updated_at=Template.updated_at)
            )
    return Resealed(len(renewed), len(rows) - len(renewed), None)


def _renewed(sealed: bytes) -> bytes | None:
    try:
        return sealer().renew(sealed)
    except SealBroken:
        return None
