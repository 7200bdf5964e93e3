//! Reads the data files of this crate: tab-separated, `#` for comments, a heading line, then one row a line.
//!
//! The files are compiled in, so a malformed one is a defect of the program, found by any test: reading panics.

/// The rows of a data file, each cut into exactly `COLUMNS` cells.
pub(crate) fn rows<const COLUMNS: usize>(
    file: &'static str,
) -> impl Iterator<Item = [&'static str; COLUMNS]> {
    file.lines().filter(|line| !line.starts_with('#')).skip(1).map(|line| {
        let mut cells = [""; COLUMNS];
        let mut found = 0;
        for cell in line.split('\t') {
            assert!(found < COLUMNS, "more than {COLUMNS} cells in {line:?}");
            cells[found] = cell;
            found += 1;
        }
        // A trailing empty cell may be left out by an editor that trims lines.
        assert!(found > 0 && !cells[0].is_empty(), "a row without a name: {line:?}");
        cells
    })
}

/// Cuts a comma-separated cell; an empty cell has no parts.
pub(crate) fn list(cell: &'static str) -> Vec<&'static str> {
    cell.split(',').map(str::trim).filter(|part| !part.is_empty()).collect()
}
