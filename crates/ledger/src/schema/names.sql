CREATE TABLE known_name (
    kind TEXT NOT NULL,
    id TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    name TEXT NOT NULL,
    PRIMARY KEY (kind, id, sequence)
) STRICT, WITHOUT ROWID;

CREATE TABLE names_known (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    until INTEGER NOT NULL
) STRICT;
