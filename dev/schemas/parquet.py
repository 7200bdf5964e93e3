"""Reads a Parquet file with DuckDB and prints each row as a line of JSON, times in UTC.

    python parquet.py FILE
"""

import sys

import duckdb

duckdb.sql("SET TimeZone = 'UTC'")
rows = duckdb.sql("SELECT to_json(row) FROM read_parquet($file) AS row", params={"file": sys.argv[1]})
for (row,) in rows.fetchall():
    print(row)
