//! User agents: which program acted, on which device and system, as Elastic's `user_agent` processor tells them apart.
//!
//! The programs of this feed that uap-core does not know, Claude's own above all, are named by a few rules of ours
//! ([`rules`]), which every build has. Everything else is read by the patterns of uap-core, if the build had them:
//! 1,175 regular expressions cost some 10 µs a text, so what was read is kept, bounded in bytes.

mod patterns;
mod rules;

use std::sync::{Arc, Mutex, PoisonError};

use quick_cache::Weighter;
use quick_cache::sync::Cache;
use ua_parser::Extractor;

use super::Kept;

/// What a user agent says, by the names of the ECS fields under `user_agent`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserAgent {
    /// `name`: "Chrome", "Claude Code"; "Other" when it is not known.
    pub name: Box<str>,
    /// `version`: "126.0.0.0".
    pub version: Option<Box<str>>,
    /// `device.name`: "Mac", "iPhone"; "Other" when it is not known.
    pub device_name: Box<str>,
    /// `os.name`: "Mac OS X".
    pub os_name: Option<Box<str>>,
    /// `os.version`: "10.15.7".
    pub os_version: Option<Box<str>>,
    /// `os.full`: "Mac OS X 10.15.7"; only where there is a version.
    pub os_full: Option<Box<str>>,
}

/// What is said of a program, device or system that nothing knows.
const UNKNOWN: &str = "Other";

/// Bytes of a text that are looked at. Real ones are seldom longer than 300; a longer one costs what this many cost.
const LONGEST_TEXT: usize = 1024;

/// Bytes of kept texts and answers, about 10,000 of them.
const CACHE_BYTES: u64 = 8 << 20;

/// Bytes of an answer, its parts and its place in the cache, beside the text.
const ANSWER_BYTES: u64 = 700;

/// Reads user agents and keeps the answers. Shared between threads by reference.
#[derive(Debug)]
pub struct UserAgents {
    cache: Cache<Box<str>, Option<Arc<Kept<UserAgent>>>, Bytes>,
}

#[derive(Clone, Debug)]
struct Bytes;

impl Weighter<Box<str>, Option<Arc<Kept<UserAgent>>>> for Bytes {
    fn weight(&self, text: &Box<str>, _: &Option<Arc<Kept<UserAgent>>>) -> u64 {
        text.len() as u64 + ANSWER_BYTES
    }
}

/// The compiled patterns, one for the whole process: some 130 ms and 30 MB, spent when a text needs them, until
/// [`UserAgents::rest`].
static PATTERNS: Mutex<Option<Arc<Extractor<'static>>>> = Mutex::new(None);

/// The patterns, compiled if they are not; `None` in a build without them.
fn compiled() -> Option<Arc<Extractor<'static>>> {
    let mut kept = PATTERNS.lock().unwrap_or_else(PoisonError::into_inner);
    if kept.is_none() {
        let text = super::bundled::user_agent_patterns()?;
        *kept = Extractor::try_from(patterns::parse(text)?).ok().map(Arc::new);
    }
    kept.clone()
}

impl Default for UserAgents {
    fn default() -> Self {
        Self::new()
    }
}

impl UserAgents {
    /// A reader with nothing kept yet. Costs nothing: the patterns are loaded when a text needs them.
    pub fn new() -> Self {
        let items = (CACHE_BYTES / (ANSWER_BYTES + 128)) as usize;
        Self { cache: Cache::with_weighter(items, CACHE_BYTES, Bytes) }
    }

    /// Whether this program holds the patterns of uap-core. Without them only our own rules speak. Loads them.
    pub fn available() -> bool {
        compiled().is_some()
    }

    /// Lets go of the compiled patterns until a text needs them again. What was read stays kept, so that is seldom.
    pub fn rest() {
        *PATTERNS.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// What this text says. `None` for an empty one, and for one that no rule knows in a build without patterns.
    pub fn parse(&self, text: &str) -> Option<Arc<Kept<UserAgent>>> {
        let text = shortened(text.trim_ascii());
        if text.is_empty() {
            return None;
        }
        if let Some(kept) = self.cache.get(text) {
            return kept;
        }
        let parsed = parse(text, compiled().as_deref()).map(|agent| Arc::new(Kept::user_agent(agent)));
        self.cache.insert(text.into(), parsed.clone());
        parsed
    }
}

fn shortened(text: &str) -> &str {
    if text.len() > LONGEST_TEXT { &text[..text.floor_char_boundary(LONGEST_TEXT)] } else { text }
}

fn parse(text: &str, patterns: Option<&Extractor<'_>>) -> Option<UserAgent> {
    let ours = rules::find(text);
    if ours.is_none() && patterns.is_none() {
        return None;
    }
    let mut agent = UserAgent { name: UNKNOWN.into(), device_name: UNKNOWN.into(), ..UserAgent::default() };
    if let Some(patterns) = patterns {
        if let Some(os) = patterns.os.extract(text).filter(|os| !os.os.is_empty()) {
            let (major, minor) = (os.major.as_deref(), os.minor.as_deref());
            agent.os_version = version([major, minor, os.patch.as_deref(), os.patch_minor.as_deref()]);
            agent.os_full = agent.os_version.as_deref().map(|version| format!("{} {version}", os.os).into());
            agent.os_name = Some(os.os.into());
        }
        if let Some(device) = patterns.dev.extract(text).filter(|device| !device.device.is_empty()) {
            agent.device_name = device.device.into();
        }
    }
    if let Some((name, version)) = ours {
        agent.name = name.into();
        agent.version = version.map(Into::into);
    } else if let Some(found) = patterns.and_then(|patterns| patterns.ua.extract(text)) {
        agent.version = version([found.major, found.minor, found.patch, found.patch_minor]);
        agent.name = found.family.into();
    }
    Some(agent)
}

/// The parts with points between, up to the first that is missing.
fn version(parts: [Option<&str>; 4]) -> Option<Box<str>> {
    let mut parts = parts.into_iter().map_while(|part| part.filter(|part| !part.is_empty()));
    let mut version = parts.next()?.to_owned();
    for part in parts {
        version.push('.');
        version.push_str(part);
    }
    Some(version.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_ends_where_a_part_is_missing() {
        for (parts, expected) in [
            ([Some("126"), Some("0"), Some("0"), Some("0")], Some("126.0.0.0")),
            ([Some("10"), Some("15"), Some(""), Some("7")], Some("10.15")),
            ([Some("10"), None, Some("7"), None], Some("10")),
            ([None, Some("1"), None, None], None),
        ] {
            assert_eq!(version(parts).as_deref(), expected, "{parts:?}");
        }
    }

    #[test]
    fn without_patterns_our_own_rules_still_speak() {
        let agent = parse("claude-cli/1.0.98 (external, cli)", None).expect("a rule knows it");
        assert_eq!((&*agent.name, agent.version.as_deref()), ("Claude Code", Some("1.0.98")));
        assert_eq!((&*agent.device_name, agent.os_name), ("Other", None));
        assert_eq!(parse("curl/8.5.0", None), None);
    }

    #[test]
    fn after_a_rest_texts_are_read_as_before() {
        let text = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
        let read = || UserAgents::new().parse(text).map(|agent| agent.name.clone());
        let before = read();
        UserAgents::rest();
        assert_eq!(read(), before);
        assert_eq!(before.is_some(), UserAgents::available());
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let agents = UserAgents::new();
        let long = "x".repeat(LONGEST_TEXT);
        for number in 0..20_000 {
            agents.cache.insert(format!("{number} {long}").into(), None);
        }
        assert!(agents.cache.weight() <= CACHE_BYTES, "{}", agents.cache.weight());
        assert!(agents.cache.len() > 1000, "{}", agents.cache.len());
    }

    #[test]
    fn a_long_text_is_cut_between_letters() {
        assert_eq!(shortened(&"é".repeat(600)).len(), LONGEST_TEXT);
        assert_eq!(shortened(&format!("x{}", "é".repeat(600))).len(), LONGEST_TEXT - 1);
        assert_eq!(shortened("curl/8.5.0"), "curl/8.5.0");
    }
}
