"""Forgetting in time: texts first, ids later. Examples, settings and the audit stay until somebody removes them."""

from __future__ import annotations

from datetime import timedelta

from loguru import logger

from bot.clock import Clock
from bot.store.database import Database
from bot.store.errors import StoreError

# Small steps, so that a delivery never waits long behind them.
_STEP = 500
_TEXTLESS_MESSAGE = "json_set(payload, '$.text', '', '$.quote', NULL, '$.attachments', json('[]'))"
_TEXTLESS_OUTCOME = (
    "json_set(outcome, '$.answer', NULL, '$.citations', json('[]'), '$.reasons', json('[]'), '$.detail', '', "
    "'$.verdict', json('{}'))"
)


async def retain(database: Database, clock: Clock, keep_texts_days: int, keep_ids_days: int) -> int:
    """Clear what is older than it may be; the number of rows touched. Messages without an outcome are never touched."""
    texts = (clock.now() - timedelta(days=keep_texts_days)).timestamp()
    ids = (clock.now() - timedelta(days=keep_ids_days)).timestamp()
    gone = min(texts, ids)  # a row goes when neither its text nor its id is kept any more
    steps: tuple[tuple[str, float], ...] = (
        (
            f"UPDATE messages SET payload = {_TEXTLESS_MESSAGE}, outcome = {_TEXTLESS_OUTCOME} WHERE seq IN (SELECT seq"
            " FROM messages WHERE state = 'done' AND finished_at < ? AND payload ->> '$.text' <> '' LIMIT ?)",
            texts,
        ),
        (
            "UPDATE outbox SET payload = NULL WHERE key IN (SELECT key FROM outbox WHERE updated_at < ?"
            " AND payload NOT NULL AND state NOT IN ('planned', 'sending') LIMIT ?)",
            texts,
        ),
        (
            "DELETE FROM messages WHERE seq IN"
            " (SELECT seq FROM messages WHERE state = 'done' AND finished_at < ? LIMIT ?)",
            gone,
        ),
        (
            "DELETE FROM sent_ids WHERE key IN (SELECT sent_ids.key FROM sent_ids JOIN outbox USING (key)"
            " WHERE outbox.updated_at < ? LIMIT ?)",
            gone,
        ),
        (
            "DELETE FROM outbox WHERE key IN (SELECT key FROM outbox WHERE updated_at < ?"
            " AND state NOT IN ('planned', 'sending') AND key NOT IN (SELECT key FROM sent_ids) LIMIT ?)",
            gone,
        ),
        ("DELETE FROM events WHERE (platform, id) IN (SELECT platform, id FROM events WHERE at < ? LIMIT ?)", ids),
        ("DELETE FROM spending WHERE rowid IN (SELECT rowid FROM spending WHERE at < ? LIMIT ?)", ids),
        ("DELETE FROM signals WHERE seq IN (SELECT seq FROM signals WHERE handled_at < ? LIMIT ?)", ids),
    )
    touched = 0
    for query, before in steps:
        changed = _STEP
        while changed == _STEP:
            changed = await database.execute(query, (before, _STEP))
            touched += changed
    return touched


async def keep_retention(
    database: Database, clock: Clock, keep_texts_days: int, keep_ids_days: int, every_s: float = 6 * 3600
) -> None:
    """Clear now and then, until cancelled. A store that fails is tried again the next time."""
    while True:
        try:
            touched = await retain(database, clock, keep_texts_days, keep_ids_days)
            logger.debug("retention cleared {} rows", touched)
        except StoreError as error:
            logger.warning("retention did not run: {}", error)
        await clock.sleep(every_s)
