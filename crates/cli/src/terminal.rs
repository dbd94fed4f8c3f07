//! What people see: colours only where a terminal shows them (and never with `NO_COLOR`), tables with aligned columns.

use std::process::ExitCode;

use anstyle::{AnsiColor, Style};

pub(crate) const BOLD: Style = Style::new().bold();
pub(crate) const DIM: Style = Style::new().dimmed();
pub(crate) const GOOD: Style = AnsiColor::Green.on_default().bold();
pub(crate) const BAD: Style = AnsiColor::Red.on_default().bold();
pub(crate) const NAME: Style = AnsiColor::Cyan.on_default();

/// `text` in `style`.
pub(crate) fn styled(style: Style, text: &str) -> String {
    format!("{style}{text}{style:#}")
}

/// One line to standard output; colours are dropped where nobody could see them.
pub(crate) fn say(line: &str) {
    anstream::println!("{line}");
}

/// A remark to standard error, beside what a program reads.
pub(crate) fn aside(line: &str) {
    anstream::eprintln!("{line}");
}

/// The error to standard error, and the exit code.
pub(crate) fn failed(message: &str, code: u8) -> ExitCode {
    anstream::eprintln!("{} {message}", styled(BAD, "error:"));
    ExitCode::from(code)
}

/// Rows under headings, each column as wide as its widest cell.
pub(crate) fn table(headings: &[&str], rows: &[Vec<String>], indent: usize) {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain([headings[column].chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..headings.len()).map(width).collect();
    let line = |cells: &[String], style: Style| {
        let padded: Vec<String> = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        say(&format!("{}{}", " ".repeat(indent), styled(style, padded.join("  ").trim_end())));
    };
    line(&headings.iter().map(ToString::to_string).collect::<Vec<_>>(), DIM);
    for row in rows {
        line(row, Style::new());
    }
}
