use super::*;
use crate::{Field, dsl};

pub(crate) fn fields() -> Fields {
    use FieldKind::{Address, Boolean, Date, Double, Flattened, Keyword, Long, Text};
    Fields::new(
        [
            ("@timestamp", Date),
            ("event.action", Keyword),
            ("event.id", Keyword),
            ("event.severity", Long),
            ("user.email", Keyword),
            ("user.name", Keyword),
            ("source.ip", Address),
            ("message", Text),
            ("anthropic.audit.cost", Double),
            ("anthropic.audit.internal", Boolean),
            ("anthropic.audit.metadata", Flattened),
        ]
        .map(|(name, kind)| Field::new(name, kind)),
    )
}

fn read(text: &str) -> Result<Expression, Error> {
    parse(text, &Context::new(&fields(), "2026-11-25T12:00:00Z".parse().unwrap()))
}

/// A short form of an expression, for tables.
fn short(expression: &Expression) -> String {
    let list = |parts: &[Expression], between: &str| {
        format!("({})", parts.iter().map(short).collect::<Vec<_>>().join(between))
    };
    match expression {
        Expression::Everything => "all".into(),
        Expression::Nothing => "none".into(),
        Expression::And(parts) => list(parts, " & "),
        Expression::Or(parts) => list(parts, " | "),
        Expression::Not(inner) => format!("!{}", short(inner)),
        field @ Expression::Field(..) => dsl::write(field).to_string(),
    }
}

#[test]
fn both_dialects_read_alike() {
    for (one, other) in [
        ("event.action:a and user.email:b", "event.action:a AND user.email:b"),
        ("event.action:a and user.email:b", "event.action:a user.email:b"),
        ("event.action:a and user.email:b", "event.action:a && user.email:b"),
        ("event.action:a and user.email:b", "+event.action:a +user.email:b"),
        ("event.action:a or user.email:b", "event.action:a || user.email:b"),
        ("not event.action:a", "NOT event.action:a"),
        ("not event.action:a", "-event.action:a"),
        ("not event.action:a", "!event.action:a"),
        ("event.action:(a or b)", "event.action:a or event.action:b"),
        ("event.action:(a b)", "event.action:a or event.action:b"),
        ("event.action:(a and not b)", "event.action:a and not event.action:b"),
        ("event.action:*", "_exists_:event.action"),
        ("event.action:\"a\"", "event.action:a"),
        ("event.severity >= 5", "event.severity:>=5"),
        ("event.severity >= 5", "event.severity:[5 TO *]"),
        ("event.severity < 5", "event.severity:{* TO 5}"),
        ("event:{ action:a and severity > 5 }", "event.action:a and event.severity > 5"),
        ("source.ip:10.*", "source.ip:10.0.0.0/8"),
        ("@timestamp:2026-11-23", "@timestamp:[2026-11-23 TO 2026-11-23]"),
        ("@timestamp >= now-7d/d", "@timestamp >= 2026-11-18"),
        ("@timestamp:Mon-Tue", "@timestamp:\"Mon-Tue\""),
        ("a or b and c", "a or (b and c)"),
        ("user.email:a\\ b", "user.email:\"a b\""),
        ("", "*"),
        ("  ", "()*".trim_matches(['(', ')'])),
    ] {
        assert_eq!(read(one).expect(one), read(other).expect(other), "{one} and {other}");
    }
}

#[test]
fn values_mean_what_their_field_holds() {
    for (text, meaning) in [
        (
            "user.email:Ana@Example.com",
            r#"{"term":{"user.email":{"case_insensitive":true,"value":"Ana@Example.com"}}}"#,
        ),
        (
            "user.email:*@example.com",
            r#"{"wildcard":{"user.email":{"case_insensitive":true,"value":"*@example.com"}}}"#,
        ),
        ("user.email:\"*\"", r#"{"term":{"user.email":{"case_insensitive":true,"value":"*"}}}"#),
        ("event.severity:21", r#"{"term":{"event.severity":21}}"#),
        ("event.severity:-1", r#"{"term":{"event.severity":-1}}"#),
        ("anthropic.audit.cost > 1.5", r#"{"range":{"anthropic.audit.cost":{"gt":1.5}}}"#),
        ("anthropic.audit.internal:TRUE", r#"{"term":{"anthropic.audit.internal":true}}"#),
        ("source.ip:2001:db8::1", r#"{"term":{"source.ip":"2001:db8::1"}}"#),
        ("source.ip:[10.0.0.1 TO 10.0.0.9}", r#"{"range":{"source.ip":{"gte":"10.0.0.1","lt":"10.0.0.9"}}}"#),
        (
            "@timestamp:2026-11-23",
            r#"{"range":{"@timestamp":{"gte":"2026-11-23T00:00:00Z","lt":"2026-11-24T00:00:00Z"}}}"#,
        ),
        ("message:\"signed in\"", r#"{"match_phrase":{"message":"signed in"}}"#),
        ("message:signed", r#"{"match":{"message":{"operator":"and","query":"signed"}}}"#),
        (
            "not (event.severity:1 or event.severity:2)",
            "!({\"term\":{\"event.severity\":1}} | {\"term\":{\"event.severity\":2}})",
        ),
        ("anthropic.audit.metadata.x:y", r#"{"term":{"anthropic.audit.metadata.x":"y"}}"#),
        ("event.s*:3", r#"{"term":{"event.severity":3}}"#),
    ] {
        assert_eq!(short(&read(text).expect(text)), meaning, "{text}");
    }
}

#[test]
fn errors_point_and_suggest() {
    for (text, column, message, step) in [
        ("event.acton:x", 1, "there is no field \"event.acton\"", "did you mean event.action?"),
        ("message:a and email:x", 15, "there is no field \"email\"", "did you mean user.email?"),
        ("(event.action:a", 16, "a parenthesis is not closed", ""),
        ("event.action:a)", 15, "this parenthesis closes none", ""),
        ("event.action:\"a", 14, "a quotation mark is not closed", ""),
        ("event.action:", 14, "a value is missing", ""),
        ("event.action:a and", 19, "the query ends where a condition is expected", ""),
        ("event.severity:high", 16, "event.severity holds whole numbers, and \"high\" is none", ""),
        (
            "event.severity:4*",
            16,
            "event.severity is a long: wildcards do not apply",
            "write a range, such as event.severity:[a TO b]",
        ),
        (
            "source.ip:10.0.0.0/99",
            11,
            "\"10.0.0.0/99\" is not a network",
            "write 10.0.0.0/8 or 2001:db8::/32",
        ),
        (
            "@timestamp >= yesterday",
            15,
            "\"yesterday\" is not a time",
            "write 2026-11-23T08:00:00Z, 2026-11-23, now-24h, now-7d/d or 2026-11-23||+1M/d",
        ),
        (
            "@timestamp > \"Mon 09h\"",
            14,
            "\"Mon 09h\" comes every week: nothing is before or after it",
            "write @timestamp:\"Mon 09h\"",
        ),
        ("event.severity:[1 2]", 19, "TO is expected between the bounds of a range", ""),
        ("event.severity:[1 TO 2", 23, "a range is not closed", ""),
        ("message > a", 11, "message is text, which has no order", ""),
        ("https://example.com", 1, "there is no field \"https\"", "put text that holds a colon in quotes"),
        (
            "event.action:/a.*/",
            14,
            "regular expressions are not part of the language",
            "use * and ?, or quote a text that begins and ends with a slash",
        ),
        (":x", 1, "a field's name is missing before the colon", ""),
    ] {
        let error = read(text).expect_err(text);
        assert_eq!((error.column, error.message.as_str()), (Some(column), message), "{text}");
        assert_eq!(error.next_step().unwrap_or_default(), step, "{text}");
    }
}

#[test]
fn words_alone_are_looked_for_in_the_sentence_and_the_names() {
    let read = short(&read("Ana").unwrap());
    assert_eq!(
        read,
        "({\"match\":{\"message\":{\"operator\":\"and\",\"query\":\"Ana\"}}} | \
         {\"term\":{\"event.action\":{\"case_insensitive\":true,\"value\":\"Ana\"}}} | \
         {\"term\":{\"event.id\":{\"case_insensitive\":true,\"value\":\"Ana\"}}})"
    );
}

#[test]
fn what_is_too_deep_or_too_long_is_refused() {
    for text in ["(".repeat(1000), "not ".repeat(1000), "!".repeat(10_000) + "a", "a ".repeat(10_000)] {
        assert_eq!(read(&text).expect_err("too much").kind, ErrorKind::TooLarge);
    }
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { failure_persistence: None, ..Default::default() })]

    #[test]
    fn no_text_panics(text in ".{0,200}") {
        let _ = read(&text);
    }

    #[test]
    fn no_arrangement_of_our_own_words_panics(words in proptest::collection::vec(0..30_usize, 0..20)) {
        const WORDS: [&str; 30] = [
            "event.action", ":", "(", ")", "and", "or", "not", "\"", "*", "?", "\\", "{", "}", "[", "]", "TO", ">", "<=", "-", "+",
            "!", "||", "&&", " ", "source.ip", "10.0.0.0/8", "@timestamp", "now-1d/d", "message", "_exists_",
        ];
        let text: String = words.iter().map(|word| WORDS[*word]).collect();
        if let Ok(expression) = read(&text) {
            // What is understood can be written for another engine and is read back the same.
            let written = dsl::write(&expression);
            let fields = fields();
            let again = dsl::read(&written, &Context::new(&fields, Timestamp::UNIX_EPOCH));
            proptest::prop_assert_eq!(again.map(|read| dsl::write(&read)), Ok(written));
        }
    }
}
