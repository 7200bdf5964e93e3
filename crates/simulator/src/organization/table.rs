//! Tab-separated tables of our own data, compiled into the program.
//!
//! A table is a heading line and rows of as many columns; lines that begin with `#` explain it. A table that is not so
//! is a mistake in this crate, not in anybody's input, so reading one panics with the line.

/// The rows of a table, without heading and comments.
pub(super) fn rows<const COLUMNS: usize>(
    table: &'static str,
) -> impl Iterator<Item = [&'static str; COLUMNS]> {
    let lines = table.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.skip(1).map(|line| {
        let mut cells = line.split('\t');
        let row = std::array::from_fn(|_| cells.next().unwrap_or(""));
        assert!(cells.next().is_none(), "too many columns in table line {line:?}");
        assert!(line.bytes().all(|byte| byte >= b' ' || byte == b'\t'), "control byte in {line:?}");
        row
    })
}

/// The words of a cell, separated by `|`.
pub(super) fn words(cell: &'static str) -> Vec<&'static str> {
    cell.split('|').filter(|word| !word.is_empty()).collect()
}

/// A number in a cell.
pub(super) fn number<T: std::str::FromStr<Err: std::fmt::Display>>(cell: &str) -> T {
    match cell.parse() {
        Ok(number) => number,
        Err(error) => panic!("{cell:?} is not a number in a table of this crate: {error}"),
    }
}
