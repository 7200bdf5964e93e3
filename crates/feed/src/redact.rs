//! Text from outside, made fit to be shown: bounded, on one line, and without secrets.

use std::fmt::Write as _;

use crate::key::STARS;

/// Shows text that came from the other side of the connection, which may have echoed our key: error pages of proxies
/// like to repeat request headers. Stars go in before the text is cut, so that no part of a key survives the cut.
#[derive(Clone, Copy)]
pub(crate) struct Redactor<'a> {
    secret: &'a str,
}

impl<'a> Redactor<'a> {
    /// Hides this secret.
    pub(crate) fn hiding(secret: &'a str) -> Self {
        Self { secret }
    }

    /// Hides nothing: for text that was never sent together with a key.
    pub(crate) fn none() -> Self {
        Self { secret: "" }
    }

    /// The text on one line, at most `limit` characters of it.
    pub(crate) fn show(&self, text: &str, limit: usize) -> String {
        printable(&self.hide(text), limit)
    }

    /// The beginning of a body on one line, at most `limit` characters of it.
    pub(crate) fn show_bytes(&self, bytes: &[u8], limit: usize) -> String {
        printable(&self.beginning(bytes, limit * 8), limit)
    }

    /// The beginning of a body as it is, at most `limit` bytes of it.
    pub(crate) fn beginning(&self, bytes: &[u8], limit: usize) -> String {
        let wide = &bytes[..bytes.len().min(limit.saturating_add(self.secret.len()))];
        let mut text = self.hide(&String::from_utf8_lossy(wide));
        // A key that the cut above went through is not recognised any more, so what is left of it goes too.
        let cut_key = (1..self.secret.len()).rev().filter_map(|length| self.secret.get(..length));
        if let Some(part) = cut_key.into_iter().find(|part| text.ends_with(part)) {
            text.truncate(text.len() - part.len());
        }
        text.truncate(text.floor_char_boundary(limit));
        text
    }

    /// The text with stars in the place of every occurrence of the secret.
    pub(crate) fn hide(&self, text: &str) -> String {
        if self.secret.is_empty() { text.to_owned() } else { text.replace(self.secret, STARS) }
    }
}

/// `text` on one line: runs of control characters and line breaks become one space, and what goes beyond `limit`
/// characters is cut and marked.
fn printable(text: &str, limit: usize) -> String {
    let mut shown = String::new();
    let mut count = 0;
    let mut space_due = false;
    for character in text.chars() {
        if character.is_whitespace() || is_unprintable(character) {
            space_due = !shown.is_empty();
            continue;
        }
        let needed = 1 + usize::from(space_due);
        if count + needed > limit {
            shown.push('…');
            break;
        }
        if space_due {
            shown.push(' ');
        }
        shown.push(character);
        count += needed;
        space_due = false;
    }
    shown
}

/// Control characters, and the invisible ones that hide or reorder text on a terminal.
fn is_unprintable(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}'
        )
}

/// A URL without the user name and password it may carry. What holds an `@` and is not the URL of a host is shown as
/// stars, because a password may stand anywhere in it.
pub(crate) fn url_without_password(text: &str) -> String {
    if !text.contains('@') {
        return text.to_owned();
    }
    match reqwest::Url::parse(text) {
        Ok(url) if url.has_host() && url.username().is_empty() && url.password().is_none() => text.to_owned(),
        Ok(url) if url.has_host() => {
            // Everything before the last `@` goes, even where that takes more than the password.
            let after = text.rsplit_once('@').map_or("", |(_, after)| after);
            format!("{}://{STARS}@{after}", url.scheme())
        }
        _ => STARS.to_owned(),
    }
}

/// Lower-case hexadecimal.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}"); // writing to a String cannot fail
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn shows_text_on_one_line_and_bounded() {
        let table = [
            ("", 10, ""),
            ("  a  ", 10, "a"),
            ("a\r\n\tb", 10, "a b"),
            ("\u{1b}[31mred\u{1b}[0m", 20, "[31mred [0m"),
            ("a\u{202E}b\u{200B}c", 10, "a b c"),
            ("abcdef", 6, "abcdef"),
            ("abcdefg", 6, "abcdef…"),
            ("abcdef   ", 6, "abcdef"),
            ("abcde fg", 6, "abcde…"),
            ("ääääää", 3, "äää…"),
        ];
        for (text, limit, shown) in table {
            assert_eq!(Redactor::none().show(text, limit), shown, "{text:?}");
        }
    }

    #[test]
    fn hides_user_and_password_of_a_url() {
        let table = [
            ("http://proxy.example:3128", "http://proxy.example:3128"),
            ("http://user:pass@proxy.example:3128/", "http://********@proxy.example:3128/"),
            ("http://user@proxy.example", "http://********@proxy.example"),
            ("socks5h://user:p@ss@proxy.example:1080", "socks5h://********@proxy.example:1080"),
            ("https://user:pass@host/a@b", "https://********@b"),
            ("https://host/a@b", "https://host/a@b"),
            ("user:pass@proxy.example", "********"),
            ("http://user:pass@[bad", "********"),
            ("mailto:user@example.com", "********"),
        ];
        for (text, shown) in table {
            assert_eq!(url_without_password(text), shown, "{text}");
        }
    }

    const SECRET: &str = "sk-ant-api01-0123456789abcdef";

    proptest! {
        /// Wherever the key stands, and wherever the cut goes through, no recognisable part of it is shown.
        #[test]
        fn no_part_of_a_key_survives(before in "[ -~]{0,40}", between in "[ -~]{0,40}", limit in 1_usize..120) {
            let body = format!("{before}{SECRET}{between}{SECRET}");
            let redactor = Redactor::hiding(SECRET);
            for shown in [redactor.show_bytes(body.as_bytes(), limit), redactor.beginning(body.as_bytes(), limit), redactor.show(&body, limit)] {
                // Eight characters would be the beginning that every key has.
                prop_assert!(!shown.contains(&SECRET[..10]), "{shown}");
                prop_assert!(!shown.contains(&SECRET[13..]), "{}", shown);
            }
        }

        #[test]
        fn what_is_shown_is_bounded_and_printable(text in any::<String>(), limit in 0_usize..50) {
            let shown = Redactor::none().show(&text, limit);
            prop_assert!(shown.chars().count() <= limit + 1);
            prop_assert!(!shown.chars().any(is_unprintable));
            prop_assert!(Redactor::none().beginning(text.as_bytes(), limit).len() <= limit);
        }
    }
}
