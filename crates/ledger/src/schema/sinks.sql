CREATE TABLE sink (
    name TEXT PRIMARY KEY,
    cursor INTEGER NOT NULL,
    settled_at INTEGER,
    failure_at INTEGER,
    failure_kind TEXT,
    failure_message TEXT,
    failure_hint TEXT
) STRICT, WITHOUT ROWID;

CREATE TABLE dead_letter (
    sink TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    reason TEXT NOT NULL,
    refused_at INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    PRIMARY KEY (sink, sequence)
) STRICT, WITHOUT ROWID;
