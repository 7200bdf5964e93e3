//! Reads uap-core's `regexes.yaml`: the few forms of YAML that it is written in, strictly.
//!
//! Three lists, each entry a `regex` and its replacements, every value between single quotes, every comment a line of its
//! own. Anything else is refused, so that a future edition with other forms is noticed by the tests and not half read.

use std::borrow::Cow;

use ua_parser::{Regexes, device, os, user_agent};

#[derive(Clone, Copy)]
enum List {
    UserAgent,
    System,
    Device,
}

/// The patterns of this text. `None` if it has a line of another form.
pub(super) fn parse(text: &str) -> Option<Regexes<'_>> {
    let mut regexes =
        Regexes { user_agent_parsers: Vec::new(), os_parsers: Vec::new(), device_parsers: Vec::new() };
    let mut list = None;
    for line in text.lines().map(str::trim_end) {
        let content = line.trim_start();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        if content.len() == line.len() {
            list = Some(match line {
                "user_agent_parsers:" => List::UserAgent,
                "os_parsers:" => List::System,
                "device_parsers:" => List::Device,
                _ => return None,
            });
            continue;
        }
        let (first, content) = content.strip_prefix("- ").map_or((false, content), |content| (true, content));
        let (key, value) = content.split_once(": ")?;
        let value = unquoted(value)?;
        if first != (key == "regex") {
            return None;
        }
        regexes.add(list?, key, value)?;
    }
    Some(regexes)
}

fn unquoted(value: &str) -> Option<Cow<'_, str>> {
    let inner = value.strip_prefix('\'')?.strip_suffix('\'')?;
    Some(if inner.contains('\'') { Cow::Owned(inner.replace("''", "'")) } else { Cow::Borrowed(inner) })
}

/// Takes one line: a `regex` begins an entry, everything else adds to the last one.
trait Add<'a> {
    fn add(&mut self, list: List, key: &str, value: Cow<'a, str>) -> Option<()>;
}

impl<'a> Add<'a> for Regexes<'a> {
    fn add(&mut self, list: List, key: &str, value: Cow<'a, str>) -> Option<()> {
        match list {
            List::UserAgent if key == "regex" => {
                self.user_agent_parsers.push(user_agent::Parser { regex: value, ..Default::default() });
            }
            List::System if key == "regex" => {
                self.os_parsers.push(os::Parser { regex: value, ..Default::default() });
            }
            List::Device if key == "regex" => {
                self.device_parsers.push(device::Parser { regex: value, ..Default::default() });
            }
            List::UserAgent => {
                let entry = self.user_agent_parsers.last_mut()?;
                *match key {
                    "family_replacement" => &mut entry.family_replacement,
                    "v1_replacement" => &mut entry.v1_replacement,
                    "v2_replacement" => &mut entry.v2_replacement,
                    "v3_replacement" => &mut entry.v3_replacement,
                    "v4_replacement" => &mut entry.v4_replacement,
                    _ => return None,
                } = Some(value);
            }
            List::System => {
                let entry = self.os_parsers.last_mut()?;
                *match key {
                    "os_replacement" => &mut entry.os_replacement,
                    "os_v1_replacement" => &mut entry.os_v1_replacement,
                    "os_v2_replacement" => &mut entry.os_v2_replacement,
                    "os_v3_replacement" => &mut entry.os_v3_replacement,
                    "os_v4_replacement" => &mut entry.os_v4_replacement,
                    _ => return None,
                } = Some(value);
            }
            List::Device if key == "regex_flag" && value == "i" => {
                self.device_parsers.last_mut()?.regex_flag = Some(device::Flag::IgnoreCase);
            }
            List::Device => {
                let entry = self.device_parsers.last_mut()?;
                *match key {
                    "device_replacement" => &mut entry.device_replacement,
                    "brand_replacement" => &mut entry.brand_replacement,
                    "model_replacement" => &mut entry.model_replacement,
                    _ => return None,
                } = Some(value);
            }
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_that_are_read() {
        let regexes = parse(concat!(
            "user_agent_parsers:\n  # comment\n\n  - regex: '(A)/(\\d+)'\n    family_replacement: 'A: it''s'\n",
            "os_parsers:\n  - regex: 'X'\n    os_replacement: 'Y'\n    os_v1_replacement: '1'\n",
            "device_parsers:\n  - regex: 'Z'\n    regex_flag: 'i'\n    device_replacement: '$1'\n",
        ))
        .expect("every line is of a known form");
        let agent = &regexes.user_agent_parsers[0];
        assert_eq!((&*agent.regex, agent.family_replacement.as_deref()), (r"(A)/(\d+)", Some("A: it's")));
        let system = &regexes.os_parsers[0];
        assert_eq!(system.os_replacement.as_deref(), Some("Y"));
        assert_eq!(system.os_v1_replacement.as_deref(), Some("1"));
        let device = &regexes.device_parsers[0];
        assert!(device.regex_flag.is_some());
        assert_eq!(device.device_replacement.as_deref(), Some("$1"));
    }

    #[test]
    fn other_forms_are_refused() {
        for text in [
            "other_parsers:\n",
            "  - regex: 'X'\n",
            "os_parsers:\n  - regex: \"X\"\n",
            "os_parsers:\n  - regex: X\n",
            "os_parsers:\n  - os_replacement: 'X'\n",
            "os_parsers:\n    os_replacement: 'X'\n",
            "os_parsers:\n  - regex: 'X'\n    brand_replacement: 'X'\n",
            "device_parsers:\n  - regex: 'X'\n    regex_flag: 'x'\n",
            "os_parsers:\n  - regex: 'X' # comment\n",
        ] {
            assert!(parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn every_bundled_pattern_is_read() {
        let Some(text) = crate::enrichment::bundled::user_agent_patterns() else {
            return;
        };
        let regexes = parse(text).expect("every line is of a known form");
        let read = regexes.user_agent_parsers.len() + regexes.os_parsers.len() + regexes.device_parsers.len();
        assert_eq!(read, text.matches("\n  - regex: ").count());
        assert!(read > 1000, "{read}");
    }
}
