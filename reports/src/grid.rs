//! Columns of text without borders.

use comfy_table::{Cell, CellAlignment, Table, presets};

/// Space between columns; the first one is wider than its longest line.
const PADDING: (u16, u16) = (0, 2);
const FIRST_PADDING: (u16, u16) = (0, 1);

/// Rows as aligned columns, a line each. Numbers are compared digit by digit,
/// so all columns but the first and those in `words` end at the right.
pub fn grid(rows: Vec<Vec<String>>, words: &[usize]) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    for row in rows {
        table.add_row(row.into_iter().map(Cell::new));
    }
    for (at, column) in table.column_iter_mut().enumerate() {
        column.set_padding(if at == 0 { FIRST_PADDING } else { PADDING });
        if at > 0 && !words.contains(&at) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.lines().map(|line| line.trim_end().to_owned() + "\n").collect()
}
