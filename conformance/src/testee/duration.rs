use std::time::Duration;

/// Longest duration a file may name: a typing mistake must not make a run wait for days.
const LONGEST: Duration = Duration::from_secs(3600);

/// Parses `250ms`, `10s` or `2m`.
///
/// # Errors
/// A sentence that says what is wrong: no unit, no number, zero, or more than an hour.
pub(crate) fn parse_duration(text: &str) -> Result<Duration, String> {
    let digits = text.len() - text.trim_start_matches(|letter: char| letter.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let millis_per_unit = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        _ => return Err(format!("`{text}` is not a duration: a number and one of ms, s, m is needed")),
    };
    let number: u64 = number
        .parse()
        .map_err(|_| format!("`{text}` is not a duration: the number is missing or too large"))?;
    match number.checked_mul(millis_per_unit).map(Duration::from_millis) {
        Some(Duration::ZERO) => Err(format!("`{text}` is no time at all")),
        Some(duration) if duration <= LONGEST => Ok(duration),
        _ => Err(format!("`{text}` is longer than an hour")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_each_unit() {
        assert_eq!(parse_duration("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(parse_duration("10s"), Ok(Duration::from_secs(10)));
        assert_eq!(parse_duration("2m"), Ok(Duration::from_secs(120)));
    }

    #[test]
    fn refuses_what_is_not_a_duration() {
        for text in ["", "10", "s", "-1s", "1.5s", "10 s", "10h", "0s", "61m", "99999999999999999999s"] {
            assert!(parse_duration(text).is_err(), "{text}");
        }
    }
}
