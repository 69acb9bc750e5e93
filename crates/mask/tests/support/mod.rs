//! What the tests of masks share: the types, every method, and a reader of binary values that owes nothing to the crate.

#![allow(clippy::unwrap_used, dead_code)]

use mask::{Format, Key, Masked, Method};

pub const TYPES: [(&str, u32); 23] = [
    ("text", 25),
    ("varchar", 1043),
    ("bpchar", 1042),
    ("name", 19),
    ("unknown", 705),
    ("int2", 21),
    ("int4", 23),
    ("int8", 20),
    ("numeric", 1700),
    ("float4", 700),
    ("float8", 701),
    ("bool", 16),
    ("date", 1082),
    ("time", 1083),
    ("timestamp", 1114),
    ("timestamptz", 1184),
    ("uuid", 2950),
    ("json", 114),
    ("jsonb", 3802),
    ("bytea", 17),
    ("inet", 869),
    ("cidr", 650),
    ("int4[]", 1007),
];

pub fn oid(name: &str) -> u32 {
    TYPES
        .iter()
        .find(|(n, _)| *n == name)
        .unwrap_or_else(|| panic!("no such type: {name}"))
        .1
}

/// Every method, constants of several types among them.
pub fn methods() -> Vec<Method> {
    let mut methods: Vec<Method> = [
        "redact", "null", "email", "last4", "first1", "hash", "year", "bucket",
    ]
    .into_iter()
    .map(|word| Method::parse(word, None).unwrap())
    .collect();
    methods.extend(
        ["7", "1000", "18446744073709551615"].map(|w| Method::parse("bucket", Some(w)).unwrap()),
    );
    let constants = [
        "hidden \"x\"\n",
        "",
        "-1",
        "12.50",
        "true",
        "2001-02-03",
        "2001-02-03 04:05:06.7",
        "10:11:12",
        "10.0.0.1",
        "2001:db8::1",
        "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
    ];
    methods.extend(constants.map(|c| Method::parse("constant", Some(c)).unwrap()));
    methods
}

pub fn key() -> Key {
    Key::new([7; 32])
}

/// None: NULL.
pub fn masked(method: &Method, type_oid: u32, format: Format, value: &[u8]) -> Option<Vec<u8>> {
    let mut out = b"before".to_vec();
    let masked = mask::mask(method, &key(), type_oid, format, value, &mut out);
    assert!(out.starts_with(b"before"), "what was there is touched");
    let appended = out.split_off(6);
    match masked {
        Masked::Value => Some(appended),
        Masked::Null => {
            assert!(appended.is_empty(), "NULL leaves something behind");
            None
        }
    }
}

/// A binary value in text format, in the session's settings: ISO dates, UTC. None where it is not a value of the type.
pub fn printed(type_oid: u32, value: &[u8]) -> Option<String> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).ok();
    Some(match type_oid {
        25 | 1043 | 1042 | 19 | 705 | 114 => text(value)?,
        3802 => text(value.strip_prefix(&[1])?)?,
        17 => format!("\\x{}", hex::encode(value)),
        21 => i16::from_be_bytes(value.try_into().ok()?).to_string(),
        23 => i32::from_be_bytes(value.try_into().ok()?).to_string(),
        20 => i64::from_be_bytes(value.try_into().ok()?).to_string(),
        700 => f32::from_be_bytes(value.try_into().ok()?).to_string(),
        701 => f64::from_be_bytes(value.try_into().ok()?).to_string(),
        16 => match value {
            [0] => "f".to_owned(),
            [1] => "t".to_owned(),
            _ => return None,
        },
        1082 => day(i32::from_be_bytes(value.try_into().ok()?).into()),
        1083 => clock(i64::from_be_bytes(value.try_into().ok()?)),
        1114 | 1184 => {
            let micros = i64::from_be_bytes(value.try_into().ok()?);
            let zone = if type_oid == 1184 { "+00" } else { "" };
            let (days, rest) = (
                micros.div_euclid(86_400_000_000),
                micros.rem_euclid(86_400_000_000),
            );
            format!("{} {}{zone}", day(days), clock(rest))
        }
        2950 => {
            let hex = hex::encode(<[u8; 16]>::try_from(value).ok()?);
            format!(
                "{}-{}-{}-{}-{}",
                &hex[..8],
                &hex[8..12],
                &hex[12..16],
                &hex[16..20],
                &hex[20..]
            )
        }
        869 | 650 => address(value)?,
        1700 => numeric(value)?,
        _ => panic!("no reader for {type_oid}"),
    })
}

/// Day by day: slow, and hard to get wrong.
fn day(since_2000: i64) -> String {
    let leap = |y: i64| (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
    let (mut year, mut left) = (2000, since_2000);
    while left < 0 {
        year -= 1;
        left += if leap(year) { 366 } else { 365 };
    }
    while left >= if leap(year) { 366 } else { 365 } {
        left -= if leap(year) { 366 } else { 365 };
        year += 1;
    }
    let february = if leap(year) { 29 } else { 28 };
    let mut month = 0;
    let months = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    while left >= months[month] {
        left -= months[month];
        month += 1;
    }
    format!("{year:04}-{:02}-{:02}", month + 1, left + 1)
}

fn clock(micros: i64) -> String {
    let s = micros / 1_000_000;
    let fraction = match micros % 1_000_000 {
        0 => String::new(),
        f => format!(".{f:06}"),
    };
    format!("{:02}:{:02}:{:02}{fraction}", s / 3600, s / 60 % 60, s % 60)
}

fn address(value: &[u8]) -> Option<String> {
    let (head, bytes) = value.split_at_checked(4)?;
    let (address, bits): (std::net::IpAddr, u8) = match (head[0], bytes.len()) {
        (2, 4) => (<[u8; 4]>::try_from(bytes).ok()?.into(), 32),
        (3, 16) => (<[u8; 16]>::try_from(bytes).ok()?.into(), 128),
        _ => return None,
    };
    if usize::from(head[3]) != bytes.len() || head[1] > bits {
        return None;
    }
    Some(if head[1] == bits && head[2] == 0 {
        address.to_string()
    } else {
        format!("{address}/{}", head[1])
    })
}

/// Schoolbook: digits times ten thousand to the power of their place, as a string.
fn numeric(value: &[u8]) -> Option<String> {
    let words: Vec<u16> = value
        .chunks(2)
        .map(|w| w.try_into().map(u16::from_be_bytes))
        .collect::<Result<_, _>>()
        .ok()?;
    let [count, weight, sign, scale, digits @ ..] = words.as_slice() else {
        return None;
    };
    if usize::from(*count) != digits.len()
        || digits.iter().any(|&d| d > 9999)
        || !matches!(sign, 0 | 0x4000)
    {
        return None;
    }
    let weight = i32::from(weight.cast_signed());
    let digit = |place: i32| {
        let at = usize::try_from(weight - place).ok();
        format!("{:04}", at.and_then(|at| digits.get(at)).unwrap_or(&0))
    };
    let whole: String = (0..=weight.max(0)).rev().map(digit).collect();
    let whole = whole.trim_start_matches('0');
    let scale = usize::from(*scale);
    let fraction: String = (1..=i32::try_from(scale.div_ceil(4)).ok()?)
        .map(|place| digit(-place))
        .collect();
    let sign = if *sign == 0 { "" } else { "-" };
    let whole = if whole.is_empty() { "0" } else { whole };
    Some(if scale == 0 {
        format!("{sign}{whole}")
    } else {
        format!("{sign}{whole}.{}", &fraction[..scale])
    })
}
