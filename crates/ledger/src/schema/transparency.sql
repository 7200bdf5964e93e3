CREATE TABLE checkpoint (
    checkpoint INTEGER PRIMARY KEY,
    link INTEGER NOT NULL,
    feed INTEGER NOT NULL,
    origin TEXT NOT NULL,
    tree_size INTEGER NOT NULL,
    note TEXT NOT NULL,
    public_key BLOB NOT NULL,
    consistency BLOB NOT NULL,
    accepted_at INTEGER NOT NULL
) STRICT;

CREATE TABLE proven_leaf (
    sequence INTEGER PRIMARY KEY,
    link INTEGER NOT NULL,
    checkpoint INTEGER NOT NULL,
    leaf_index INTEGER NOT NULL,
    path BLOB NOT NULL,
    proven_at INTEGER NOT NULL
) STRICT;

CREATE TABLE log_break (
    break INTEGER PRIMARY KEY,
    link INTEGER NOT NULL,
    feed INTEGER NOT NULL,
    origin TEXT NOT NULL,
    kind TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    detail TEXT NOT NULL,
    evidence TEXT NOT NULL,
    found_at INTEGER NOT NULL
) STRICT;

CREATE TABLE logged_row (
    sequence INTEGER PRIMARY KEY,
    feed INTEGER NOT NULL,
    origin TEXT,
    leaf_index INTEGER,
    created_at INTEGER NOT NULL,
    waits_since INTEGER
) STRICT;

CREATE TABLE logged_rows_known (
    feed INTEGER PRIMARY KEY,
    until INTEGER NOT NULL
) STRICT;

CREATE TABLE log_check (
    feed INTEGER NOT NULL,
    origin TEXT NOT NULL,
    tried_at INTEGER NOT NULL,
    checked_at INTEGER,
    failure_kind TEXT,
    failure_message TEXT,
    failure_hint TEXT,
    failure_request_id TEXT,
    PRIMARY KEY (feed, origin)
) STRICT, WITHOUT ROWID;
