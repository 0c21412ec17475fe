//! JSON objects in which no member comes twice.

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// Reads a JSON object and refuses one in which, at any depth, a member comes twice
/// (RFC 7515 §4 and RFC 7519 §4 allow that): two readers would see two tokens.
pub(crate) fn object(json: &[u8]) -> Option<Map<String, Value>> {
    match read(json) {
        Ok(Value::Object(object)) => Some(object),
        _ => None,
    }
}

/// Reads one JSON value as strictly: no member comes twice at any depth, and nothing follows it.
///
/// # Errors
///
/// What is wrong, with line and column.
///
/// ```
/// use vestibule_jose::strict_json::read;
/// assert!(read(br#"{"a":[1]}"#).is_ok());
/// assert_eq!(read(br#"{"a":1,"a":2}"#).unwrap_err().to_string(), "the member \"a\" comes twice at line 1 column 13");
/// ```
pub fn read(json: &[u8]) -> Result<Value, serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_slice(json);
    let value = Strict.deserialize(&mut deserializer)?;
    deserializer.end()?;
    Ok(value)
}

struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON without repeated members")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("not a number"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = seq.next_element_seed(Strict)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut object = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            let value = map.next_value_seed(Strict)?;
            if let Some((name, _)) = object.remove_entry(&name) {
                return Err(de::Error::custom(format!("the member {name:?} comes twice")));
            }
            object.insert(name, value);
        }
        Ok(Value::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::object;

    #[test]
    fn a_repeated_member_is_refused_at_any_depth() {
        assert!(object(br#"{"aud":"a","iss":[1,-2,1.5,true,null,"x",{}]}"#).is_some());
        assert!(object(br#"{"aud":"a","aud":"b"}"#).is_none());
        assert!(object(br#"{"a":[{"b":1,"b":1}]}"#).is_none());
        assert!(object(br#"{"aud":"a","\u0061ud":"b"}"#).is_none());
    }

    #[test]
    fn only_one_whole_object_is_read() {
        for json in ["", "[]", "1", "null", "{}x", "{} {}", r#"{"exp":1e400}"#, "{'a':1}"] {
            assert!(object(json.as_bytes()).is_none(), "{json}");
        }
        let deep = format!("{}{}", r#"{"a":"#.repeat(5000), "}".repeat(5000));
        assert!(object(deep.as_bytes()).is_none());
    }
}
