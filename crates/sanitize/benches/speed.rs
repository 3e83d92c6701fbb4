//! What looking at a text costs: nanoseconds per KiB, for texts that are clean, that must be read, and that were made to
//! be slow. Prints a table and judges nothing: `cargo bench -p wardgate-sanitize`.

use std::hint::black_box;
use std::time::{Duration, Instant};

use wardgate_sanitize::{Action, Place, Rules, Scanner, Settings, apply, strip};

/// How long each figure is measured.
const MEASURE: Duration = Duration::from_millis(400);

fn main() {
    let results = Rules::new(Settings::default()).expect("the default has no places");
    let all = Settings {
        pii: Action::Redact,
        ..Settings::default()
    };
    let all = Rules::new(all).expect("the default has no places");
    let texts = [
        ("clean, 1 KiB", clean(1 << 10)),
        ("clean, 64 KiB", clean(64 << 10)),
        (
            "clean ASCII, 64 KiB",
            clean(64 << 10).replace(['“', '”'], "'").replace("\\n", " "),
        ),
        ("clean, 512 KiB", clean(512 << 10)),
        (
            "a key per KiB",
            clean(64 << 10).replace("\"widget 9", "\"AKIAIOSFODNN7EXAMPLE widget 9"),
        ),
        ("words that look like finds", suspicious(64 << 10)),
        ("escaped letters", escaped(64 << 10)),
        ("\"eyJ.\" again and again", hostile("eyJ.", 64 << 10)),
        ("\"token=\" again and again", hostile("token=", 64 << 10)),
        ("\"ignore \" again and again", hostile("ignore ", 64 << 10)),
        (
            "\"you must call \" again and again",
            hostile("you must call ", 64 << 10),
        ),
        ("\"4111 \" again and again", hostile("4111 ", 64 << 10)),
        ("\"@a.b\" again and again", hostile("@a.b", 64 << 10)),
    ];
    println!(
        "{:<36} {:>9} {:>9} {:>9} {:>9}",
        "ns per KiB", "strip", "default", "with pii", "pieces"
    );
    for (name, text) in &texts {
        let strip = measure(text, || drop(black_box(strip(text, Place::Result))));
        let default = measure(text, || drop(black_box(apply(&results, text))));
        let pii = measure(text, || drop(black_box(apply(&all, text))));
        let pieces = measure(text, || in_pieces(&results, text));
        println!("{name:<36} {strip:>9.0} {default:>9.0} {pii:>9.0} {pieces:>9.0}");
    }
}

/// Nanoseconds per KiB: the best of many runs, since whatever else runs can only make it slower.
fn measure(text: &str, run: impl Fn()) -> f64 {
    let begin = Instant::now();
    let mut best = Duration::MAX;
    while begin.elapsed() < MEASURE {
        let start = Instant::now();
        run();
        best = best.min(start.elapsed());
    }
    best.as_nanos() as f64 * 1024.0 / text.len() as f64
}

fn in_pieces(rules: &Rules, text: &str) {
    let mut scanner = Scanner::new(rules);
    let mut rest = text;
    while !rest.is_empty() {
        let (piece, behind) = rest.split_at(rest.ceil_char_boundary(1400));
        black_box(scanner.push(piece));
        rest = behind;
    }
    black_box(scanner.finish());
}

fn clean(bytes: usize) -> String {
    let mut items = String::new();
    let mut number = 0;
    while items.len() < bytes {
        number += 1;
        items.push_str(&format!(
            r#"{{"id":{number},"name":"widget {}","price":{}.50,"tags":["blue","small","in stock"],"note":"A fine widget for every day, ships in two days.\nColour: “sky”.","url":"https://shop.example.com/items/{number}"}},"#,
            number % 10,
            number % 97,
        ));
    }
    format!(r#"{{"items":[{}]}}"#, items.trim_end_matches(','))
}

fn suspicious(bytes: usize) -> String {
    let line = "The system ignores unused tokens; send your key figures, call the office, print the list, secretly smile. ";
    format!("[\"{}\"]", line.repeat(bytes / line.len()))
}

fn escaped(bytes: usize) -> String {
    format!("[\"{}\"]", "\\u0077\\u006frd ".repeat(bytes / 15))
}

fn hostile(part: &str, bytes: usize) -> String {
    format!("[\"{}\"]", part.repeat(bytes / part.len()))
}
