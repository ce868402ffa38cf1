//! Items as text: plain JSON and DynamoDB JSON, and the SDK's form of them. What AWS would refuse is refused here, with the
//! number of the item and the name of the attribute, and never with the item itself: it may hold anything.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_types::{Blob, base64};
use serde_json::{Map, Value, json};

use super::json::{Json, Reader, shown};
use super::number::Number;
use super::{AttributeType, Keys};

/// How an item is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// `{"id": "a", "n": 1}`.
    #[default]
    Json,
    /// `{"id": {"S": "a"}, "n": {"N": "1"}}`.
    DynamoDbJson,
}

/// Largest item, names included.
const ITEM_BYTES: usize = 400 * 1024;
/// Lists and maps within each other.
const LEVELS: usize = 32;
/// Longest attribute name in bytes.
const NAME_BYTES: usize = 65_535;

/// An item that DynamoDB can hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Item(pub(super) HashMap<String, AttributeValue>);

/// Reads items, a JSON list or one item on each line, into DynamoDB JSON.
///
/// # Errors
/// Which item is wrong, and why.
pub fn parse(text: &str, format: Format) -> Result<Vec<Value>, String> {
    let mut items = Vec::new();
    let mut add = |json: Result<Json, String>| {
        let number = items.len() + 1;
        let item = json.and_then(|json| Item::read(&json, format)).map_err(|why| format!("item {number}: {why}"))?;
        items.push(item.to_json());
        Ok::<(), String>(())
    };
    let mut reader = Reader::new(text);
    if reader.peek() == Some('[') {
        reader.list(|reader| add(reader.value(0)))?;
        reader.end()?;
    } else {
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            add(Reader::new(line).only())?;
        }
    }
    Ok(items)
}

/// An item of DynamoDB JSON in the SDK's form.
///
/// # Errors
/// Which attribute is wrong, and why.
pub fn to_attributes(item: &Value) -> Result<HashMap<String, AttributeValue>, String> {
    Item::read(&item.into(), Format::DynamoDbJson).map(|item| item.0)
}

/// An item of the SDK in DynamoDB JSON, its attributes and sets in alphabetical order.
pub fn from_attributes(item: &HashMap<String, AttributeValue>) -> Value {
    Value::Object(item.iter().map(|(name, value)| (name.clone(), written(value))).collect())
}

impl Item {
    /// Reads the item of one line. `may_be_wrapped`: it may also be in an object `{"Item": ...}`, as in AWS's own exports.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(line: &str, format: Format, may_be_wrapped: bool) -> Result<Self, String> {
        match Reader::new(line).only()? {
            Json::Map(map) if may_be_wrapped && map.len() == 1 && map.contains_key("Item") => {
                Self::read(&map["Item"], format)
            }
            json => Self::read(&json, format),
        }
    }

    /// In DynamoDB JSON.
    pub fn to_json(&self) -> Value {
        from_attributes(&self.0)
    }

    /// Appends the item as a line of an export.
    pub fn write_line(&self, out: &mut Vec<u8>) {
        // Neither the writer nor the map's keys can fail.
        drop(serde_json::to_writer(&mut *out, &json!({ "Item": self.to_json() })));
        out.push(b'\n');
    }

    /// The primary key as a text that two items share exactly when DynamoDB takes their keys for equal.
    ///
    /// # Errors
    /// Which key attribute is missing, empty, or of another type than the table has it.
    pub fn key(&self, keys: &Keys) -> Result<String, String> {
        let parts = std::iter::once(&keys.hash).chain(&keys.range).map(|key| {
            let name = &key.name;
            let wrong = |what: &str| format!("the key attribute {} {what}", shown(name));
            match (self.0.get(name), key.type_) {
                (None, _) => Err(wrong("is missing")),
                (Some(AttributeValue::S(text)), AttributeType::S) if text.is_empty() => Err(wrong("is empty")),
                (Some(AttributeValue::B(bytes)), AttributeType::B) if bytes.as_ref().is_empty() => {
                    Err(wrong("is empty"))
                }
                (Some(value @ AttributeValue::S(_)), AttributeType::S)
                | (Some(value @ AttributeValue::N(_)), AttributeType::N)
                | (Some(value @ AttributeValue::B(_)), AttributeType::B) => Ok(compared(value)),
                (Some(_), type_) => Err(wrong(&format!("must be of type {}", type_.word()))),
            }
        });
        Ok(Value::Array(parts.collect::<Result<_, _>>()?).to_string())
    }

    /// Write capacity units that a put costs: one for each KB begun.
    pub fn write_units(&self) -> f64 {
        f64::from(u32::try_from(self.size().div_ceil(1024)).unwrap_or(u32::MAX))
    }

    /// Bytes as DynamoDB counts them, names included.
    pub fn size(&self) -> usize {
        self.0.iter().map(|(name, value)| name.len() + size_of(value)).sum()
    }

    /// Whether DynamoDB takes the two for equal: 1.0 is 1.
    pub fn is_same(&self, other: &Self) -> bool {
        self.0.len() == other.0.len()
            && self.0.iter().all(|(name, value)| other.0.get(name).map(compared) == Some(compared(value)))
    }

    fn read(json: &Json, format: Format) -> Result<Self, String> {
        let Json::Map(map) = json else { return Err("an item must be an object".into()) };
        if map.is_empty() {
            return Err("an item must have attributes".into());
        }
        let attribute = |(name, value): (&String, &Json)| {
            let wrong = |why: String| format!("attribute {}{why}", shown(name));
            checked_name(name).map_err(wrong)?;
            value_of(value, format, 0).map(|value| (name.clone(), value)).map_err(wrong)
        };
        let item = map.iter().map(attribute).collect::<Result<HashMap<_, _>, String>>()?;
        let item = Self(item);
        let size = item.size();
        if size > ITEM_BYTES {
            return Err(format!("the item has about {} KB; DynamoDB takes {}", size.div_ceil(1024), ITEM_BYTES / 1024));
        }
        Ok(item)
    }
}

/// An error continues the text "attribute NAME".
type Read<T> = Result<T, String>;

fn wrong<T>(why: &str) -> Read<T> {
    Err(format!(": {why}"))
}

fn checked_name(name: &str) -> Read<()> {
    match name.len() {
        0 => wrong("a name must not be empty"),
        1..=NAME_BYTES => Ok(()),
        _ => wrong("a name has at most 64 KB"),
    }
}

fn value_of(json: &Json, format: Format, level: usize) -> Read<AttributeValue> {
    match format {
        Format::Json => plain(json, level),
        Format::DynamoDbJson => typed(json, level),
    }
}

fn plain(json: &Json, level: usize) -> Read<AttributeValue> {
    Ok(match json {
        Json::Null => AttributeValue::Null(true),
        Json::Bool(bool) => AttributeValue::Bool(*bool),
        Json::Number(text) => AttributeValue::N(number(text)?),
        Json::Text(text) => AttributeValue::S(text.clone()),
        Json::List(list) => AttributeValue::L(elements(list, Format::Json, level)?),
        Json::Map(map) => AttributeValue::M(members(map, Format::Json, level)?),
    })
}

const TYPES: &str = "S, N, B, BOOL, NULL, L, M, SS, NS or BS";

fn typed(json: &Json, level: usize) -> Read<AttributeValue> {
    let one = match json {
        Json::Map(map) if map.len() == 1 => map.first_key_value(),
        _ => None,
    };
    let Some((tag, value)) = one else {
        return wrong(&format!("DynamoDB JSON has an object with one type here ({TYPES})"));
    };
    let nested = Format::DynamoDbJson;
    Ok(match (tag.as_str(), value) {
        ("S", Json::Text(text)) => AttributeValue::S(text.clone()),
        ("N", Json::Text(text)) => AttributeValue::N(number(text)?),
        ("N", Json::Number(_)) => return wrong("DynamoDB JSON has numbers in quotes: {\"N\": \"1\"}"),
        ("B", Json::Text(text)) => AttributeValue::B(binary(text)?),
        ("BOOL", Json::Bool(bool)) => AttributeValue::Bool(*bool),
        ("NULL", Json::Bool(true)) => AttributeValue::Null(true),
        ("L", Json::List(list)) => AttributeValue::L(elements(list, nested, level)?),
        ("M", Json::Map(map)) => AttributeValue::M(members(map, nested, level)?),
        ("SS", Json::List(list)) => AttributeValue::Ss(set(list, |text| Ok((text.clone(), text)))?),
        ("NS", Json::List(list)) => {
            AttributeValue::Ns(set(list, |text| Ok((Number::read(&text).map_err(said)?.to_string(), text)))?)
        }
        ("BS", Json::List(list)) => {
            let blobs = set(list, |text| binary(&text).map(|blob| (base64::encode(&blob), blob)))?;
            AttributeValue::Bs(blobs)
        }
        ("S" | "N" | "B" | "BOOL" | "NULL" | "L" | "M" | "SS" | "NS" | "BS", _) => {
            return wrong(&format!("the value does not fit type {tag}"));
        }
        _ => return wrong(&format!("{} is not a type of DynamoDB ({TYPES})", shown(tag))),
    })
}

fn said(why: &'static str) -> String {
    format!(": {why}")
}

fn number(text: &str) -> Read<String> {
    Number::read(text).map_err(said)?;
    Ok(text.into())
}

fn binary(text: &str) -> Read<Blob> {
    base64::decode(text).map(Blob::new).or_else(|_| wrong("binary must be base64"))
}

fn deeper(level: usize) -> Read<usize> {
    if level < LEVELS { Ok(level + 1) } else { wrong("more than 32 levels of lists and maps") }
}

fn elements(list: &[Json], format: Format, level: usize) -> Read<Vec<AttributeValue>> {
    let level = deeper(level)?;
    let element = |(at, json)| value_of(json, format, level).map_err(|why| format!("[{at}]{why}"));
    list.iter().enumerate().map(element).collect()
}

fn members(map: &BTreeMap<String, Json>, format: Format, level: usize) -> Read<HashMap<String, AttributeValue>> {
    let level = deeper(level)?;
    let member = |(name, json): (&String, &Json)| {
        let within = |why| format!(".{}{why}", shown(name));
        checked_name(name).map_err(within)?;
        value_of(json, format, level).map(|value| (name.clone(), value)).map_err(within)
    };
    map.iter().map(member).collect()
}

/// The members of a set in the order of what they are compared by.
fn set<T>(list: &[Json], member: impl Fn(String) -> Read<(String, T)>) -> Read<Vec<T>> {
    let mut all = BTreeMap::new();
    for json in list {
        let Json::Text(text) = json else { return wrong("a set has texts in quotes") };
        let (key, value) = member(text.clone())?;
        if all.insert(key, value).is_some() {
            return wrong("a set must not have the same member twice");
        }
    }
    if all.is_empty() { wrong("a set must not be empty") } else { Ok(all.into_values().collect()) }
}

/// Bytes as DynamoDB counts them.
fn size_of(value: &AttributeValue) -> usize {
    let number = |text: &String| text.len().div_ceil(2) + 1;
    match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(text) => number(text),
        AttributeValue::B(blob) => blob.as_ref().len(),
        AttributeValue::L(list) => 3 + list.iter().map(|value| 1 + size_of(value)).sum::<usize>(),
        AttributeValue::M(map) => 3 + map.iter().map(|(name, value)| 1 + name.len() + size_of(value)).sum::<usize>(),
        AttributeValue::Ss(set) => set.iter().map(String::len).sum(),
        AttributeValue::Ns(set) => set.iter().map(number).sum(),
        AttributeValue::Bs(set) => set.iter().map(|blob| blob.as_ref().len()).sum(),
        _ => 1,
    }
}

fn written(value: &AttributeValue) -> Value {
    typed_as(value, &|text| text.to_string())
}

/// The same with every number in one form, to compare by.
fn compared(value: &AttributeValue) -> Value {
    typed_as(value, &|text| Number::read(text).map_or_else(|_| text.to_string(), |number| number.to_string()))
}

fn typed_as(value: &AttributeValue, number: &dyn Fn(&str) -> String) -> Value {
    let numbers = |set: &[String]| set.iter().map(|text| number(text)).collect::<BTreeSet<_>>();
    match value {
        AttributeValue::S(text) => json!({ "S": text }),
        AttributeValue::N(text) => json!({ "N": number(text) }),
        AttributeValue::B(blob) => json!({ "B": base64::encode(blob) }),
        AttributeValue::Bool(bool) => json!({ "BOOL": bool }),
        AttributeValue::L(list) => {
            json!({ "L": list.iter().map(|value| typed_as(value, number)).collect::<Vec<_>>() })
        }
        AttributeValue::M(map) => {
            let members: Map<_, _> = map.iter().map(|(name, value)| (name.clone(), typed_as(value, number))).collect();
            json!({ "M": members })
        }
        AttributeValue::Ss(set) => json!({ "SS": set.iter().collect::<BTreeSet<_>>() }),
        AttributeValue::Ns(set) => json!({ "NS": numbers(set) }),
        AttributeValue::Bs(set) => json!({ "BS": set.iter().map(base64::encode).collect::<BTreeSet<_>>() }),
        // The SDK has no further type today; a new one would come with a new version of it.
        _ => json!({ "NULL": true }),
    }
}

#[cfg(test)]
mod tests;
