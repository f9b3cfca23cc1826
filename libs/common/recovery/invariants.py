"""What must hold once the mesh has come to rest, as questions to one service's own database (bus notes §10).

Each question finds what is wrong. The temporary table `told` beside the service's own tables holds the log.
"""

from typing import Final, NamedTuple

INVARIANTS: Final = {
    "I1": "every published event is in the log, once and as it was written, and no other is",
    "I2": "every copy shows the newest event of its record",
    "I3": "what a service keeps agrees with itself",
    "I4": "nothing is set aside but what can never be applied",
    "I5": "every record was told of as it is, and nothing else",
    "I6": "nothing waits to be published or applied",
    "I7": "of each record the log tells in order",
    "I8": "every file that a record names is stored and whole, and no other is stored",
    "I9": "what clients were told is so, and nothing is there that none has asked for",
    "I10": "no call is paid for twice, and none that nobody noted",
    "U4": "nothing is left of a player who has gone",
}

MOST: Final = 1000
"""Of each kind no more are listed; a thousand are enough to see what is wrong."""


class Violation(NamedTuple):
    """Something that does not hold. `key` names it in such a way that what moves on is something else next time."""

    invariant: str
    where: str
    key: str
    sentence: str


LOST: Final = f"""
SELECT event_id, subject, aggregate_id AS record, version FROM outbox
WHERE published_at IS NOT NULL AND forgotten_at IS NULL
    AND NOT EXISTS (SELECT FROM told WHERE told.event_id = outbox.event_id::text)
ORDER BY id LIMIT {MOST}
"""

# Whoever was let in, or whatever a database that was set back does not know any more.
FOREIGN: Final = f"""
SELECT seq, event_id, subject, record, version FROM told
WHERE word = ANY($1) AND event_id <> ALL($2::text[])
    AND NOT EXISTS (SELECT FROM outbox WHERE outbox.event_id::text = told.event_id)
    AND NOT EXISTS (SELECT FROM past_event WHERE past_event.event_id::text = told.event_id)
ORDER BY seq LIMIT {MOST}
"""

ALTERED: Final = f"""
SELECT told.seq, told.event_id, told.subject, told.record, told.version
FROM told JOIN outbox ON outbox.event_id::text = told.event_id
WHERE outbox.forgotten_at IS NULL
    AND (told.digest <> encode(sha256(outbox.payload), 'hex') OR told.subject <> outbox.subject)
ORDER BY told.seq LIMIT {MOST}
"""

# One event for each version: a change without its event leaves a gap. A tombstone may be later than all of them.
GAPS: Final = f"""
SELECT aggregate_id AS record, min(version) AS first, max(version) AS last, count(DISTINCT version) AS count FROM (
    SELECT aggregate_id, version, subject FROM outbox WHERE forgotten_at IS NULL
    UNION ALL SELECT aggregate_id, version, subject FROM past_event
) AS written WHERE subject = ANY($1) AND right(subject, 8) <> '.deleted'
GROUP BY aggregate_id HAVING count(DISTINCT version) <> max(version) - min(version) + 1
ORDER BY aggregate_id LIMIT {MOST}
"""

DOUBLED: Final = f"""
SELECT event_id, min(subject) AS subject, array_agg(seq ORDER BY seq) AS sequences FROM told WHERE word = ANY($1)
GROUP BY event_id HAVING count(*) > 1 ORDER BY min(seq) LIMIT {MOST}
"""

UNPUBLISHED: Final = """
SELECT partition, count(*) AS count, min(id) AS oldest, now() - min(created_at) AS age FROM outbox
WHERE published_at IS NULL GROUP BY partition ORDER BY partition
"""

# In the order of their first appearance, those of each run of republishing for themselves.
OUT_OF_ORDER: Final = f"""
SELECT word, record, version, seq, before FROM (
    SELECT *, lag(version) OVER (PARTITION BY word, record, run ORDER BY seq) AS before FROM (
        SELECT word, record, run, version, min(seq) AS seq FROM told
        WHERE record IS NOT NULL AND word = ANY($1) GROUP BY word, record, run, version
    ) AS firsts
) AS neighbors WHERE before > version ORDER BY seq LIMIT {MOST}
"""

SET_ASIDE: Final = f"""
SELECT consumer, event_id, subject, error FROM dead_letter WHERE event_id <> ALL($1::text[])
ORDER BY created_at, consumer, event_id LIMIT {MOST}
"""

# Known poison that a consumer was to get: applied it cannot be, so it must be set aside.
SWALLOWED: Final = f"""
SELECT DISTINCT event_id, subject FROM told
WHERE event_id = ANY($1::text[]) AND subject = ANY($2::text[])
    AND NOT EXISTS (SELECT FROM dead_letter WHERE consumer = $3 AND dead_letter.event_id = told.event_id)
LIMIT {MOST}
"""

# Whoever has gone within the last minute may still be on the way out.
STILL_IN_LOG: Final = f"""
SELECT told.seq, told.subject, person.id AS person
FROM told CROSS JOIN LATERAL unnest(told.people) AS named(id) JOIN forgotten_person AS person ON person.id = named.id
WHERE told.word = ANY($1) AND person.since < now() - interval '1 minute' ORDER BY told.seq LIMIT {MOST}
"""
STILL_IN_OUTBOX: Final = f"""
SELECT outbox.id, outbox.subject, person.id AS person
FROM forgotten_person AS person JOIN outbox ON outbox.people @> ARRAY[person.id]
WHERE person.since < now() - interval '1 minute' AND outbox.published_at IS NOT NULL
ORDER BY outbox.id LIMIT {MOST}
"""

# Blanked rows go as soon as their messages are out of the log.
STILL_BLANK: Final = f"""
SELECT id, subject, aggregate_id AS record FROM outbox WHERE forgotten_at < now() - interval '1 minute'
ORDER BY id LIMIT {MOST}
"""

OWNED: Final = """
CREATE TEMP TABLE IF NOT EXISTS owned (
    word text NOT NULL, record uuid NOT NULL, version bigint NOT NULL, gone boolean NOT NULL, state jsonb NOT NULL
)
"""
UNLIKE_OWNED: Final = f"""
WITH newest AS (
    SELECT DISTINCT ON (word, record) word, record, version, gone, whole FROM told
    WHERE subject = ANY($1) AND record IS NOT NULL ORDER BY word, record, version DESC, gone DESC
)
SELECT coalesce(owned.word, newest.word) AS word, coalesce(owned.record, newest.record) AS record,
    owned.version AS owned, owned.gone AS owner_lost, newest.version AS told, newest.gone AS told_gone,
    CASE WHEN NOT owned.gone AND NOT newest.gone AND owned.version = newest.version THEN differing.names END AS names
FROM owned FULL JOIN newest ON newest.word = owned.word AND newest.record = owned.record
CROSS JOIN LATERAL (
    SELECT array_agg(field.key ORDER BY field.key) AS names FROM jsonb_each(newest.whole) AS field
    WHERE owned.state ? field.key AND owned.state -> field.key IS DISTINCT FROM field.value
) AS differing
WHERE CASE
    WHEN owned.record IS NULL THEN NOT newest.gone
    WHEN newest.record IS NULL THEN true
    ELSE owned.gone <> newest.gone
        OR (NOT owned.gone AND (owned.version <> newest.version OR differing.names IS NOT NULL))
END
ORDER BY word, record LIMIT {MOST}
"""


def unlike_log(table: str, columns: list[str], *, outlives: bool) -> str:
    """The question which rows of a copy differ from the newest event of their record ($1: the events' subjects).

    A row of version 0 was asked of its owner, not told. What was set aside is no surprise here: I4 tells of it.
    With `outlives`, a row of which the log knows nothing (any more) is in order.
    """
    strange = "false" if outlives else "copy.version > 0"
    table = f'"{table}"'
    told = ", ".join(f'(newest.state)."{column}"' for column in columns)
    kept = ", ".join(f'copy."{column}"' for column in columns)
    return f"""
    WITH newest AS (
        SELECT record, version, gone, jsonb_populate_record(NULL::{table}, state) AS state FROM (
            SELECT DISTINCT ON (record) record, version, gone, state FROM told
            WHERE subject = ANY($1) AND record IS NOT NULL ORDER BY record, version DESC, gone DESC
        ) AS last
    )
    SELECT coalesce(newest.record, copy.id) AS record, newest.version AS told, newest.gone AS told_gone,
        copy.version AS kept, copy.deleted_at IS NOT NULL AS buried
    FROM newest FULL JOIN {table} AS copy ON copy.id = newest.record
    WHERE CASE
        WHEN newest.record IS NULL THEN {strange}
        WHEN copy.id IS NULL THEN true
        ELSE copy.version <> newest.version OR newest.gone <> (copy.deleted_at IS NOT NULL)
            OR (NOT newest.gone AND ROW({told}) IS DISTINCT FROM ROW({kept}))
    END
    AND NOT EXISTS (
        SELECT FROM dead_letter WHERE dead_letter.aggregate_id = newest.record AND dead_letter.version = newest.version
    )
    ORDER BY 1 LIMIT {MOST}
    """
