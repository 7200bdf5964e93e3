//! How text becomes terms, here and in a query.
//!
//! Sentences are cut at the word boundaries of Unicode (annex 29), as the standard analyzer of Elasticsearch cuts them, and
//! put in lower case, so that no search minds it. Exact text is kept as it is.

use query::matching;
use tantivy::tokenizer::{TextAnalyzer, Token, TokenStream, Tokenizer, TokenizerManager};

/// Name of the analyzer of sentences.
pub(crate) const WORDS: &str = "words";

/// Longest exact text that is indexed, in bytes; longer text can be seen but not searched for. As in the mapping that clusters get, and
/// for the same reason: of 398 bytes a document in columns, 320 were the long addresses of one client that names every type
/// of activity when it asks, three times each (`url.original`, `url.full`, `url.query`).
pub(crate) const MAX_EXACT_BYTES: usize = 1_024;

/// The analyzers, which tantivy does not keep with the index.
pub(crate) fn analyzers() -> TokenizerManager {
    // With tantivy's own beside them, one of which it looks for even where no text is cut.
    let manager = TokenizerManager::default();
    manager.register(WORDS, TextAnalyzer::builder(Words).build());
    manager
}

/// The words of a sentence as they are indexed.
pub(crate) fn words(text: &str) -> Vec<String> {
    matching::words(text).map(|(_, word)| word).collect()
}

#[derive(Clone)]
struct Words;

struct WordStream<'t> {
    words: Box<dyn Iterator<Item = (usize, String)> + 't>,
    token: Token,
}

impl Tokenizer for Words {
    type TokenStream<'t> = WordStream<'t>;

    fn token_stream<'t>(&'t mut self, text: &'t str) -> WordStream<'t> {
        let token = Token { position: usize::MAX, ..Token::default() };
        WordStream { words: Box::new(matching::words(text)), token }
    }
}

impl TokenStream for WordStream<'_> {
    fn advance(&mut self) -> bool {
        let Some((offset, word)) = self.words.next() else { return false };
        self.token.position = self.token.position.wrapping_add(1);
        self.token.offset_from = offset;
        self.token.offset_to = offset + word.len();
        self.token.text = word;
        true
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}

/// An address as text whose order is that of addresses; those of the old kind stand where they are mapped to.
pub(crate) fn address_key(address: std::net::IpAddr) -> String {
    let bits = match address {
        std::net::IpAddr::V4(old) => old.to_ipv6_mapped().to_bits(),
        std::net::IpAddr::V6(new) => new.to_bits(),
    };
    format!("{bits:032x}")
}

/// The address of [`address_key`], as it is written.
pub(crate) fn address_of_key(key: &str) -> String {
    u128::from_str_radix(key, 16).map_or_else(
        |_| key.to_owned(),
        |bits| std::net::IpAddr::from(bits.to_be_bytes()).to_canonical().to_string(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_are_cut_as_the_standard_analyzer_cuts_them() {
        for (text, expected) in [
            ("ana@example.com signed in", &["ana", "example.com", "signed", "in"][..]),
            (
                "Admin API key admin_api_key_01J (it's 3.5 MB)",
                &["admin", "api", "key", "admin_api_key_01j", "it's", "3.5", "mb"],
            ),
            ("… — !", &[]),
        ] {
            assert_eq!(words(text), expected, "{text}");
        }
    }

    #[test]
    fn keys_of_addresses_are_in_their_order() {
        let addresses = ["::1", "0.0.0.0", "9.255.255.255", "10.0.0.0", "203.0.113.7", "2001:db8::1"];
        let keys: Vec<String> = addresses.iter().map(|text| address_key(text.parse().unwrap())).collect();
        assert!(keys.is_sorted());
        assert_eq!(keys.iter().map(|key| address_of_key(key)).collect::<Vec<_>>(), addresses);
    }
}
