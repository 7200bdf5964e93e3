//! Wildcards: `*` stands for any text, `?` for one character. Case does not matter.

/// A piece of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Literal(char),
    One,
    Any,
}

/// A text with wildcards, in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern {
    pieces: Vec<Piece>,
}

impl Pattern {
    /// Reads `api_key_*`; a backslash takes the meaning of what follows.
    pub fn new(text: &str) -> Self {
        let mut pieces = Vec::new();
        let mut letters = text.chars();
        while let Some(letter) = letters.next() {
            match letter {
                '*' if pieces.last() == Some(&Piece::Any) => {}
                '*' => pieces.push(Piece::Any),
                '?' => pieces.push(Piece::One),
                '\\' => pieces.extend(literals(letters.next().unwrap_or('\\'))),
                other => pieces.extend(literals(other)),
            }
        }
        Self { pieces }
    }

    /// Whether it is `*` alone.
    pub fn is_anything(&self) -> bool {
        self.pieces == [Piece::Any]
    }

    /// The text, if there is no wildcard in it.
    pub fn literal(&self) -> Option<String> {
        self.pieces
            .iter()
            .map(|piece| match piece {
                Piece::Literal(letter) => Some(*letter),
                _ => None,
            })
            .collect()
    }

    /// What every text that fits begins with.
    pub fn beginning(&self) -> String {
        let literal = |piece: &Piece| match piece {
            Piece::Literal(letter) => Some(*letter),
            _ => None,
        };
        self.pieces.iter().map_while(literal).collect()
    }

    /// Whether every text that begins with [`Self::beginning`] fits: `*` stands at the end and nowhere else.
    pub fn is_beginning(&self) -> bool {
        let literals = self.pieces.iter().take_while(|piece| matches!(piece, Piece::Literal(_))).count();
        self.pieces[literals..] == [Piece::Any]
    }

    /// Whether the whole text fits.
    pub fn matches(&self, text: &str) -> bool {
        let text: Vec<char> = text.to_lowercase().chars().collect();
        let (mut at, mut piece) = (0, 0);
        let mut retry: Option<(usize, usize)> = None;
        while at < text.len() {
            match self.pieces.get(piece) {
                Some(Piece::Any) => {
                    retry = Some((at, piece));
                    piece += 1;
                }
                Some(Piece::One) => {
                    at += 1;
                    piece += 1;
                }
                Some(Piece::Literal(letter)) if *letter == text[at] => {
                    at += 1;
                    piece += 1;
                }
                _ => match &mut retry {
                    Some((from, any)) => {
                        *from += 1;
                        at = *from;
                        piece = *any + 1;
                    }
                    None => return false,
                },
            }
        }
        self.pieces[piece..].iter().all(|piece| *piece == Piece::Any)
    }

    /// The pattern as Elasticsearch's `wildcard` query takes it.
    pub fn to_wildcard(&self) -> String {
        self.write(|letter| match letter {
            '*' | '?' | '\\' => format!("\\{letter}"),
            other => other.to_string(),
        })
        .replace('\u{1}', "*")
        .replace('\u{2}', "?")
    }

    /// The pattern as a regular expression over the whole text, for the syntax of most engines.
    pub fn to_regex(&self) -> String {
        self.write(|letter| {
            if letter.is_alphanumeric() || letter == '_' || letter.is_whitespace() || !letter.is_ascii() {
                letter.to_string()
            } else {
                format!("\\{letter}")
            }
        })
        .replace('\u{1}', "(?s:.*)")
        .replace('\u{2}', "(?s:.)")
    }

    /// Writes the pieces; wildcards as two control characters, which no literal piece holds.
    fn write(&self, escape: impl Fn(char) -> String) -> String {
        self.pieces.iter().fold(String::new(), |mut text, piece| {
            match piece {
                Piece::Any => text.push('\u{1}'),
                Piece::One => text.push('\u{2}'),
                Piece::Literal(letter) => text.push_str(&escape(*letter)),
            }
            text
        })
    }
}

fn literals(letter: char) -> impl Iterator<Item = Piece> {
    letter.to_lowercase().filter(|letter| !matches!(letter, '\u{1}' | '\u{2}')).map(Piece::Literal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_whole_texts() {
        for (pattern, text, fits) in [
            ("api_key_*", "api_key_created", true),
            ("API_key_*", "Api_Key_Created", true),
            ("api_key_*", "admin_api_key_created", false),
            ("*key*", "admin_api_key_created", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("a\\*c", "a*c", true),
            ("a\\*c", "abc", false),
            ("*", "", true),
            ("", "", true),
            ("*a*b*", "xxaxxbxx", true),
            ("*a*b", "abab", true),
            ("*ab", "aab", true),
        ] {
            assert_eq!(Pattern::new(pattern).matches(text), fits, "{pattern} {text}");
        }
    }

    #[test]
    fn a_beginning_is_told_from_other_patterns() {
        for (pattern, expected) in
            [("api_*", true), ("*", true), ("", false), ("a", false), ("a*b", false), ("a?*", false)]
        {
            assert_eq!(Pattern::new(pattern).is_beginning(), expected, "{pattern}");
        }
    }

    #[test]
    fn patterns_are_escaped_for_engines() {
        let pattern = Pattern::new("a.b\\*c*?");
        assert_eq!(pattern.to_wildcard(), "a.b\\*c*?");
        assert_eq!(pattern.to_regex(), "a\\.b\\*c(?s:.*)(?s:.)");
    }
}
