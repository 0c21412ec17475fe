//! As much of CBOR (RFC 8949) as CTAP2 allows: no indefinite lengths, no tags, no floats, no key twice in a map.

/// A value; byte and text strings are parts of what was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Value<'a> {
    Int(i64),
    Bytes(&'a [u8]),
    Text(&'a str),
    List(Vec<Value<'a>>),
    Map(Vec<(Value<'a>, Value<'a>)>),
    /// `false`, `true`, `null`, `undefined`.
    Simple(u8),
}

/// CTAP2 nests four deep.
const DEEPEST: usize = 6;

/// Reads one value, and gives what follows it.
pub(crate) fn read(bytes: &[u8]) -> Option<(Value<'_>, &[u8])> {
    value(bytes, 0)
}

/// Reads a value that nothing follows.
pub(crate) fn read_all(bytes: &[u8]) -> Option<Value<'_>> {
    let (value, rest) = read(bytes)?;
    rest.is_empty().then_some(value)
}

/// The number beside a major type.
fn head(bytes: &[u8]) -> Option<(u8, u64, &[u8])> {
    let (&first, rest) = bytes.split_first()?;
    let wide = match first & 31 {
        small @ 0..24 => return Some((first >> 5, u64::from(small), rest)),
        24 => 1,
        25 => 2,
        26 => 4,
        27 => 8,
        _ => return None,
    };
    let (digits, rest) = rest.split_at_checked(wide)?;
    let number = digits.iter().fold(0, |n, digit| n << 8 | u64::from(*digit));
    Some((first >> 5, number, rest))
}

fn value(bytes: &[u8], depth: usize) -> Option<(Value<'_>, &[u8])> {
    if depth > DEEPEST {
        return None;
    }
    let (major, number, mut rest) = head(bytes)?;
    let value = match major {
        0 => Value::Int(i64::try_from(number).ok()?),
        1 => Value::Int(-1 - i64::try_from(number).ok()?),
        2 | 3 => {
            let (inside, after) = rest.split_at_checked(usize::try_from(number).ok()?)?;
            rest = after;
            if major == 2 {
                Value::Bytes(inside)
            } else {
                Value::Text(str::from_utf8(inside).ok()?)
            }
        }
        4 => {
            // Each value takes a byte at least, so a length that lies ends soon.
            let mut list = Vec::new();
            for _ in 0..number {
                let (item, after) = self::value(rest, depth + 1)?;
                rest = after;
                list.push(item);
            }
            Value::List(list)
        }
        5 => {
            let mut map: Vec<(Value<'_>, Value<'_>)> = Vec::new();
            for _ in 0..number {
                let (key, after) = self::value(rest, depth + 1)?;
                let (item, after) = self::value(after, depth + 1)?;
                rest = after;
                if map.len() > 64 || map.iter().any(|(known, _)| *known == key) {
                    return None;
                }
                map.push((key, item));
            }
            Value::Map(map)
        }
        7 if (20..24).contains(&number) => Value::Simple(number as u8),
        _ => return None,
    };
    Some((value, rest))
}

impl<'a> Value<'a> {
    /// What a map has under a name.
    pub(crate) fn named(&self, name: &str) -> Option<&Value<'a>> {
        self.find(|key| matches!(key, Value::Text(text) if *text == name))
    }

    /// What a map has under a number.
    pub(crate) fn numbered(&self, number: i64) -> Option<&Value<'a>> {
        self.find(|key| *key == Value::Int(number))
    }

    fn find(&self, is: impl Fn(&Value<'_>) -> bool) -> Option<&Value<'a>> {
        let Value::Map(map) = self else { return None };
        map.iter().find(|(key, _)| is(key)).map(|(_, value)| value)
    }

    pub(crate) fn bytes(&self) -> Option<&'a [u8]> {
        match self {
            Value::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    pub(crate) fn text(&self) -> Option<&'a str> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn int(&self) -> Option<i64> {
        match self {
            Value::Int(number) => Some(*number),
            _ => None,
        }
    }

    pub(crate) fn list(&self) -> Option<&[Value<'a>]> {
        match self {
            Value::List(list) => Some(list),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_read_and_what_is_cut_or_no_ctap2_is_not() {
        let map = [0xa2, 0x01, 0x26, 0x61, b'x', 0x82, 0x41, 7, 0xf5];
        let value = read_all(&map).unwrap();
        assert_eq!(value.numbered(1).and_then(Value::int), Some(-7));
        let list = value.named("x").and_then(Value::list).unwrap();
        assert_eq!(list, [Value::Bytes(&[7]), Value::Simple(21)]);
        for end in 0..map.len() {
            assert_eq!(read_all(&map[..end]), None);
        }
        let twice = [0xa2, 1, 1, 1, 2];
        let (indefinite, tagged, half) = ([0xbf, 0xff], [0xc0, 0x01], [0xf9, 0x3c, 0x00]);
        let huge = [0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
        let deep = [0x81; 200];
        for bad in [
            &twice[..],
            &indefinite,
            &tagged,
            &half,
            &huge,
            &deep,
            &[0x61, 0xff],
            &[0x1b, 0xff, 0, 0, 0, 0, 0, 0, 0],
        ] {
            assert_eq!(read(bad), None, "{bad:x?}");
        }
    }
}
