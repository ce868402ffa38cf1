//! DynamoDB's numbers: decimal, up to 38 significant digits, from 1E-130 to 9.99E+125.

use std::fmt;

/// A number in the one form that equal numbers share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Number {
    is_negative: bool,
    /// Without zeros at either end; empty: zero.
    digits: String,
    /// Power of ten of the last digit.
    exponent: i64,
}

const DIGITS: usize = 38;
const SMALLEST: i64 = -130;
const LARGEST: i64 = 125;

impl Number {
    /// Reads a decimal number.
    ///
    /// # Errors
    /// Why DynamoDB cannot hold it.
    pub(super) fn read(text: &str) -> Result<Self, &'static str> {
        const NOT: &str = "not a decimal number";
        let (is_negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let text = if is_negative { text } else { text.strip_prefix('+').unwrap_or(text) };
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let exponent: i64 = exponent.parse().map_err(|_| NOT)?;
        let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all = format!("{whole}{part}");
        if all.is_empty() || !all.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(NOT);
        }
        let digits = all.trim_start_matches('0');
        let kept = digits.trim_end_matches('0');
        if kept.is_empty() {
            return Ok(Self { is_negative: false, digits: String::new(), exponent: 0 });
        }
        let shift = i64::try_from(digits.len() - kept.len()).unwrap_or(i64::MAX);
        let behind = i64::try_from(part.len()).unwrap_or(i64::MAX);
        let exponent = exponent.saturating_sub(behind).saturating_add(shift);
        if kept.len() > DIGITS {
            return Err("a number has at most 38 significant digits");
        }
        let magnitude = exponent.saturating_add(i64::try_from(kept.len()).unwrap_or(i64::MAX) - 1);
        if !(SMALLEST..=LARGEST).contains(&magnitude) {
            return Err("a number is between 1E-130 and 9.99E+125");
        }
        Ok(Self { is_negative, digits: kept.into(), exponent })
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.digits.as_str(), self.exponent) {
            ("", _) => f.write_str("0"),
            (digits, exponent) => write!(f, "{}{digits}e{exponent}", if self.is_negative { "-" } else { "" }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_numbers_have_one_form() {
        let form = |text| Number::read(text).unwrap().to_string();
        for (form_of, texts) in [
            ("0", &["0", "-0", "0.00", "0e99999", "+0"][..]),
            ("1e0", &["1", "1.0", "+1", "01", "10e-1", "0.1E+1", "1."]),
            ("-15e-1", &["-1.5", "-15e-1", "-0.150e1"]),
            ("12e3", &["12000", "1.2e4"]),
        ] {
            assert!(texts.iter().all(|text| form(text) == form_of), "{form_of}: {texts:?}");
        }
    }

    #[test]
    fn what_dynamodb_cannot_hold_is_refused() {
        assert!(Number::read(&"9".repeat(38)).is_ok() && Number::read(&format!("1{}", "0".repeat(60))).is_ok());
        assert_eq!(Number::read(&"9".repeat(39)).unwrap_err(), "a number has at most 38 significant digits");
        assert!(Number::read("9.9e125").is_ok() && Number::read("1e-130").is_ok());
        for text in ["1e126", "1e-131", "1e9223372036854775807", "-1e999"] {
            assert_eq!(Number::read(text).unwrap_err(), "a number is between 1E-130 and 9.99E+125", "{text}");
        }
        for text in ["", "-", ".", "1e", "e1", "--1", "-+1", "1,5", "NaN", "0x1", " 1", "１", "1e99999999999999999999"]
        {
            assert_eq!(Number::read(text).unwrap_err(), "not a decimal number", "{text}");
        }
    }
}
