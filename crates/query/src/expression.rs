//! What a query means: a tree of tests on fields, with every time and wildcard resolved.

use std::net::IpAddr;
use std::ops::Bound;

use jiff::Timestamp;

use crate::{field::FieldReference, pattern::Pattern, weekly::Weekly};

/// A condition on a document.
#[derive(Clone, Debug, PartialEq)]
pub enum Expression {
    /// Every document.
    Everything,
    /// None.
    Nothing,
    /// All of these.
    And(Vec<Expression>),
    /// At least one of these.
    Or(Vec<Expression>),
    /// The opposite.
    Not(Box<Expression>),
    /// At least one value of the field passes the test.
    Field(FieldReference, Test),
}

/// A test on the values of a field.
#[derive(Clone, Debug, PartialEq)]
pub enum Test {
    /// There is a value.
    Exists,
    /// A value is this one; texts without regard to case.
    Is(Value),
    /// A text fits the pattern; of a text field, a word of it.
    Like(Pattern),
    /// A value lies within bounds; texts by their bytes.
    Within(Bounds),
    /// An address lies in the network.
    In(Network),
    /// A time lies within hours of the week.
    Weekly(Weekly),
    /// A sentence holds all these words.
    Words(String),
    /// A sentence holds these words, one after the other.
    Phrase(String),
}

/// A lower and an upper bound of the same kind as the field.
#[derive(Clone, Debug, PartialEq)]
pub struct Bounds {
    /// From here.
    pub lower: Bound<Value>,
    /// Up to here.
    pub upper: Bound<Value>,
}

/// A value of a field.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A number.
    Number(f64),
    /// A truth.
    Boolean(bool),
    /// A point in time.
    Time(Timestamp),
    /// An address; one of the old kind is never written as one of the new.
    Address(IpAddr),
}

impl Value {
    /// How two values of one kind stand to each other; texts by their bytes, addresses of the old kind where they are mapped.
    pub fn order(&self, other: &Self) -> Option<std::cmp::Ordering> {
        let wide = |address: &IpAddr| match address {
            IpAddr::V4(old) => old.to_ipv6_mapped().to_bits(),
            IpAddr::V6(new) => new.to_bits(),
        };
        match (self, other) {
            (Self::Text(one), Self::Text(other)) => Some(one.as_bytes().cmp(other.as_bytes())),
            (Self::Integer(one), Self::Integer(other)) => Some(one.cmp(other)),
            (Self::Number(one), Self::Number(other)) => one.partial_cmp(other),
            (Self::Boolean(one), Self::Boolean(other)) => Some(one.cmp(other)),
            (Self::Time(one), Self::Time(other)) => Some(one.cmp(other)),
            (Self::Address(one), Self::Address(other)) => Some(wide(one).cmp(&wide(other))),
            _ => None,
        }
    }
}

/// A network of addresses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    /// The first address.
    pub first: IpAddr,
    /// How many leading bits are fixed.
    pub prefix_bits: u8,
}

impl Network {
    /// Reads `10.0.0.0/8` or `2001:db8::/32`; bits behind the prefix are cleared.
    pub fn parse(text: &str) -> Option<Self> {
        let (address, bits) = text.split_once('/')?;
        let address: IpAddr = address.parse().ok()?;
        let width: u8 = if address.is_ipv4() { 32 } else { 128 };
        let prefix_bits: u8 = bits.parse().ok().filter(|bits| *bits <= width)?;
        let first = match address {
            IpAddr::V4(old) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(prefix_bits)).unwrap_or(0);
                IpAddr::V4((old.to_bits() & mask).into())
            }
            IpAddr::V6(new) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(prefix_bits)).unwrap_or(0);
                IpAddr::V6((new.to_bits() & mask).into())
            }
        };
        Some(Self { first, prefix_bits })
    }

    /// The last address.
    pub fn last(&self) -> IpAddr {
        match self.first {
            IpAddr::V4(old) => {
                let rest = u32::MAX.checked_shr(u32::from(self.prefix_bits)).unwrap_or(0);
                IpAddr::V4((old.to_bits() | rest).into())
            }
            IpAddr::V6(new) => {
                let rest = u128::MAX.checked_shr(u32::from(self.prefix_bits)).unwrap_or(0);
                IpAddr::V6((new.to_bits() | rest).into())
            }
        }
    }

    /// Whether the address lies in it.
    pub fn contains(&self, address: IpAddr) -> bool {
        address.is_ipv4() == self.first.is_ipv4() && address >= self.first && address <= self.last()
    }
}

impl std::fmt::Display for Network {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{}/{}", self.first, self.prefix_bits)
    }
}

impl Expression {
    /// All of these; the trivial ones vanish.
    pub fn and(parts: impl IntoIterator<Item = Expression>) -> Self {
        let mut all = Vec::new();
        for part in parts {
            match part {
                Self::Everything => {}
                Self::Nothing => return Self::Nothing,
                Self::And(inner) => all.extend(inner),
                other => all.push(other),
            }
        }
        match all.len() {
            0 => Self::Everything,
            1 => all.remove(0),
            _ => Self::And(all),
        }
    }

    /// At least one of these; the trivial ones vanish.
    pub fn or(parts: impl IntoIterator<Item = Expression>) -> Self {
        let mut any = Vec::new();
        for part in parts {
            match part {
                Self::Nothing => {}
                Self::Everything => return Self::Everything,
                Self::Or(inner) => any.extend(inner),
                other => any.push(other),
            }
        }
        match any.len() {
            0 => Self::Nothing,
            1 => any.remove(0),
            _ => Self::Or(any),
        }
    }

    /// The opposite.
    #[must_use]
    #[allow(clippy::should_implement_trait, reason = "named like its siblings `and` and `or`")]
    pub fn not(self) -> Self {
        match self {
            Self::Everything => Self::Nothing,
            Self::Nothing => Self::Everything,
            Self::Not(inner) => *inner,
            other => Self::Not(Box::new(other)),
        }
    }

    /// Documents with a time in `[from, to)`.
    pub fn between(field: FieldReference, from: Option<Timestamp>, to: Option<Timestamp>) -> Self {
        if from.is_none() && to.is_none() {
            return Self::Everything;
        }
        let lower = from.map_or(Bound::Unbounded, |from| Bound::Included(Value::Time(from)));
        let upper = to.map_or(Bound::Unbounded, |to| Bound::Excluded(Value::Time(to)));
        Self::Field(field, Test::Within(Bounds { lower, upper }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_hold_their_addresses() {
        for (network, address, inside) in [
            ("10.0.0.0/8", "10.255.255.255", true),
            ("10.0.0.0/8", "11.0.0.0", false),
            ("10.9.9.9/8", "10.0.0.0", true),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "::1", false),
            ("192.0.2.7/32", "192.0.2.7", true),
            ("192.0.2.7/32", "192.0.2.8", false),
            ("2001:db8::/32", "2001:db8:ffff::1", true),
            ("::/0", "2001:db8::", true),
        ] {
            let parsed = Network::parse(network).expect(network);
            assert_eq!(parsed.contains(address.parse().unwrap()), inside, "{network} {address}");
        }
        for wrong in ["10.0.0.0", "10.0.0.0/33", "x/8", "::/129", "10.0.0.0/-1"] {
            assert_eq!(Network::parse(wrong), None, "{wrong}");
        }
    }
}
