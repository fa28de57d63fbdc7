//! A plan for people: a table where there is room for one, else a block of lines
//! for each report.

use std::fmt::Write as _;

use unicode_width::UnicodeWidthStr as _;

use super::Closing;
use super::plan::{Plan, Row};
use crate::text::{line, short_line, wrapped};

/// How wide a column may become, and how narrow.
const COLUMNS: [(&str, usize, usize); 8] = [
    ("report", 40, 14),
    ("SHA-256", 12, 12),
    ("lane", 24, 10),
    ("product", 30, 8),
    ("engagement", 24, 10),
    ("test", 36, 12),
    ("scan type", 22, 10),
    ("closes", 6, 6),
];

/// The plan on lines of at most `width` columns, as far as words allow.
pub fn render(plan: &Plan, width: usize) -> String {
    let mut out = String::new();
    let rows: Vec<_> = plan.reports.iter().map(cells).collect();
    match widths(&rows, width) {
        Some(widths) => table(&mut out, plan, &rows, &widths, width),
        None => blocks(&mut out, plan, &rows, width),
    }
    if !plan.missing.is_empty() || !plan.attachments.is_empty() {
        out.push('\n');
    }
    for missing in &plan.missing {
        let text = format!(
            "lane {}: there is no report of {}, which it expects",
            missing.lane, missing.scanner
        );
        said(&mut out, "✗", &text, width);
    }
    for attachment in &plan.attachments {
        let text = format!("{} goes along to each engagement", attachment.file.path);
        said(&mut out, "+", &text, width);
    }
    out.push('\n');
    put(&mut out, &total(plan));
    out
}

/// The last line: how much can be filed, and where.
fn total(plan: &Plan) -> String {
    let count = plan.reports.len();
    let sound = plan.reports.iter().filter(|row| row.wrong.is_empty());
    let reports = if count == 1 { "report" } else { "reports" };
    let server = match &plan.server {
        Some(server) => format!("at {server}"),
        None => "at a server that is not named yet: set DEFECTDOJO_URL, or `url` in `[evidence]`"
            .to_owned(),
    };
    format!(
        "{} of {count} {reports} can be filed, {server}",
        sound.count()
    )
}

fn cells(row: &Row) -> [String; COLUMNS.len()] {
    let target = row.target.as_ref();
    let unknown = || "–".to_owned();
    let digest: String = row.artifact.sha256.chars().take(12).collect();
    let numbered = |name: &str, id: Option<u64>| match id {
        Some(id) => format!("#{id}"),
        None => name.to_owned(),
    };
    let product = target.and_then(|target| {
        let product = target.product.as_ref()?;
        Some(match &target.product_type {
            Some(kind) => format!("{kind} / {product}"),
            None => product.clone(),
        })
    });
    let scan_type = target.map(|target| match row.converted {
        true => format!("{}, converted", target.scan_type),
        false => target.scan_type.clone(),
    });
    let closes = match row.closing.close {
        true => "yes",
        false => "no",
    };
    [
        row.artifact.path.clone(),
        Some(digest)
            .filter(|digest| !digest.is_empty())
            .unwrap_or_else(unknown),
        row.lane.clone(),
        product.unwrap_or_else(unknown),
        target.map_or_else(unknown, |target| {
            numbered(&target.engagement, target.engagement_id)
        }),
        target.map_or_else(unknown, |target| {
            numbered(&target.test_title, target.test_id)
        }),
        scan_type.unwrap_or_else(unknown),
        closes.to_owned(),
    ]
}

/// How wide each column is; absent when there is no room for a table.
fn widths(rows: &[[String; COLUMNS.len()]], width: usize) -> Option<[usize; COLUMNS.len()]> {
    const MARK: usize = 2;
    let mut widths = COLUMNS.map(|(name, ..)| name.width());
    for cells in rows {
        for ((cell, (_, most, _)), widest) in cells.iter().zip(COLUMNS).zip(&mut widths) {
            *widest = line(cell).width().min(most).max(*widest);
        }
    }
    let gaps = 2 * (COLUMNS.len() - 1);
    while MARK + widths.iter().sum::<usize>() + gaps > width {
        // The widest gives way, as long as it stays readable.
        let columns = widths.iter_mut().zip(COLUMNS);
        let narrowed = columns.filter(|(width, (_, _, least))| **width > *least);
        let (widest, _) = narrowed.max_by_key(|(width, _)| **width)?;
        *widest -= 1;
    }
    Some(widths)
}

fn table(
    out: &mut String,
    plan: &Plan,
    rows: &[[String; COLUMNS.len()]],
    widths: &[usize; COLUMNS.len()],
    width: usize,
) {
    let mut row = |mark: &str, cells: &[&str]| {
        let mut text = format!("{mark} ");
        for (cell, width) in cells.iter().zip(widths) {
            let cell = short_line(cell, *width);
            let pad = " ".repeat(width.saturating_sub(cell.width()) + 2);
            text.push_str(&cell);
            text.push_str(&pad);
        }
        put(out, text.trim_end());
    };
    row(" ", &COLUMNS.map(|(name, ..)| name));
    for (planned, cells) in plan.reports.iter().zip(rows) {
        let cells: Vec<_> = cells.iter().map(String::as_str).collect();
        row(mark(planned), &cells);
    }
    out.push('\n');
    for planned in &plan.reports {
        put(out, &short_line(&planned.artifact.path, width));
        remarks(out, planned, width);
    }
}

fn blocks(out: &mut String, plan: &Plan, rows: &[[String; COLUMNS.len()]], width: usize) {
    for (planned, cells) in plan.reports.iter().zip(rows) {
        let mut cells = cells.iter().zip(COLUMNS);
        if let Some((path, _)) = cells.next() {
            put(out, &format!("{} {}", mark(planned), line(path)));
        }
        for (cell, (name, ..)) in cells.filter(|(_, (name, ..))| *name != "closes") {
            put(out, &format!("    {name:10}  {}", line(cell)));
        }
        remarks(out, planned, width);
    }
}

/// What there is to say of a report besides where it goes.
fn remarks(out: &mut String, row: &Row, width: usize) {
    let content = &row.content;
    let format = content.format.as_deref().unwrap_or("no known format");
    let findings = match content.findings {
        1 => "1 finding".to_owned(),
        count => format!("{count} findings"),
    };
    let mut text = format!(
        "{format}, {}, {findings}, {} bytes",
        content.health.name(),
        row.artifact.bytes
    );
    if content.suppressed > 0 {
        write!(text, ", {} suppressed", content.suppressed).expect("a String takes all text");
    }
    if content.secrets > 0 {
        write!(text, ", {} with secrets", content.secrets).expect("a String takes all text");
    }
    said(out, " ", &text, width);
    let Closing { close, why, .. } = &row.closing;
    let closes = match close {
        true => "closes what it lacks",
        false => "closes nothing",
    };
    if row.wrong.is_empty() {
        said(out, " ", &format!("{closes}: {why}"), width);
    }
    for note in &row.notes {
        said(out, "!", note, width);
    }
    for wrong in &row.wrong {
        said(out, "✗", &wrong.text, width);
    }
}

fn mark(row: &Row) -> &'static str {
    match row.wrong.is_empty() {
        true => "✓",
        false => "✗",
    }
}

/// Something to say, on as many lines as it needs.
fn said(out: &mut String, mark: &str, text: &str, width: usize) {
    for (at, part) in wrapped(text, width.saturating_sub(4)).iter().enumerate() {
        let mark = if at == 0 { mark } else { " " };
        put(out, format!("  {mark} {part}").trim_end());
    }
}

fn put(out: &mut String, text: &str) {
    out.push_str(text);
    out.push('\n');
}
