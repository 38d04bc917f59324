"""Puts the text of scans into the index that searches use; a little later than they change, so that no worker waits."""

import uuid
from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import Connection, bindparam, delete, func, insert, select, update

from webapp.database import transaction
from webapp.scans.derived import SEGMENT_TABLE, TEXT_TABLE, TODO_TABLE, SearchSegment, SearchText, SearchTodo
from webapp.scans.filters import lower
from webapp.scans.models import Scan
from webapp.scans.triggers import SEGMENT_BITS

#: Texts of a segment: so many are searched in some milliseconds.
SEGMENT_SIZE: Final = 1 << 16
#: Characters that one step takes at most, but for a single text that is longer.
STEP_CHARACTERS: Final = 20_000


def index_texts(limit: int, *, characters: int = STEP_CHARACTERS) -> int:
    """Index what is new or changed, oldest first; how many were looked at. Any number may do so at once."""
    with transaction() as connection:
        # One after the other, so that no two give the same key away.
        segments = connection.execute(select(SEGMENT_TABLE).order_by(SearchSegment.number).with_for_update()).all()
        todo = _take(connection, limit, characters)
        if not todo:
            return 0
        texts = _texts(connection, {scan_id for _, scan_id in todo})
        known = _known(connection, texts)
        changed = [{"at": key, "to": texts[scan_id]} for scan_id, (key, old) in known.items() if old != texts[scan_id]]
        if changed:
            connection.execute(
                update(TEXT_TABLE).where(SearchText.key == bindparam("at")).values(text=bindparam("to")), changed
            )
        _add(connection, segments, [(scan_id, text) for scan_id, text in sorted(texts.items()) if scan_id not in known])
        connection.execute(delete(TODO_TABLE).where(SearchTodo.id.in_([number for number, _ in todo])))
    return len(todo)


_TEXT_LENGTH: Final = func.length(Scan.url) + func.coalesce(func.length(Scan.error), 0)


def _take(connection: Connection, limit: int, most_characters: int) -> list[tuple[int, uuid.UUID]]:
    statement = select(SearchTodo.id, SearchTodo.scan_id).order_by(SearchTodo.id).limit(limit)
    rows = connection.execute(statement.with_for_update(skip_locked=True)).all()
    ids = {row.scan_id for row in rows}
    lengths = {scan_id: size for scan_id, size in connection.execute(_of(ids, Scan.id, _TEXT_LENGTH))}
    taken: list[tuple[int, uuid.UUID]] = []
    characters = 0
    for number, scan_id in rows:
        characters += lengths.get(scan_id, 0)
        if taken and characters > most_characters:
            break
        taken.append((number, scan_id))
    return taken


def _of(ids: Iterable[uuid.UUID], *columns: Any) -> Any:
    return select(*columns).where(Scan.id.in_(ids))


def _texts(connection: Connection, ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, str]:
    """Purged ones are not among them."""
    rows = connection.execute(_of(ids, Scan.id, lower(Scan.url), lower(Scan.error)))
    return {scan_id: f"{url}\n{error}" if error else url for scan_id, url, error in rows}


def _known(connection: Connection, ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, tuple[int, str]]:
    statement = select(SearchText.scan_id, SearchText.key, SearchText.text).where(SearchText.scan_id.in_(ids))
    return {scan_id: (key, text) for scan_id, key, text in connection.execute(statement)}


def _add(connection: Connection, segments: Sequence[Any], texts: Sequence[tuple[uuid.UUID, str]]) -> None:
    if not texts:
        return
    statement = select(SearchText.scan_id).order_by(SearchText.scan_id.desc()).limit(1)
    shelf = Shelf(segments, connection.scalar(statement) or uuid.UUID(int=0))
    rows = [{"key": shelf.place(scan_id), "scan_id": scan_id, "text": text} for scan_id, text in texts]
    shelf.save(connection)
    connection.execute(insert(TEXT_TABLE), rows)


class Shelf:
    """Where the next text of each segment goes; a full one is followed by another, for ids above all others."""

    def __init__(self, segments: Sequence[Any], highest_id: uuid.UUID) -> None:
        self._first_ids: list[uuid.UUID] = [segment.first_id for segment in segments]
        self._sizes: list[int] = [segment.size for segment in segments]
        self._stored = len(segments)
        self._touched: set[int] = set()
        self._highest_id = highest_id

    def place(self, scan_id: uuid.UUID) -> int:
        """The key of this text; its id belongs to one segment for ever."""
        if self._sizes[-1] >= SEGMENT_SIZE and scan_id > self._highest_id:
            self._first_ids.append(scan_id)
            self._sizes.append(0)
        self._highest_id = max(self._highest_id, scan_id)
        number = next(n for n in reversed(range(len(self._first_ids))) if self._first_ids[n] <= scan_id)
        self._sizes[number] += 1
        self._touched.add(number)
        return (number << SEGMENT_BITS) + self._sizes[number]

    def save(self, connection: Connection) -> None:
        for number in sorted(self._touched):
            values = {"first_id": self._first_ids[number], "size": self._sizes[number]}
            if number < self._stored:
                statement = update(SEGMENT_TABLE).where(SearchSegment.number == number).values(**values)
                connection.execute(statement)
            else:
                connection.execute(insert(SEGMENT_TABLE).values(number=number, **values))
