"""The triggers that note each change of a scan for its counts and its search, in the transaction that makes the change.

Triggers and not code beside each UPDATE: only they see the state that is left without reading it first, and nobody can
forget them, be it a statement that is yet to be written or one that is typed by hand.
"""

from typing import Final

from sqlalchemy import Connection, text

#: A search key is its segment times this, plus a number in the segment.
SEGMENT_BITS: Final = 24

_SQLITE: Final = {
    "scan_inserted": """AFTER INSERT ON scan BEGIN
        INSERT INTO scan_count_change (batch_id, state, scans) VALUES (NEW.batch_id, NEW.state, 1);
        INSERT INTO search_todo (scan_id) VALUES (NEW.id);
    END""",
    "scan_moved": """AFTER UPDATE OF state ON scan WHEN NEW.state <> OLD.state BEGIN
        INSERT INTO scan_count_change (batch_id, state, scans)
            VALUES (OLD.batch_id, OLD.state, -1), (NEW.batch_id, NEW.state, 1);
    END""",
    "scan_reworded": """AFTER UPDATE OF error ON scan WHEN NEW.error IS NOT OLD.error BEGIN
        INSERT INTO search_todo (scan_id) VALUES (NEW.id);
    END""",
    "scan_deleted": """AFTER DELETE ON scan BEGIN
        INSERT INTO scan_count_change (batch_id, state, scans) VALUES (OLD.batch_id, OLD.state, -1);
    END""",
    "search_text_inserted": """AFTER INSERT ON search_text BEGIN
        INSERT INTO search_fts (rowid, text) VALUES (NEW.key, {new});
    END""",
    "search_text_reworded": """AFTER UPDATE OF text ON search_text BEGIN
        INSERT INTO search_fts (search_fts, rowid, text) VALUES ('delete', OLD.key, {old});
        INSERT INTO search_fts (rowid, text) VALUES (NEW.key, {new});
    END""",
    "search_text_deleted": """AFTER DELETE ON search_text BEGIN
        INSERT INTO search_fts (search_fts, rowid, text) VALUES ('delete', OLD.key, {old});
    END""",
}
#: The mark is one trigram that all texts of a segment share, and no others: a search that names it stays in there.
_MARKED: Final = "{row}.text || char(2, 2, 19968 + ({row}.key >> " + str(SEGMENT_BITS) + "))"
_FTS: Final = """CREATE VIRTUAL TABLE IF NOT EXISTS search_fts
    USING fts5(text, content = '', tokenize = 'trigram', detail = 'none')"""

_POSTGRES_FUNCTIONS: Final = (
    """CREATE OR REPLACE FUNCTION scan_inserted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO scan_count_change (batch_id, state, scans)
            SELECT batch_id, state, count(*) FROM added GROUP BY batch_id, state;
        INSERT INTO search_todo (scan_id) SELECT id FROM added;
        RETURN NULL;
    END $$""",
    """CREATE OR REPLACE FUNCTION scan_changed() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF NEW.state <> OLD.state THEN
            INSERT INTO scan_count_change (batch_id, state, scans)
                VALUES (OLD.batch_id, OLD.state, -1), (NEW.batch_id, NEW.state, 1);
        END IF;
        IF NEW.error IS DISTINCT FROM OLD.error THEN
            INSERT INTO search_todo (scan_id) VALUES (NEW.id);
        END IF;
        RETURN NULL;
    END $$""",
    """CREATE OR REPLACE FUNCTION scan_deleted() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO scan_count_change (batch_id, state, scans)
            SELECT batch_id, state, -count(*) FROM gone GROUP BY batch_id, state;
        RETURN NULL;
    END $$""",
    # The trigrams of a text, as numbers that begin with its segment. Of bytes, since those are found by position.
    f"""CREATE OR REPLACE FUNCTION search_grams(key bigint, searched text) RETURNS bigint[]
        LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
        SELECT coalesce(array_agg(DISTINCT ((key >> {SEGMENT_BITS}) << {SEGMENT_BITS})
            | (get_byte(bytes, n) << 16) | (get_byte(bytes, n + 1) << 8) | get_byte(bytes, n + 2)), '{{}}')
        FROM (SELECT convert_to(searched, 'UTF8') AS bytes) AS whole, generate_series(0, octet_length(bytes) - 3) AS n
    $$""",  # nosec B608
)
_POSTGRES_TRIGGERS: Final = {
    "scan_inserted": """AFTER INSERT ON scan REFERENCING NEW TABLE AS added
        FOR EACH STATEMENT EXECUTE FUNCTION scan_inserted()""",
    # By row, since most UPDATEs are of one row, and the condition keeps heartbeats and wake-ups out at no cost.
    "scan_changed": """AFTER UPDATE ON scan FOR EACH ROW
        WHEN (NEW.state IS DISTINCT FROM OLD.state OR NEW.error IS DISTINCT FROM OLD.error)
        EXECUTE FUNCTION scan_changed()""",
    "scan_deleted": """AFTER DELETE ON scan REFERENCING OLD TABLE AS gone
        FOR EACH STATEMENT EXECUTE FUNCTION scan_deleted()""",
}
#: A short list of what is pending: searches read it whole.
GRAMS_INDEX: Final = """CREATE INDEX IF NOT EXISTS ix_search_text_grams ON search_text
    USING gin (search_grams(key, text)) WITH (gin_pending_list_limit = 256)"""

#: For scans that were there before their triggers, or whose triggers a migration lost.
_RECOUNT: Final = (
    "LOCK TABLE scan IN SHARE ROW EXCLUSIVE MODE",
    "DELETE FROM scan_count",
    "DELETE FROM scan_count_change",
    "INSERT INTO scan_count_change (batch_id, state, scans) SELECT batch_id, state, count(*) FROM scan GROUP BY 1, 2",
    "DELETE FROM search_todo",
    "INSERT INTO search_todo (scan_id) SELECT id FROM scan ORDER BY id",
)


def install_triggers(connection: Connection) -> None:
    """Create what is missing, and count anew where it was; after each migration, since on SQLite one that alters a
    table copies it and loses its triggers."""
    is_sqlite = connection.dialect.name == "sqlite"
    missing = _sqlite_missing(connection) if is_sqlite else _postgres_missing(connection)
    for statement in () if is_sqlite else _POSTGRES_FUNCTIONS:
        connection.exec_driver_sql(statement)
    if not missing:
        return
    connection.exec_driver_sql(_FTS if is_sqlite else GRAMS_INDEX)
    for statement in _RECOUNT[1:] if is_sqlite else _RECOUNT:
        connection.exec_driver_sql(statement)
    for statement in missing:
        connection.exec_driver_sql(statement)


def _sqlite_missing(connection: Connection) -> list[str]:
    there = set(connection.scalars(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")))
    marked = {"new": _MARKED.format(row="NEW"), "old": _MARKED.format(row="OLD")}
    return [f"CREATE TRIGGER {name} {body.format(**marked)}" for name, body in _SQLITE.items() if name not in there]


def _postgres_missing(connection: Connection) -> list[str]:
    known = text("SELECT tgname FROM pg_trigger WHERE tgrelid = CAST('scan' AS regclass) AND NOT tgisinternal")
    there = set(connection.scalars(known))
    return [f"CREATE TRIGGER {name} {body}" for name, body in _POSTGRES_TRIGGERS.items() if name not in there]
