//! What a written value means for a field of a kind.

use std::{net::IpAddr, ops::Bound};

use crate::{
    error::Error,
    expression::{Bounds, Expression, Network, Test, Value},
    field::{FieldKind, FieldReference},
    time::{self, Stretch},
    weekly::Weekly,
};

use super::{Context, scanner::Word};

/// How a value stands to a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Is,
    Below,
    AtMost,
    Above,
    AtLeast,
}

/// `field:word`.
pub(super) fn is(field: &FieldReference, word: &Word, context: &Context<'_>) -> Result<Expression, Error> {
    let test = |test| Ok(Expression::Field(field.clone(), test));
    if !word.quoted && word.pattern.is_anything() {
        return test(Test::Exists);
    }
    let wild =
        if word.quoted { None } else { Some(&word.pattern).filter(|pattern| pattern.literal().is_none()) };
    match (field.kind, wild) {
        (FieldKind::Keyword | FieldKind::Flattened | FieldKind::Text, Some(pattern)) => {
            test(Test::Like(pattern.clone()))
        }
        (FieldKind::Address, Some(_)) => match octets(&word.text) {
            Some(network) => test(Test::In(network)),
            None => Err(Error::syntax(format!(
                "{} holds addresses, which {:?} does not fit",
                field.name, word.text
            ))
            .with_hint("write a network, such as 10.0.0.0/8")),
        },
        (FieldKind::Date | FieldKind::Long | FieldKind::Double | FieldKind::Boolean, Some(_)) => {
            Err(Error::syntax(format!("{} is a {}: wildcards do not apply", field.name, field.kind.name()))
                .with_hint(format!("write a range, such as {}:[a TO b]", field.name)))
        }
        (FieldKind::Text, None) if word.quoted => test(Test::Phrase(word.text.clone())),
        (FieldKind::Text, None) => test(Test::Words(word.text.clone())),
        (FieldKind::Date, None) => compare(field, Comparison::Is, &word.text, context),
        (FieldKind::Address, None) if word.text.contains('/') => match Network::parse(&word.text) {
            Some(network) => test(Test::In(network)),
            None => Err(Error::syntax(format!("{:?} is not a network", word.text))
                .with_hint("write 10.0.0.0/8 or 2001:db8::/32")),
        },
        _ => test(Test::Is(single(field, &word.text)?)),
    }
}

/// `field < word` and its like.
pub(crate) fn compare(
    field: &FieldReference,
    comparison: Comparison,
    text: &str,
    context: &Context<'_>,
) -> Result<Expression, Error> {
    if field.kind == FieldKind::Text {
        return Err(Error::syntax(format!("{} is text, which has no order", field.name)));
    }
    // A time stands for a stretch, every other value for itself: its end is only then another instant.
    let (lower, upper) = if field.kind == FieldKind::Date {
        if let Some(weekly) = Weekly::parse(text, &context.zone) {
            let weekly = weekly?;
            if comparison != Comparison::Is {
                let wrong = format!("{text:?} comes every week: nothing is before or after it");
                return Err(Error::syntax(wrong).with_hint(format!("write {}:\"{text}\"", field.name)));
            }
            return Ok(Expression::Field(field.clone(), Test::Weekly(weekly)));
        }
        let Stretch { start, end } = time::parse(text, context.now, &context.zone)?;
        let (start, end) = (Value::Time(start), Value::Time(end));
        match comparison {
            Comparison::Is => (Bound::Included(start), Bound::Excluded(end)),
            Comparison::Below => (Bound::Unbounded, Bound::Excluded(start)),
            Comparison::AtMost => (Bound::Unbounded, Bound::Excluded(end)),
            Comparison::Above => (Bound::Included(end), Bound::Unbounded),
            Comparison::AtLeast => (Bound::Included(start), Bound::Unbounded),
        }
    } else {
        let value = single(field, text)?;
        match comparison {
            Comparison::Is => return Ok(Expression::Field(field.clone(), Test::Is(value))),
            Comparison::Below => (Bound::Unbounded, Bound::Excluded(value)),
            Comparison::AtMost => (Bound::Unbounded, Bound::Included(value)),
            Comparison::Above => (Bound::Excluded(value), Bound::Unbounded),
            Comparison::AtLeast => (Bound::Included(value), Bound::Unbounded),
        }
    };
    Ok(Expression::Field(field.clone(), Test::Within(Bounds { lower, upper })))
}

/// Two halves of a range as one: a field of several values must have one within both bounds.
pub(crate) fn meet(parts: Vec<Expression>) -> Result<Expression, Error> {
    let unbounded = || Bounds { lower: Bound::Unbounded, upper: Bound::Unbounded };
    let mut whole: Option<(FieldReference, Bounds)> = None;
    for part in parts {
        let Expression::Field(field, Test::Within(bounds)) = part else {
            return Err(Error::syntax("a range needs bounds that can be compared"));
        };
        let (_, found) = whole.get_or_insert_with(|| (field, unbounded()));
        if bounds.lower != Bound::Unbounded {
            found.lower = bounds.lower;
        }
        if bounds.upper != Bound::Unbounded {
            found.upper = bounds.upper;
        }
    }
    whole
        .map(|(field, bounds)| Expression::Field(field, Test::Within(bounds)))
        .ok_or_else(|| Error::syntax("a range needs a bound"))
}

/// One value of the field's kind.
pub(crate) fn single(field: &FieldReference, text: &str) -> Result<Value, Error> {
    let wrong =
        |expected: &str| Error::syntax(format!("{} holds {expected}, and {text:?} is none", field.name));
    Ok(match field.kind {
        FieldKind::Keyword | FieldKind::Flattened | FieldKind::Text => Value::Text(text.to_owned()),
        FieldKind::Long => Value::Integer(text.parse().map_err(|_| wrong("whole numbers"))?),
        FieldKind::Double => {
            let number: f64 = text.parse().map_err(|_| wrong("numbers"))?;
            Value::Number(Some(number).filter(|number| number.is_finite()).ok_or_else(|| wrong("numbers"))?)
        }
        FieldKind::Boolean => match text.to_ascii_lowercase().as_str() {
            "true" => Value::Boolean(true),
            "false" => Value::Boolean(false),
            _ => return Err(wrong("true or false")),
        },
        FieldKind::Address => {
            let address: IpAddr = text.parse().map_err(|_| wrong("addresses"))?;
            Value::Address(address.to_canonical())
        }
        FieldKind::Date => return Err(Error::syntax(format!("{} holds times", field.name))),
    })
}

/// The network of `10.0.*`, `10.*` or `10.0.0.*`.
fn octets(text: &str) -> Option<Network> {
    let written = text.strip_suffix(".*")?;
    let octets: Vec<u8> = written.split('.').map(str::parse).collect::<Result<_, _>>().ok()?;
    let bits = octets.len() * 8;
    let rest = ".0".repeat(4_usize.checked_sub(octets.len())?);
    Network::parse(&format!("{written}{rest}/{bits}"))
}
