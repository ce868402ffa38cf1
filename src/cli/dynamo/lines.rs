//! Lines of a file with their places, of bounded length.

use std::io::{BufRead, Read};

/// An item has at most 400 KB, but a text may write each of its bytes as an escape of six.
const LONGEST: usize = 8 * 1024 * 1024;

/// A place in a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Spot {
    /// Bytes before it.
    pub bytes: u64,
    /// Lines before it.
    pub lines: u64,
}

/// A line that is not blank, and the place after it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub text: String,
    pub end: Spot,
}

/// Reads lines one by one.
pub(super) struct Lines<R> {
    from: R,
    at: Spot,
}

impl<R: BufRead> Lines<R> {
    /// `from` is already at this place.
    pub(super) fn new(from: R, at: Spot) -> Self {
        Self { from, at }
    }

    /// The next line that is not blank.
    ///
    /// # Errors
    /// Which line is wrong, and why.
    pub(super) fn next(&mut self) -> Result<Option<Line>, String> {
        loop {
            let mut bytes = Vec::new();
            let limited = (&mut self.from).take(LONGEST as u64 + 1).read_until(b'\n', &mut bytes);
            let number = self.at.lines + 1;
            let read = limited.map_err(|error| format!("line {number}: {error}"))?;
            if read == 0 {
                return Ok(None);
            }
            if read > LONGEST {
                return Err(format!("line {number}: longer than {} MB", LONGEST / 1024 / 1024));
            }
            let is_first = self.at.bytes == 0;
            self.at = Spot { bytes: self.at.bytes + read as u64, lines: number };
            let text = String::from_utf8(bytes).map_err(|_| format!("line {number}: not UTF-8"))?;
            // Some editors put a byte order mark at the beginning.
            let text = if is_first { text.trim_start_matches('\u{feff}') } else { &text }.trim();
            if !text.is_empty() {
                return Ok(Some(Line { text: text.into(), end: self.at }));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn all(text: &[u8]) -> Result<Vec<(String, u64, u64)>, String> {
        let mut lines = Lines::new(text, Spot::default());
        let mut all = Vec::new();
        while let Some(line) = lines.next()? {
            all.push((line.text, line.end.bytes, line.end.lines));
        }
        Ok(all)
    }

    #[test]
    fn blank_lines_count_but_are_not_given_out_and_the_last_needs_no_end() {
        let expected = vec![("a".into(), 6, 1), ("b".into(), 11, 3), ("c".into(), 12, 4)];
        assert_eq!(all("\u{feff}a\r\n \t\nb\nc".as_bytes()), Ok(expected));
        assert_eq!(all(b""), Ok(vec![]));
        assert_eq!(all(b"\n\n"), Ok(vec![]));
    }

    #[test]
    fn what_is_no_text_or_too_long_is_refused_with_its_line() {
        assert_eq!(all(b"a\n\xff\n").unwrap_err(), "line 2: not UTF-8");
        let long = [b"a\n".as_slice(), &vec![b'x'; LONGEST + 1]].concat();
        assert_eq!(all(&long).unwrap_err(), "line 2: longer than 8 MB");
        assert_eq!(all(&[vec![b'x'; LONGEST - 1], b"\n".to_vec()].concat()).unwrap().len(), 1);
    }

    proptest! {
        #[test]
        fn from_every_place_the_rest_follows(parts in prop::collection::vec("[a-z]{0,5}", 0..20)) {
            let text = parts.join("\n");
            let whole = all(text.as_bytes()).unwrap();
            for (at, (_, bytes, lines)) in whole.iter().enumerate() {
                let rest = &text.as_bytes()[usize::try_from(*bytes).unwrap()..];
                let mut lines = Lines::new(rest, Spot { bytes: *bytes, lines: *lines });
                for expected in &whole[at + 1..] {
                    let line = lines.next().unwrap().unwrap();
                    prop_assert_eq!(&(line.text, line.end.bytes, line.end.lines), expected);
                }
                prop_assert_eq!(lines.next(), Ok(None));
            }
        }
    }
}
