//! Values of arguments: times, modes, numbers within bounds.

use std::time::Duration;

use workerspec_conformance::testee::Mode;

pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.len() - text.trim_start_matches(|letter: char| letter.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let number: u64 =
        number.parse().map_err(|_| format!("`{text}` is no time: write such as 250ms, 10s or 2m"))?;
    let time = match unit {
        "ms" => Duration::from_millis(number),
        "s" => Duration::from_secs(number),
        "m" => Duration::from_secs(number.saturating_mul(60)),
        _ => return Err(format!("`{text}` has no unit: write such as 250ms, 10s or 2m")),
    };
    if time <= Duration::from_secs(86_400) { Ok(time) } else { Err(format!("`{text}` is more than a day")) }
}

pub(super) fn mode(text: &str) -> Result<Mode, String> {
    match text {
        "up" => Ok(Mode::Up),
        "exit" => Ok(Mode::Exit),
        "hang" => Ok(Mode::Hang),
        _ => match text.strip_prefix("slow:") {
            Some(time) if !time.is_empty() && time.bytes().all(|digit| digit.is_ascii_digit()) => {
                duration(&format!("{time}ms")).map(Mode::Slow)
            }
            Some(time) => duration(time).map(Mode::Slow),
            None => Err(format!("`{text}` is no kind of release: write up, exit, hang or slow:2s")),
        },
    }
}

pub(super) fn path(text: &str) -> Result<String, String> {
    match text.starts_with('/') && text.bytes().all(|octet| octet.is_ascii_graphic()) {
        true => Ok(text.to_owned()),
        false => Err(format!("`{text}` is no path: write such as /events")),
    }
}

pub(super) fn rate(text: &str) -> Result<f64, String> {
    number(text, 0.0, 200_000.0)
}

pub(super) fn share(text: &str) -> Result<f64, String> {
    number(text, 0.0, 1.0)
}

pub(super) fn factor(text: &str) -> Result<f64, String> {
    number(text, 1.0, 1_000_000.0)
}

/// `5%`, as a share.
pub(super) fn percent(text: &str) -> Result<f64, String> {
    let percent = number(text.trim_end_matches('%'), 0.05, 99.0)?;
    Ok(percent / 100.0)
}

pub(super) fn number(text: &str, least: f64, most: f64) -> Result<f64, String> {
    let number: f64 = text.parse().map_err(|_| format!("`{text}` is no number"))?;
    // A NaN is in no range.
    if (least..=most).contains(&number) { Ok(number) } else { Err(format!("must be from {least} to {most}")) }
}

pub(super) fn count(text: &str) -> Result<usize, String> {
    whole(text, 0, 20_000)
}

pub(super) fn body(text: &str) -> Result<usize, String> {
    whole(text, 26, 60_000)
}

pub(super) fn workers(text: &str) -> Result<usize, String> {
    whole(text, 1, 1_000)
}

pub(super) fn whole(text: &str, least: usize, most: usize) -> Result<usize, String> {
    let number: usize = text.parse().map_err(|_| format!("`{text}` is no whole number"))?;
    if (least..=most).contains(&number) { Ok(number) } else { Err(format!("must be from {least} to {most}")) }
}
