CREATE TABLE log_acknowledgement (
    break INTEGER PRIMARY KEY,
    link INTEGER NOT NULL,
    reason TEXT NOT NULL,
    acknowledged_by TEXT NOT NULL,
    acknowledged_at INTEGER NOT NULL
) STRICT;
