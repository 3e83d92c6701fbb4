//! The day of a run, in UTC.

use std::time::{SystemTime, UNIX_EPOCH};

/// Today as `YYYY-MM-DD`.
pub fn today() -> String {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    of_day(since.as_secs() / 86_400)
}

/// The date of a day counted from 1970-01-01. Counts eras of 400 years that start on the first of March, so that a leap day
/// is the last of its year.
fn of_day(day: u64) -> String {
    let shifted = day + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day_of_month = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 {
        month_from_march + 3
    } else {
        month_from_march - 9
    };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day_of_month:02}")
}

#[cfg(test)]
mod tests {
    use super::of_day;

    #[test]
    fn days_are_counted_over_leap_years() {
        assert_eq!(of_day(0), "1970-01-01");
        assert_eq!(of_day(59), "1970-03-01");
        assert_eq!(of_day(11_016), "2000-02-29");
        assert_eq!(of_day(19_782), "2024-02-29");
        assert_eq!(of_day(20_089), "2025-01-01");
    }
}
