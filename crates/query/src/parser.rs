//! Query text to [`Expression`].
//!
//! What people already type, from Lucene's syntax and from Kibana's: `field:value`, `field:(a or b)`, `field > 5`,
//! `field:[a TO b}`, `field:*`, `field:"exact text"`, wildcards, networks, date math, `and`/`or`/`not` (or `&&`, `||`, `!`,
//! `-`), parentheses, `parent:{ member:value }`. Conditions that only stand beside each other must all hold. Words without
//! a field are looked for in the sentence and in the names and ids that identify.
//!
//! Reading is by recursive descent over characters; every error knows its column.

mod scanner;
mod value;

use jiff::{Timestamp, tz::TimeZone};

use crate::{
    error::{Error, ErrorKind},
    expression::{Expression, Test},
    field::{FieldKind, FieldReference, Fields},
    pattern::Pattern,
};
use scanner::{Scanner, Word};
pub(crate) use value::{Comparison, compare, meet, single};

/// What a text is read in the light of.
#[derive(Clone, Debug)]
pub struct Context<'a> {
    /// The fields there are.
    pub fields: &'a Fields,
    /// What `now` means.
    pub now: Timestamp,
    /// The zone of dates without one.
    pub zone: TimeZone,
}

impl<'a> Context<'a> {
    /// These fields at this time, dates in UTC.
    pub fn new(fields: &'a Fields, now: Timestamp) -> Self {
        Self { fields, now, zone: TimeZone::UTC }
    }
}

/// Longest text that is read, in characters.
const MAX_LENGTH: usize = 16_384;
/// Deepest nesting of parentheses and negations.
const MAX_DEPTH: usize = 64;

/// Where a word without a field is looked for, beside the sentence.
const IDENTIFYING: &[&str] = &[
    "event.action",
    "event.id",
    "related.user",
    "related.ip",
    "related.hosts",
    "anthropic.audit.actor.id",
    "anthropic.audit.actor.name",
];
/// The sentence.
const MESSAGE: &str = "message";

/// Reads a query. An empty one matches everything.
pub fn parse(text: &str, context: &Context<'_>) -> Result<Expression, Error> {
    let scanner = Scanner::new(text);
    if scanner.length() > MAX_LENGTH {
        return Err(Error::new(
            ErrorKind::TooLarge,
            format!("the query is longer than {MAX_LENGTH} characters"),
        ));
    }
    let mut parser = Parser { scanner, context, parents: Vec::new(), depth: 0 };
    parser.scanner.skip_space();
    if parser.scanner.is_at_end() {
        return Ok(Expression::Everything);
    }
    let expression = parser.any()?;
    match parser.scanner.peek() {
        None => Ok(expression),
        Some(')') => Err(parser.wrong("this parenthesis closes none")),
        Some('}') => Err(parser.wrong("this brace closes none")),
        Some(other) => Err(parser.wrong(&format!("{other:?} is not expected here"))),
    }
}

struct Parser<'c> {
    scanner: Scanner,
    context: &'c Context<'c>,
    /// Names in front of the fields inside `parent:{ … }`.
    parents: Vec<String>,
    depth: usize,
}

type Read = Result<Expression, Error>;

impl Parser<'_> {
    fn wrong(&self, message: &str) -> Error {
        Error::syntax(message).at(self.scanner.column())
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T, Error>) -> Result<T, Error> {
        self.depth += 1;
        if self.depth > MAX_DEPTH {
            return Err(Error::new(ErrorKind::TooLarge, format!("nested deeper than {MAX_DEPTH}"))
                .at(self.scanner.column()));
        }
        let outcome = read(self);
        self.depth -= 1;
        outcome
    }

    fn any(&mut self) -> Read {
        let mut parts = vec![self.all()?];
        while self.scanner.take_operator(&["or", "||"]) {
            parts.push(self.all()?);
        }
        Ok(Expression::or(parts))
    }

    fn all(&mut self) -> Read {
        let mut parts = vec![self.one()?];
        loop {
            if self.scanner.take_operator(&["and", "&&"]) {
                parts.push(self.one()?);
            } else if self.scanner.is_at_end()
                || matches!(self.scanner.peek(), Some(')' | '}'))
                || self.scanner.sees_operator(&["or", "||"])
            {
                return Ok(Expression::and(parts));
            } else {
                parts.push(self.one()?);
            }
        }
    }

    fn one(&mut self) -> Read {
        if self.scanner.take_operator(&["not", "!"]) || self.scanner.take_sign('-') {
            return Ok(self.deeper(Self::one)?.not());
        }
        // Lucene's "must": everything here must.
        self.scanner.take_sign('+');
        if self.scanner.take('(') {
            let inner = self.deeper(Self::any)?;
            self.close(')', "a parenthesis is not closed")?;
            return Ok(inner);
        }
        self.condition()
    }

    fn close(&mut self, bracket: char, message: &str) -> Result<(), Error> {
        self.scanner.skip_space();
        if self.scanner.take(bracket) { Ok(()) } else { Err(self.wrong(message)) }
    }

    /// `field:value`, `field > value`, or words.
    fn condition(&mut self) -> Read {
        let column = self.scanner.column();
        let Some(word) = self.scanner.word(true)? else { return Err(self.expected_condition()) };
        if word.quoted || !self.scanner.sees_comparison() {
            Self::no_slashes(&word, column)?;
            return Ok(self.words(&word));
        }
        let name = self.parents.iter().chain([&word.text]).cloned().collect::<Vec<_>>().join(".");
        self.scanner.skip_space();
        if self.scanner.take(':') {
            self.scanner.skip_space();
            if name == "_exists_" {
                return self.exists();
            }
            if self.scanner.sees_members() {
                return self.members(name);
            }
            let fields = self.fields(&name, &word, column)?;
            return self.value(&fields);
        }
        let fields = self.fields(&name, &word, column)?;
        match self.scanner.comparison() {
            Some(comparison) => self.compared(&fields, comparison),
            None => Err(self.wrong("a comparison is expected")),
        }
    }

    fn expected_condition(&self) -> Error {
        match self.scanner.peek() {
            None => self.wrong("the query ends where a condition is expected"),
            Some(':') => self.wrong("a field's name is missing before the colon"),
            Some(other) => self.wrong(&format!("{other:?} stands where a condition is expected")),
        }
    }

    fn no_slashes(word: &Word, column: usize) -> Result<(), Error> {
        if !word.quoted && word.text.len() > 1 && word.text.starts_with('/') && word.text.ends_with('/') {
            return Err(Error::unsupported("regular expressions are not part of the language")
                .with_hint("use * and ?, or quote a text that begins and ends with a slash")
                .at(column));
        }
        Ok(())
    }

    fn exists(&mut self) -> Read {
        let column = self.scanner.column();
        let Some(word) = self.scanner.word(false)? else {
            return Err(self.wrong("a field's name is missing"));
        };
        let field = self.context.fields.resolve(&word.text).map_err(|error| error.at(column))?;
        Ok(Expression::Field(field, Test::Exists))
    }

    /// `parent:{ member:value and other:value }`.
    fn members(&mut self, parent: String) -> Read {
        self.scanner.take('{');
        let outer = std::mem::replace(&mut self.parents, vec![parent]);
        let inner = self.deeper(Self::any)?;
        self.parents = outer;
        self.close('}', "a brace is not closed")?;
        Ok(inner)
    }

    /// The fields of a name, which may hold wildcards.
    fn fields(&self, name: &str, word: &Word, column: usize) -> Result<Vec<FieldReference>, Error> {
        if name.contains('*') && !word.quoted {
            let found = self.context.fields.matching(&Pattern::new(name));
            if found.is_empty() {
                return Err(Error::new(ErrorKind::UnknownField, format!("no field fits {name:?}")).at(column));
            }
            return Ok(found);
        }
        self.context.fields.resolve(name).map(|field| vec![field]).map_err(|error| {
            let error = error.at(column);
            let looks_like_text =
                name.contains("http") || name.starts_with(|first: char| first.is_ascii_digit());
            if error.suggestion.is_none() && looks_like_text {
                return error.with_hint("put text that holds a colon in quotes");
            }
            error
        })
    }

    /// What stands behind the colon.
    fn value(&mut self, fields: &[FieldReference]) -> Read {
        if let Some(comparison) = self.scanner.comparison() {
            return self.compared(fields, comparison);
        }
        if matches!(self.scanner.peek(), Some('[' | '{')) {
            return self.range(fields);
        }
        if self.scanner.take('(') {
            let inner = self.deeper(|parser| parser.any_value(fields))?;
            self.close(')', "a parenthesis is not closed")?;
            return Ok(inner);
        }
        let column = self.scanner.column();
        let Some(word) = self.scanner.word(false)? else { return Err(self.wrong("a value is missing")) };
        Self::no_slashes(&word, column)?;
        Self::each(fields, column, |field| value::is(field, &word, self.context))
    }

    fn any_value(&mut self, fields: &[FieldReference]) -> Read {
        let mut parts = vec![self.all_values(fields)?];
        loop {
            // Values that only stand beside each other are alternatives: a field seldom has two.
            let other = self.scanner.take_operator(&["or", "||"])
                || (!self.scanner.is_at_end() && self.scanner.peek() != Some(')'));
            if !other {
                return Ok(Expression::or(parts));
            }
            parts.push(self.all_values(fields)?);
        }
    }

    fn all_values(&mut self, fields: &[FieldReference]) -> Read {
        let mut parts = vec![self.one_value(fields)?];
        while self.scanner.take_operator(&["and", "&&"]) {
            parts.push(self.one_value(fields)?);
        }
        Ok(Expression::and(parts))
    }

    fn one_value(&mut self, fields: &[FieldReference]) -> Read {
        self.scanner.skip_space();
        if self.scanner.take_operator(&["not", "!"]) {
            return Ok(self.deeper(|parser| parser.one_value(fields))?.not());
        }
        self.value(fields)
    }

    /// A value behind `<`, `<=`, `>` or `>=`.
    fn compared(&mut self, fields: &[FieldReference], comparison: Comparison) -> Read {
        self.scanner.skip_space();
        let column = self.scanner.column();
        let Some(word) = self.scanner.word(false)? else { return Err(self.wrong("a value is missing")) };
        Self::each(fields, column, |field| compare(field, comparison, &word.text, self.context))
    }

    /// `[a TO b]`, with braces for bounds that are left out, `*` for none.
    fn range(&mut self, fields: &[FieldReference]) -> Read {
        let with_lower = self.scanner.peek() == Some('[');
        self.scanner.advance();
        let column = self.scanner.column();
        let lower = self.bound()?;
        if !self.scanner.take_operator(&["to"]) {
            return Err(self.wrong("TO is expected between the bounds of a range"));
        }
        let upper = self.bound()?;
        self.scanner.skip_space();
        let with_upper = match self.scanner.peek() {
            Some(']') => true,
            Some('}') => false,
            _ => return Err(self.wrong("a range is not closed")),
        };
        self.scanner.advance();
        let lower =
            lower.map(|word| (if with_lower { Comparison::AtLeast } else { Comparison::Above }, word));
        let upper = upper.map(|word| (if with_upper { Comparison::AtMost } else { Comparison::Below }, word));
        Self::each(fields, column, |field| {
            let bounds = [&lower, &upper].into_iter().flatten();
            let parts =
                bounds.map(|(comparison, word)| compare(field, *comparison, &word.text, self.context));
            let parts = parts.collect::<Result<Vec<_>, Error>>()?;
            if parts.is_empty() {
                return Ok(Expression::Field(field.clone(), Test::Exists));
            }
            meet(parts)
        })
    }

    fn bound(&mut self) -> Result<Option<Word>, Error> {
        self.scanner.skip_space();
        let word = self.scanner.bound()?.ok_or_else(|| self.wrong("a bound of the range is missing"))?;
        Ok(Some(word).filter(|word| word.quoted || word.text != "*"))
    }

    /// The condition on any of the fields. Of several, those that cannot hold such a value are passed over.
    fn each(fields: &[FieldReference], column: usize, condition: impl Fn(&FieldReference) -> Read) -> Read {
        let mut failure = None;
        let mut parts = Vec::new();
        for field in fields {
            match condition(field) {
                Ok(part) => parts.push(part),
                Err(error) => failure = failure.or(Some(error.at(column))),
            }
        }
        match failure {
            Some(error) if parts.is_empty() => Err(error),
            _ => Ok(Expression::or(parts)),
        }
    }

    /// Words without a field.
    fn words(&self, word: &Word) -> Expression {
        let fields = self.context.fields;
        let message = fields.find(MESSAGE).filter(|field| field.kind == FieldKind::Text);
        if !word.quoted && word.pattern.is_anything() {
            return Expression::Everything;
        }
        let names = IDENTIFYING.iter().filter_map(|name| fields.find(name));
        let parts =
            message.into_iter().chain(names).filter_map(|field| value::is(&field, word, self.context).ok());
        Expression::or(parts)
    }
}

#[cfg(test)]
pub(crate) mod tests;
