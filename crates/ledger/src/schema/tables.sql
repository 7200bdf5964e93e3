CREATE TABLE head (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    identity BLOB NOT NULL,
    epoch INTEGER NOT NULL,
    link INTEGER NOT NULL,
    hash BLOB NOT NULL,
    page INTEGER NOT NULL,
    sequence INTEGER NOT NULL
) STRICT;

CREATE TABLE link (
    link INTEGER PRIMARY KEY,
    epoch INTEGER NOT NULL,
    form INTEGER NOT NULL,
    record BLOB NOT NULL,
    hash BLOB NOT NULL
) STRICT;

CREATE TABLE page (
    page INTEGER PRIMARY KEY,
    link INTEGER NOT NULL,
    feed INTEGER NOT NULL,
    scope INTEGER NOT NULL,
    drain INTEGER NOT NULL,
    first_sequence INTEGER NOT NULL,
    inserted INTEGER NOT NULL,
    responded_at INTEGER NOT NULL,
    checks BLOB NOT NULL
) STRICT;

CREATE TABLE block (
    first_sequence INTEGER PRIMARY KEY,
    activities INTEGER NOT NULL,
    page INTEGER NOT NULL,
    feed INTEGER NOT NULL,
    created_from INTEGER NOT NULL,
    created_to INTEGER NOT NULL,
    dictionary INTEGER NOT NULL,
    payload_bytes INTEGER NOT NULL
) STRICT;

CREATE TABLE block_data (
    first_sequence INTEGER PRIMARY KEY,
    data BLOB NOT NULL
) STRICT;

CREATE TABLE dictionary (
    version INTEGER NOT NULL,
    copy INTEGER NOT NULL,
    sha256 BLOB NOT NULL,
    data BLOB NOT NULL,
    PRIMARY KEY (version, copy)
) STRICT;

CREATE TABLE identifier_run (
    run INTEGER PRIMARY KEY,
    entries INTEGER NOT NULL,
    chunks INTEGER NOT NULL,
    filter BLOB NOT NULL
) STRICT;

CREATE TABLE identifier_chunk (
    place INTEGER PRIMARY KEY,
    entries BLOB NOT NULL
) STRICT;

CREATE TABLE feed (
    feed INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    scope INTEGER NOT NULL,
    activities INTEGER NOT NULL,
    late_arrivals INTEGER NOT NULL,
    open_drain INTEGER,
    last_poll INTEGER,
    failure_at INTEGER,
    failure_kind TEXT,
    failure_message TEXT,
    failure_hint TEXT,
    failure_request_id TEXT
) STRICT;

CREATE TABLE scope (
    scope INTEGER PRIMARY KEY,
    feed INTEGER NOT NULL,
    text TEXT NOT NULL,
    since INTEGER NOT NULL,
    planned_start INTEGER,
    UNIQUE (feed, text)
) STRICT;

CREATE TABLE drain (
    drain INTEGER PRIMARY KEY,
    scope INTEGER NOT NULL,
    last_page INTEGER NOT NULL,
    gte INTEGER NOT NULL,
    lt INTEGER NOT NULL
) STRICT;

CREATE TABLE coverage (
    scope INTEGER NOT NULL,
    gte INTEGER NOT NULL,
    lt INTEGER NOT NULL,
    PRIMARY KEY (scope, gte)
) STRICT, WITHOUT ROWID;

CREATE TABLE gap_note (
    scope INTEGER NOT NULL,
    gte INTEGER NOT NULL,
    lt INTEGER NOT NULL,
    reason TEXT NOT NULL,
    noted_at INTEGER NOT NULL,
    PRIMARY KEY (scope, gte, lt)
) STRICT, WITHOUT ROWID;

CREATE TABLE lag (
    feed INTEGER NOT NULL,
    bucket INTEGER NOT NULL,
    count INTEGER NOT NULL,
    PRIMARY KEY (feed, bucket)
) STRICT, WITHOUT ROWID;

CREATE TABLE cursor (
    reader TEXT PRIMARY KEY,
    sequence INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
