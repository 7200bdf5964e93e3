//! Characters to words, with their columns.

use crate::{error::Error, pattern::Pattern};

use super::value::Comparison;

/// A word or a quoted text.
#[derive(Clone, Debug)]
pub(super) struct Word {
    /// What it says, escapes resolved.
    pub(super) text: String,
    /// The same with its wildcards.
    pub(super) pattern: Pattern,
    /// Whether it stood in quotes, where nothing but a backslash is special.
    pub(super) quoted: bool,
}

/// A place in a query's text.
pub(super) struct Scanner {
    letters: Vec<char>,
    at: usize,
}

impl Scanner {
    pub(super) fn new(text: &str) -> Self {
        Self { letters: text.chars().collect(), at: 0 }
    }

    pub(super) fn length(&self) -> usize {
        self.letters.len()
    }

    /// From 1.
    pub(super) fn column(&self) -> usize {
        self.at + 1
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.letters.get(self.at).copied()
    }

    pub(super) fn advance(&mut self) {
        self.at += 1;
    }

    pub(super) fn skip_space(&mut self) {
        while self.peek().is_some_and(char::is_whitespace) {
            self.at += 1;
        }
    }

    /// Whether nothing but space is left, which is skipped.
    pub(super) fn is_at_end(&mut self) -> bool {
        self.skip_space();
        self.at >= self.letters.len()
    }

    pub(super) fn take(&mut self, letter: char) -> bool {
        let found = self.peek() == Some(letter);
        self.at += usize::from(found);
        found
    }

    /// Takes a sign that stands directly before what it belongs to.
    pub(super) fn take_sign(&mut self, sign: char) -> bool {
        let next = self.letters.get(self.at + 1);
        self.peek() == Some(sign) && next.is_some_and(|next| !next.is_whitespace()) && self.take(sign)
    }

    /// Whether one of these operators comes next, space before it skipped.
    pub(super) fn sees_operator(&mut self, operators: &[&str]) -> bool {
        self.skip_space();
        operators.iter().any(|operator| self.operator_end(operator).is_some())
    }

    /// Takes one of these operators and the space around it.
    pub(super) fn take_operator(&mut self, operators: &[&str]) -> bool {
        self.skip_space();
        let Some(end) = operators.iter().find_map(|operator| self.operator_end(operator)) else {
            return false;
        };
        self.at = end;
        self.skip_space();
        true
    }

    fn operator_end(&self, operator: &str) -> Option<usize> {
        let end = self.at + operator.chars().count();
        let written = self.letters.get(self.at..end)?;
        let same = written.iter().zip(operator.chars()).all(|(one, other)| one.to_ascii_lowercase() == other);
        let next = self.letters.get(end);
        // A word must end: `order` does not begin with `or`; and `and:x` or `to:x` would be a field.
        let ends = !operator.starts_with(char::is_alphabetic)
            || next.is_none_or(|next| next.is_whitespace() || matches!(next, '(' | ')' | '"'));
        (same && ends).then_some(end)
    }

    /// Whether a comparison follows, perhaps behind space.
    pub(super) fn sees_comparison(&self) -> bool {
        let rest = &self.letters[self.at.min(self.letters.len())..];
        let next = rest.iter().find(|letter| !letter.is_whitespace());
        rest.first() == Some(&':') || matches!(next, Some('<' | '>'))
    }

    /// Takes `<`, `<=`, `>`, `>=`.
    pub(super) fn comparison(&mut self) -> Option<Comparison> {
        let upward = match self.peek()? {
            '>' => true,
            '<' => false,
            _ => return None,
        };
        self.advance();
        Some(match (upward, self.take('=')) {
            (true, true) => Comparison::AtLeast,
            (true, false) => Comparison::Above,
            (false, true) => Comparison::AtMost,
            (false, false) => Comparison::Below,
        })
    }

    /// Whether a brace opens members rather than a range.
    pub(super) fn sees_members(&self) -> bool {
        if self.peek() != Some('{') {
            return false;
        }
        let rest: String =
            self.letters[self.at..].iter().take_while(|letter| !matches!(letter, '}' | ']')).collect();
        !rest.split_whitespace().any(|word| word.eq_ignore_ascii_case("to"))
    }

    /// Takes a word or a quoted text. The name of a field ends at a colon or a comparison; a value may hold them.
    pub(super) fn word(&mut self, may_be_name: bool) -> Result<Option<Word>, Error> {
        if self.peek() == Some('"') {
            return self.quoted().map(Some);
        }
        let ends = |letter: char| {
            letter.is_whitespace()
                || matches!(letter, '(' | ')' | '"' | '{' | '}')
                || (may_be_name && matches!(letter, ':' | '<' | '>'))
        };
        Ok(self.plain(ends))
    }

    /// A bound of a range.
    pub(super) fn bound(&mut self) -> Result<Option<Word>, Error> {
        if self.peek() == Some('"') {
            return self.quoted().map(Some);
        }
        Ok(self.plain(|letter| letter.is_whitespace() || matches!(letter, ']' | '}' | '"')))
    }

    fn plain(&mut self, ends: impl Fn(char) -> bool) -> Option<Word> {
        let start = self.at;
        while let Some(letter) = self.peek() {
            if ends(letter) {
                break;
            }
            self.at += if letter == '\\' { 2 } else { 1 };
        }
        self.at = self.at.min(self.letters.len());
        (self.at > start).then(|| {
            let written: String = self.letters[start..self.at].iter().collect();
            Word { text: unescape(&written), pattern: Pattern::new(&written), quoted: false }
        })
    }

    fn quoted(&mut self) -> Result<Word, Error> {
        let opening = self.column();
        self.advance();
        let start = self.at;
        loop {
            match self.peek() {
                None => return Err(Error::syntax("a quotation mark is not closed").at(opening)),
                Some('"') => break,
                Some('\\') => self.at += 2,
                Some(_) => self.at += 1,
            }
        }
        if self.at > self.letters.len() {
            return Err(Error::syntax("a quotation mark is not closed").at(opening));
        }
        let written: String = self.letters[start..self.at].iter().collect();
        self.advance();
        let text = unescape(&written);
        let pattern = Pattern::new(&text.replace('\\', "\\\\").replace('*', "\\*").replace('?', "\\?"));
        Ok(Word { text, pattern, quoted: true })
    }
}

fn unescape(written: &str) -> String {
    let mut text = String::with_capacity(written.len());
    let mut letters = written.chars();
    while let Some(letter) = letters.next() {
        text.push(if letter == '\\' { letters.next().unwrap_or('\\') } else { letter });
    }
    text
}
