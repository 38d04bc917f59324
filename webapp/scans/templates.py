"""Named sets of headers, rule and policy, kept to submit scans with. A scan copies what it needs: a template that is
changed or deleted changes no scan."""

import datetime as dt
import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import JSON, LargeBinary, String, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column
from sqlalchemy.sql.elements import ColumnElement
from uuid_utils.compat import uuid7

from webapp.database import Base, UtcDateTime, db, now, transaction
from webapp.scans.draft import parse_options, read_headers
from webapp.scans.errors import InvalidField, TemplateNotFound
from webapp.scans.retry_policy import POLICY_FIELDS
from webapp.scans.rules.shorthand import RULE_FIELDS
from webapp.scans.sealing import Secrets, sealer

NAME_LENGTH: Final = 100
MAX_TEMPLATES: Final = 500
MAX_OPTIONS_BYTES: Final = 64 * 1024
TEMPLATE_FIELDS: Final = (*POLICY_FIELDS, *RULE_FIELDS)


class Template(Base):
    """``options`` are as they were given: what grows in policies and rules needs nothing here."""

    __tablename__ = "template"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid7)
    name: Mapped[str] = mapped_column(String(NAME_LENGTH), index=True, unique=True)
    options: Mapped[dict[str, Any]] = mapped_column(JSON)
    #: The headers, sealed for this template (sealing.py).
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    updated_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, default=now(), onupdate=now())

    @property
    def headers(self) -> Mapping[str, str]:
        """Secrets: for requests alone. Raises SealBroken."""
        return sealer().open(self.id, self.sealed).headers


def list_templates() -> Sequence[Template]:
    with Session(db.engine) as session:
        return session.scalars(select(Template).order_by(Template.name)).all()


def get_template(template_id: uuid.UUID) -> Template:
    """Raises TemplateNotFound."""
    template = _read(Template.id == template_id)
    if template is None:
        raise TemplateNotFound(str(template_id))
    return template


def find_template(given: object) -> Template:
    """By name or id; raises InvalidField."""
    text = str(given).strip()
    found = _read(Template.name == text) if text.isprintable() else None
    if found is None:
        try:
            found = _read(Template.id == uuid.UUID(text))
        except ValueError:
            found = None
    if found is None:
        raise InvalidField("template", f"{text[:40]!r} is not there", "Choose one of the page Templates.")
    return found


def save(
    name: str, options: Mapping[str, Any], headers: Mapping[str, str], *, of: uuid.UUID | None = None
) -> uuid.UUID:
    """Make a template, or put this in the place of what the one ``of`` held. Raises InvalidField, TemplateNotFound."""
    said = _said(options)
    parse_options({**said, "headers": headers})
    if len(json.dumps(said)) > MAX_OPTIONS_BYTES:
        raise InvalidField("rule", f"is larger than {MAX_OPTIONS_BYTES // 1024} KiB", "Say less in one template.")
    template_id = of or uuid7()
    values = {"name": _checked_name(name), "options": said, "sealed": sealer().seal(template_id, Secrets(headers))}
    try:
        _write(template_id, values, is_new=of is None)
    except IntegrityError:
        raise InvalidField("name", "is that of another template", "Choose another one.") from None
    return template_id


def remove(template_id: uuid.UUID) -> None:
    """Raises TemplateNotFound."""
    with transaction() as connection:
        if not connection.execute(delete(Template).where(Template.id == template_id)).rowcount:
            raise TemplateNotFound(str(template_id))


def apply(template: Template, given: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a scan: those of the template, but what is said beside it counts more.

    A rule is one thing: whoever expects something else expects nothing of what the template does. Raises SealBroken.
    """
    said = _said(given)
    options = dict(template.options)
    if said.keys() & set(RULE_FIELDS) - {"match"}:
        options = {name: value for name, value in options.items() if name not in RULE_FIELDS}
    own = read_headers(given.get("headers"))
    taken = {name.lower() for name in own}
    headers = {name: value for name, value in template.headers.items() if name.lower() not in taken} | own
    rest = {name: value for name, value in given.items() if name not in TEMPLATE_FIELDS}
    return {**rest, **options, **said, "headers": headers}


def _read(which: ColumnElement[bool]) -> Template | None:
    """In a session of its own: that of the request would go on seeing the database as it is now."""
    with Session(db.engine) as session:
        return session.scalar(select(Template).where(which))


def _said(options: Mapping[str, Any]) -> dict[str, Any]:
    return {name: options[name] for name in TEMPLATE_FIELDS if options.get(name) not in (None, "", [], {})}


def _checked_name(name: object) -> str:
    text = name.strip() if isinstance(name, str) else ""
    if not text or len(text) > NAME_LENGTH or not text.isprintable():
        raise InvalidField(
            "name", f"must have 1 to {NAME_LENGTH} characters that can be seen", "Such as: my export API."
        )
    return text


def _write(template_id: uuid.UUID, values: dict[str, Any], *, is_new: bool) -> None:
    with transaction() as connection:
        if not is_new:
            statement = update(Template).where(Template.id == template_id).values(**values)
            if not connection.execute(statement).rowcount:
                raise TemplateNotFound(str(template_id))
            return
        if len(connection.execute(select(Template.id).limit(MAX_TEMPLATES)).all()) == MAX_TEMPLATES:
            raise InvalidField("name", f"would be that of template {MAX_TEMPLATES + 1}", "Delete one of the others.")
        connection.execute(insert(Template).values(id=template_id, **values))
