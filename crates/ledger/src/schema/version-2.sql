CREATE TABLE late_arrival (
    sequence INTEGER PRIMARY KEY,
    feed INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    first_seen INTEGER NOT NULL
) STRICT;

CREATE TABLE own_read (
    sequence INTEGER PRIMARY KEY,
    feed INTEGER NOT NULL,
    lag_ms INTEGER NOT NULL,
    first_seen INTEGER NOT NULL
) STRICT;

CREATE TABLE reconciled (
    scope INTEGER NOT NULL,
    after INTEGER NOT NULL,
    gte INTEGER NOT NULL,
    lt INTEGER NOT NULL,
    PRIMARY KEY (scope, after, gte)
) STRICT, WITHOUT ROWID;

CREATE TABLE backfill (
    backfill INTEGER PRIMARY KEY,
    feed INTEGER NOT NULL,
    gte INTEGER NOT NULL,
    lt INTEGER NOT NULL,
    requested_at INTEGER NOT NULL,
    finished_at INTEGER
) STRICT;

CREATE TABLE report (
    feed INTEGER NOT NULL,
    topic TEXT NOT NULL,
    text TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (feed, topic)
) STRICT, WITHOUT ROWID;
