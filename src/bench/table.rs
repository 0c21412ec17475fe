//! Figures and columns that a person can read.

use std::fmt::Write as _;

/// Three digits that mean something.
pub fn figure(value: f64) -> String {
    let decimals = match value {
        v if v >= 99.95 => 0,
        v if v >= 9.995 => 1,
        v if v >= 0.9995 => 2,
        _ => 3,
    };
    format!("{value:.decimals$}")
}

/// Words to the left, numbers to the right.
pub fn align(rows: &[Vec<String>]) -> String {
    const LEFT: [usize; 4] = [0, 1, 8, 10];
    let mut widths = Vec::new();
    for row in rows {
        widths.resize(widths.len().max(row.len()), 0);
        // A row that says only "not offered" makes no column wider.
        for (column, cell) in row
            .iter()
            .enumerate()
            .filter(|(column, _)| row.len() > 3 || *column < 2)
        {
            widths[column] = widths[column].max(cell.chars().count());
        }
    }
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate().filter(|(column, _)| widths[*column] > 0) {
            let width = widths[column];
            let gap = if column == 0 { "" } else { "  " };
            let _ = if LEFT.contains(&column) || row.len() <= 3 {
                write!(line, "{gap}{cell:<width$}")
            } else {
                write!(line, "{gap}{cell:>width$}")
            };
        }
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_three_digits() {
        let all = [1825.4, 99.96, 12.34, 9.996, 1.0, 0.04].map(figure);
        assert_eq!(all, ["1825", "100", "12.3", "10.0", "1.00", "0.040"]);
    }
}
