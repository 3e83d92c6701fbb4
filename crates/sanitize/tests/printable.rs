//! Lines that cannot move a cursor or forge a second line.

use wardgate_sanitize::printable;

#[track_caller]
fn check(text: &str, chars_max: usize, expected: &str) {
    assert_eq!(printable(text, chars_max), expected);
    assert!(expected.chars().count() <= chars_max);
}

#[test]
fn plain_text_stays() {
    check("Grüße 🎉", 80, "Grüße 🎉");
    check("", 0, "");
}

#[test]
fn controls_are_shown_and_not_obeyed() {
    check("a\nb\r\t\0", 80, r"a\u{a}b\u{d}\u{9}\u{0}");
    check("\u{1B}[2J", 80, r"\u{1b}[2J");
    check("\u{9B}2J\u{7F}", 80, r"\u{9b}2J\u{7f}");
}

#[test]
fn invisible_characters_are_shown() {
    check(
        "a\u{202E}\u{2028}\u{2029}\u{200B}\u{E0041}",
        80,
        r"a\u{202e}\u{2028}\u{2029}\u{200b}\u{e0041}",
    );
}

#[test]
fn long_text_is_cut_with_a_mark() {
    check("abcdef", 6, "abcdef");
    check("abcdefg", 6, "abcde…");
    check("abcde\n", 6, "abcde…");
    check("abc", 0, "");
}

#[test]
fn a_log_line_holds_no_secret() {
    let token = ["ghp_", "EXAMPLEexample0123456789EXAMPLE01234"].concat();
    let line = wardgate_sanitize::loggable(&format!("cannot use {token}\n"), 100);
    assert_eq!(line, "cannot use [redacted:github_token]\\u{a}");
}
