//! A JSON reader that keeps a number as it is written and refuses a name that comes twice: serde_json rounds the one to a
//! double and silently keeps the last of the other.

use std::collections::BTreeMap;

use serde_json::Value;

/// A value whose numbers are still text.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Json {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Json>),
    Map(BTreeMap<String, Json>),
}

/// DynamoDB's 32 levels take two each in DynamoDB JSON; beyond this the reader's own stack would be the limit.
const LEVELS: usize = 128;

impl From<&Value> for Json {
    fn from(value: &Value) -> Self {
        match value {
            Value::Null => Json::Null,
            Value::Bool(bool) => Json::Bool(*bool),
            Value::Number(number) => Json::Number(number.to_string()),
            Value::String(text) => Json::Text(text.clone()),
            Value::Array(list) => Json::List(list.iter().map(Json::from).collect()),
            Value::Object(map) => Json::Map(map.iter().map(|(name, value)| (name.clone(), value.into())).collect()),
        }
    }
}

/// Reads a text from its beginning.
pub(super) struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// The one value of the text.
    pub(super) fn only(mut self) -> Result<Json, String> {
        let value = self.value(0)?;
        self.end()?;
        Ok(value)
    }

    /// Nothing but white space may follow.
    pub(super) fn end(&mut self) -> Result<(), String> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.wrong("more text follows the end of the value")),
        }
    }

    /// The next value, `level` levels deep.
    pub(super) fn value(&mut self, level: usize) -> Result<Json, String> {
        if level > LEVELS {
            return Err(self.wrong(&format!("more than {LEVELS} levels of JSON")));
        }
        match self.peek() {
            Some('{') => self.map(level),
            Some('[') => {
                let mut list = Vec::new();
                self.list(|reader| reader.value(level + 1).map(|value| list.push(value)))?;
                Ok(Json::List(list))
            }
            Some('"') => self.string().map(Json::Text),
            Some('-' | '0'..='9') => self.number(),
            Some('t') => self.word("true", Json::Bool(true)),
            Some('f') => self.word("false", Json::Bool(false)),
            Some('n') => self.word("null", Json::Null),
            Some(_) => Err(self.wrong("a JSON value should be here")),
            None => Err(self.wrong("the text ends in the middle of a value")),
        }
    }

    /// A list, each element of which is read by `element`.
    pub(super) fn list(&mut self, mut element: impl FnMut(&mut Self) -> Result<(), String>) -> Result<(), String> {
        self.expect('[')?;
        if self.take(']') {
            return Ok(());
        }
        loop {
            element(self)?;
            if self.take(']') {
                return Ok(());
            }
            self.expect(',')?;
        }
    }

    fn map(&mut self, level: usize) -> Result<Json, String> {
        let mut map = BTreeMap::new();
        self.expect('{')?;
        if self.take('}') {
            return Ok(Json::Map(map));
        }
        loop {
            self.peek();
            let name = self.string()?;
            self.expect(':')?;
            let value = self.value(level + 1)?;
            if map.insert(name.clone(), value).is_some() {
                return Err(self.wrong(&format!("the name {} comes twice in one object", shown(&name))));
            }
            if self.take('}') {
                return Ok(Json::Map(map));
            }
            self.expect(',')?;
        }
    }

    fn string(&mut self) -> Result<String, String> {
        let rest = &self.text[self.at..];
        let mut escaped = true;
        for (at, byte) in rest.bytes().enumerate() {
            match byte {
                b'"' if at == 0 => escaped = false,
                _ if at == 0 => break,
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => {
                    let text = serde_json::from_str(&rest[..=at]);
                    let text =
                        text.map_err(|_| self.wrong("a text with an escape or a character that JSON forbids"))?;
                    self.at += at + 1;
                    return Ok(text);
                }
                _ => {}
            }
        }
        Err(self.wrong("a text in double quotes should be here, with both quotes"))
    }

    fn number(&mut self) -> Result<Json, String> {
        let rest = &self.text[self.at..];
        let length = rest.find(|c| !matches!(c, '0'..='9' | '-' | '+' | '.' | 'e' | 'E')).unwrap_or(rest.len());
        let number = &rest[..length];
        if !is_number(number) {
            return Err(self.wrong("this is not a JSON number"));
        }
        self.at += length;
        Ok(Json::Number(number.into()))
    }

    fn word(&mut self, word: &str, value: Json) -> Result<Json, String> {
        if !self.text[self.at..].starts_with(word) {
            return Err(self.wrong("a JSON value should be here"));
        }
        self.at += word.len();
        Ok(value)
    }

    /// The next character that is not white space, without taking it.
    pub(super) fn peek(&mut self) -> Option<char> {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r']).len();
        self.text[self.at..].chars().next()
    }

    fn take(&mut self, wanted: char) -> bool {
        let is_there = self.peek() == Some(wanted);
        self.at += if is_there { wanted.len_utf8() } else { 0 };
        is_there
    }

    fn expect(&mut self, wanted: char) -> Result<(), String> {
        if self.take(wanted) { Ok(()) } else { Err(self.wrong(&format!("{wanted} should be here"))) }
    }

    fn wrong(&self, why: &str) -> String {
        let column = self.text[..self.at].chars().rev().take_while(|c| *c != '\n').count() + 1;
        format!("not JSON at column {column}: {why}")
    }
}

/// The grammar of JSON: no leading zeros, digits on both sides of the point.
fn is_number(text: &str) -> bool {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let text = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = text.split_once(['e', 'E']).map_or((text, None), |(left, right)| (left, Some(right)));
    let (whole, part) = mantissa.split_once('.').map_or((mantissa, None), |(left, right)| (left, Some(right)));
    digits(whole)
        && (whole.len() == 1 || !whole.starts_with('0'))
        && part.is_none_or(digits)
        && exponent.is_none_or(|text| digits(text.strip_prefix(['+', '-']).unwrap_or(text)))
}

/// A name as a message shows it: in quotes, and never longer than a line can bear.
pub(super) fn shown(name: &str) -> String {
    let start: String = name.chars().take(60).collect();
    let more = if start.len() < name.len() { "…" } else { "" };
    format!("{start:?}{more}")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<Json, String> {
        Reader::new(text).only()
    }

    #[test]
    fn a_number_stays_as_it_is_written() {
        for text in ["0", "-0.10", "12345678901234567890123456789012345678", "1e-130", "1.50E+3"] {
            assert_eq!(read(text), Ok(Json::Number(text.into())));
        }
        for text in ["01", "1.", ".5", "+1", "-", "1e", "1e+", "--1", "1.2.3", "NaN"] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_name_that_comes_twice_is_refused_and_the_place_is_said() {
        let error = read("{\"a\": 1,\n \"a\": 2}").unwrap_err();
        assert_eq!(error, "not JSON at column 8: the name \"a\" comes twice in one object");
        assert_eq!(read("{\"a\" 1}").unwrap_err(), "not JSON at column 6: : should be here");
    }

    #[test]
    fn too_many_levels_are_refused_without_a_stack_overflow() {
        assert!(read(&"[".repeat(1_000_000)).unwrap_err().contains("128 levels"));
    }

    /// Texts that are nearly JSON.
    fn nearly() -> impl Strategy<Value = String> {
        let part = prop_oneof![
            "[\\[\\]{}:,\" \\\\]",
            Just("\"a\"".to_string()),
            Just("true".into()),
            Just("null".into()),
            Just("\\u0041".into()),
            "-?[0-9]{1,3}(\\.[0-9]{1,2})?",
            any::<char>().prop_map(String::from),
        ];
        prop::collection::vec(part, 0..12).prop_map(|parts| parts.concat())
    }

    proptest! {
        #[test]
        fn it_takes_what_serde_json_takes(text in nearly()) {
            let theirs = serde_json::from_str::<Value>(&text);
            match read(&text) {
                Ok(_) => prop_assert!(theirs.is_ok()),
                Err(error) => prop_assert!(theirs.is_err() || error.contains("comes twice"), "{error}"),
            }
        }
    }
}
