//! The tables, for a terminal and for a page.

use comfy_table::presets::{ASCII_MARKDOWN, UTF8_FULL_CONDENSED};
use comfy_table::{CellAlignment, ContentArrangement, Table, TableStyle};

use super::targets::{name, ratio_max};
use super::{Measured, Report};

/// What a reader must know to read the numbers.
const NOTES: &str = "\
- **direct**: load → echo. **relay**: load → a proxy that copies bytes, on the same server and client libraries → echo. \
**transparent**: the gateway without keys, validation, sanitising and record. **checked**: with all of them. **governed**: with a \
hundred policies and three limits besides. **durable**: the same for a tool that may change something, so that each call waits for \
the disk before it is sent and before its answer. Each is a process of its own.
- **calls/s** is a closed loop: every caller calls again when it is answered. Load, upstream and the process in between share the machine.
- **p50, p95, p99** are an open loop at one fixed rate for all ways of a case, 55 % of what the slowest took. They count from the \
moment a call was meant to be sent, so that waiting behind a late answer counts.
- **CPU** is user and system time of the process in between, per call, in the closed loop; **×** is against the relay.
";

/// For the terminal.
pub fn text(report: &Report) -> String {
    page(report, UTF8_FULL_CONDENSED)
}

/// For `bench/results`.
pub fn markdown(report: &Report) -> String {
    format!(
        "# Load comparison of {}\n\n{}\n{}",
        report.date,
        page(report, ASCII_MARKDOWN),
        NOTES
    )
}

fn page(report: &Report, style: TableStyle) -> String {
    let machine = &report.machine;
    let mut parts = vec![format!(
        "{} cores ({}), Linux {}, {}{}",
        machine.cores,
        machine.processor,
        machine.kernel,
        machine.rustc,
        if report.quick { ", quick run" } else { "" }
    )];
    parts.push(targets(report, style).to_string());
    parts.push(calls(report, style).to_string());
    parts.push(memory(report, style).to_string());
    if !report.listings.is_empty() {
        parts.push(listings(report, style).to_string());
    }
    parts.join("\n\n") + "\n"
}

fn table(style: TableStyle, header: &[&str], texts: usize) -> Table {
    let mut table = Table::new();
    table
        .load_style(style)
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(header);
    for column in table.column_iter_mut().skip(texts) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    table
}

fn targets(report: &Report, style: TableStyle) -> Table {
    let mut table = table(style, &["target", "", "value", "at most", "unit"], 2);
    for target in &report.targets {
        let value = target
            .value
            .map_or("not measured".into(), |value| format!("{value:.2}"));
        table.add_row([
            &target.what,
            target.mark(),
            &value,
            &target.max.to_string(),
            target.unit,
        ]);
    }
    table
}

fn calls(report: &Report, style: TableStyle) -> Table {
    let mut table = table(
        style,
        &[
            "case", "way", "calls/s", "p50 µs", "p95 µs", "p99 µs", "CPU µs", "×", "", "failed",
        ],
        2,
    );
    for row in &report.rows {
        for (number, way) in row.ways.iter().enumerate() {
            let case = if number == 0 {
                name(row.case)
            } else {
                String::new()
            };
            table.add_row(cells(case, way));
        }
    }
    table
}

fn cells(case: String, way: &Measured) -> Vec<String> {
    let or_dash = |value: Option<f64>, digits: usize| {
        value.map_or("–".into(), |value| format!("{value:.digits$}"))
    };
    let mark = way
        .cpu_ratio
        .zip(ratio_max(way.way))
        .map_or("", |(ratio, max)| if ratio <= max { "✓" } else { "✗" });
    vec![
        case,
        way.way.as_str().into(),
        format!("{:.0}", way.calls_per_second),
        format!("{:.0}", way.latency_us.p50),
        format!("{:.0}", way.latency_us.p95),
        format!("{:.0}", way.latency_us.p99),
        or_dash(way.cpu_us_per_call, 1),
        or_dash(way.cpu_ratio, 2),
        mark.into(),
        way.failures.to_string(),
    ]
}

fn memory(report: &Report, style: TableStyle) -> Table {
    let mut table = table(style, &["memory", "value", "unit"], 1);
    for peak in &report.peaks {
        table.add_row([
            format!("peak under load, {}", peak.way.as_str()),
            format!("{:.1}", peak.peak_mib),
            "MiB".into(),
        ]);
    }
    if let Some(footprint) = report.footprint {
        table.add_row([
            "idle, checked".into(),
            format!("{:.1}", footprint.idle_mib),
            "MiB".into(),
        ]);
    }
    if let Some(sessions) = report.sessions {
        table.add_row([
            format!("each of {} idle legacy sessions", sessions.opened),
            format!("{:.0}", sessions.bytes_each),
            "bytes".into(),
        ]);
    }
    table
}

fn listings(report: &Report, style: TableStyle) -> Table {
    let mut table = table(
        style,
        &[
            "list of all tools",
            "KiB",
            "CPU ms",
            "elapsed ms",
            "× relay",
        ],
        1,
    );
    let relay = report
        .listings
        .first()
        .map_or(f64::NAN, |listing| listing.cpu_ms);
    for listing in &report.listings {
        table.add_row([
            listing.way.as_str().to_owned(),
            (listing.bytes / 1_024).to_string(),
            format!("{:.2}", listing.cpu_ms),
            format!("{:.2}", listing.elapsed_ms),
            format!("{:.2}", listing.cpu_ms / relay),
        ]);
    }
    table
}
