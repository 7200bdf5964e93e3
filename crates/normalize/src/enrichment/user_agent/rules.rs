//! The programs of this feed that uap-core does not know, and how each names itself.
//!
//! A rule knows a program by a product token, `Claude/0.12.55`: a word of its own, and what follows it is the version. Where several programs share a token, the rest of the text decides.
//! Rules are tried in order, before uap-core, so they hold only what uap-core would call "Other" or take for something else.

/// How one program is known.
struct Rule {
    /// How the whole text begins: with any of these. Empty: as it likes.
    begins: &'static [&'static str],
    /// What stands before the version.
    token: &'static str,
    /// Any of these is in the text too. Empty: nothing need be.
    with: &'static [&'static str],
    /// `user_agent.name`.
    name: &'static str,
}

const fn token(token: &'static str, name: &'static str) -> Rule {
    Rule { begins: &[], token, with: &[], name }
}

const fn claude_app(with: &'static [&'static str], name: &'static str) -> Rule {
    Rule { begins: &[], token: "Claude/", with, name }
}

/// The official SDKs name their client class and language: `AsyncAnthropic/Python 0.40.0`.
const fn sdk(token: &'static str, name: &'static str) -> Rule {
    Rule { begins: &["Anthropic", "AsyncAnthropic"], token, with: &[], name }
}

const RULES: &[Rule] = &[
    // Claude Code: `claude-cli/1.0.98 (external, cli)`, under an agent SDK `(external, sdk-py, agent-sdk/0.1.59)`.
    token("claude-cli/", "Claude Code"),
    token("claude-code/", "Claude Code"),
    // The apps. The desktop app is a Chromium with both tokens, so it would pass for Chrome or Electron.
    claude_app(&["Electron/"], "Claude Desktop"),
    claude_app(&["CFNetwork/", "Darwin/", "iPhone", "iPad", "iOS"], "Claude for iOS"),
    claude_app(&["Android", "okhttp/"], "Claude for Android"),
    claude_app(&[], "Claude"),
    // Fetching for a user, searching, crawling: the names that the vendor documents for its robots.
    token("Claude-User", "Claude-User"),
    token("Claude-SearchBot", "Claude-SearchBot"),
    token("ClaudeBot", "ClaudeBot"),
    sdk("/Python ", "Anthropic Python SDK"),
    sdk("/JS ", "Anthropic TypeScript SDK"),
    sdk("/Go ", "Anthropic Go SDK"),
    sdk("/Java ", "Anthropic Java SDK"),
    sdk("/Kotlin ", "Anthropic Java SDK"),
    sdk("/Ruby ", "Anthropic Ruby SDK"),
    sdk("/PHP ", "Anthropic PHP SDK"),
    sdk("/C# ", "Anthropic C# SDK"),
    token("anthropic-sdk-python/", "Anthropic Python SDK"),
    token("anthropic-sdk-typescript/", "Anthropic TypeScript SDK"),
    token("anthropic-sdk-go/", "Anthropic Go SDK"),
    token("anthropic-sdk-java/", "Anthropic Java SDK"),
    token("anthropic-sdk-ruby/", "Anthropic Ruby SDK"),
    token("anthropic-sdk-php/", "Anthropic PHP SDK"),
    token("anthropic-sdk-csharp/", "Anthropic C# SDK"),
    // Ourselves, reading the Compliance API.
    token("claudetrail/", "ClaudeTrail"),
    // HTTP clients of scripts.
    token("python-httpx/", "python-httpx"),
    token("node-fetch", "node-fetch"),
    Rule { begins: &["node"], token: "node", with: &[], name: "Node.js" },
    Rule { begins: &["undici"], token: "undici", with: &[], name: "Node.js" },
    token("Node.js/", "Node.js"),
];

/// Name and version of the program, if a rule knows it.
pub(super) fn find(text: &str) -> Option<(&'static str, Option<&str>)> {
    RULES.iter().find_map(|rule| rule.behind_token(text).map(|rest| (rule.name, version(rest))))
}

impl Rule {
    /// What stands behind the token. `None` if the rule does not know this text.
    fn behind_token<'a>(&self, text: &'a str) -> Option<&'a str> {
        let begins = self.begins.is_empty() || self.begins.iter().any(|part| text.starts_with(part));
        let with = self.with.is_empty() || self.with.iter().any(|part| text.contains(part));
        if !begins || !with {
            return None;
        }
        text.match_indices(self.token)
            .map(|(start, token)| (&text[..start], &text[start + token.len()..]))
            .find(|(before, behind)| !joined(before, self.token) && !joined(self.token, behind))
            .map(|(_, behind)| behind)
    }
}

/// Whether the two are parts of one word.
fn joined(left: &str, right: &str) -> bool {
    let word = |letter: char| letter.is_alphanumeric() || matches!(letter, '-' | '_');
    left.ends_with(word) && right.starts_with(word)
}

/// The version that this text begins with, behind a stroke or not.
fn version(text: &str) -> Option<&str> {
    let text = text.strip_prefix('/').unwrap_or(text);
    let part = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '+' | '-' | '_');
    let end = text.find(|letter| !part(letter)).unwrap_or(text.len());
    Some(text[..end].trim_end_matches(['.', '-']))
        .filter(|version| version.starts_with(|first: char| first.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_a_word_of_its_own() {
        for (text, expected) in [
            ("claude-cli/1.0.98 (external, cli)", Some(("Claude Code", Some("1.0.98")))),
            ("not-claude-cli/1.0.98", None),
            ("claude-cli", None),
            ("claude-cli/", Some(("Claude Code", None))),
            ("claude-cli/next", Some(("Claude Code", None))),
            ("claude-cli/2.1.0-beta.1+7.", Some(("Claude Code", Some("2.1.0-beta.1+7")))),
            (
                "Mozilla/5.0 (compatible; ClaudeBot/1.0; +claudebot@anthropic.com)",
                Some(("ClaudeBot", Some("1.0"))),
            ),
            ("ClaudeBots/1.0", None),
            ("AsyncAnthropic/Python 0.40.0", Some(("Anthropic Python SDK", Some("0.40.0")))),
            ("Other/Python 0.40.0", None),
            ("node", Some(("Node.js", None))),
            ("node/22.1.0", Some(("Node.js", Some("22.1.0")))),
            ("node-fetch/1.0 (+https://github.com/bitinn/node-fetch)", Some(("node-fetch", Some("1.0")))),
            ("nodeping", None),
            ("a node", None),
            ("", None),
        ] {
            assert_eq!(find(text), expected, "{text}");
        }
    }
}
