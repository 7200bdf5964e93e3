//! What can be told of an activity type that the catalogue does not know, from its name alone.
//!
//! The feed gains types every month. A name such as `quantum_vault_created` says what was done (its last words, looked up in
//! `data/verbs.tsv`) and to what (any of its words, looked up in `data/nouns.tsv`). ECS allows only some types in each
//! category, so the verb's type is bent to the category's at the end.

use std::sync::LazyLock;

use crate::outcome::EventOutcome;
use crate::table::{list, rows};

/// What an unknown type's name tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Derived {
    /// ECS `event.category`.
    pub categories: Vec<&'static str>,
    /// ECS `event.type`.
    pub types: Vec<&'static str>,
    /// ECS `event.outcome`.
    pub outcome: EventOutcome,
    /// ECS `event.severity`.
    pub severity: u8,
    /// What was done, in words: "created".
    pub verb: String,
    /// What it was done to: the other words of the name, with underscores.
    pub noun: String,
}

struct Verb {
    ending: &'static str,
    kind: &'static str,
    outcome: EventOutcome,
    says: &'static str,
}

struct Noun {
    words: Vec<&'static str>,
    categories: Vec<&'static str>,
    also: &'static str,
    severity: u8,
}

static VERBS: LazyLock<Vec<Verb>> = LazyLock::new(|| {
    let outcome = |cell| match cell {
        "success" => EventOutcome::Success,
        "failure" => EventOutcome::Failure,
        _ => EventOutcome::Unknown,
    };
    rows::<4>(include_str!("../../data/verbs.tsv"))
        .map(|[ending, kind, told, says]| Verb { ending, kind, outcome: outcome(told), says })
        .collect()
});

static NOUNS: LazyLock<Vec<Noun>> = LazyLock::new(|| {
    rows::<4>(include_str!("../../data/nouns.tsv"))
        .map(|[words, category, also, severity]| Noun {
            words: list(words),
            categories: list(category),
            also,
            severity: severity.parse().expect("a severity in nouns.tsv"),
        })
        .collect()
});

/// Derives what can be told from a name.
pub fn derive(name: &str) -> Derived {
    let verb = VERBS.iter().find(|verb| ends_with_words(name, verb.ending));
    let last = name.rsplit('_').next().unwrap_or(name);
    // An unknown last word in the past tense is something that was done, most likely a change.
    let past = last.len() > 3 && last.ends_with("ed");
    let (kind, outcome, says, ending) = match verb {
        Some(verb) => (verb.kind, verb.outcome, verb.says.to_owned(), verb.ending),
        None if past => ("change", EventOutcome::Success, last.to_owned(), last),
        None => ("info", EventOutcome::Unknown, "caused".to_owned(), ""),
    };
    let found = NOUNS.iter().find(|noun| noun.words.iter().any(|word| has_words(name, word)));
    let (categories, also, severity) = match found {
        Some(noun) => (noun.categories.clone(), noun.also, noun.severity),
        None => (vec!["configuration"], "", 47),
    };
    let mut types = vec![bend(categories[0], kind)];
    if !also.is_empty() {
        types.push(also);
    }
    let severity = if matches!(kind, "access" | "info") && severity > 21 { 21 } else { severity };
    let noun = name[..name.len() - ending.len()].trim_end_matches('_').to_owned();
    Derived { categories, types, outcome, severity, verb: says, noun }
}

/// The type ECS allows in this category that is nearest to what the verb says.
fn bend(category: &str, kind: &'static str) -> &'static str {
    match (category, kind) {
        ("authentication", "end") | ("session", "deletion" | "end") => "end",
        ("authentication", _) | ("session", "creation" | "start") => "start",
        ("configuration" | "file", "start" | "end" | "error") => "change",
        ("session", _)
        | ("iam", "access" | "error" | "start" | "end")
        | ("web", "creation" | "deletion" | "change" | "start" | "end") => "info",
        ("api", _) => "access",
        _ => kind,
    }
}

fn ends_with_words(name: &str, words: &str) -> bool {
    name.strip_suffix(words).is_some_and(|before| before.is_empty() || before.ends_with('_'))
}

fn has_words(name: &str, words: &str) -> bool {
    name.match_indices(words).any(|(place, _)| {
        let after = &name[place + words.len()..];
        (place == 0 || name.as_bytes()[place - 1] == b'_') && (after.is_empty() || after.starts_with('_'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::{OutcomeRule, all};

    #[test]
    fn names_tell_what_was_done_to_what() {
        for (name, category, kind, outcome, says) in [
            ("quantum_vault_created", "configuration", "creation", "success", "created quantum_vault"),
            (
                "passwordless_login_failed",
                "authentication",
                "start",
                "failure",
                "failed at signing in by passwordless",
            ),
            ("service_key_quarantined", "iam", "change", "success", "quarantined service_key"),
            ("claude_canvas_file_viewed", "file", "access", "success", "looked at claude_canvas_file"),
            ("voice_session_archived", "session", "end", "success", "archived voice_session"),
            ("billing_export_downloaded", "file", "access", "success", "downloaded billing_export"),
            ("something_odd", "configuration", "info", "unknown", "caused something_odd"),
            ("_", "configuration", "info", "unknown", "caused "),
            ("failed", "configuration", "info", "failure", "failed at "),
        ] {
            let derived = derive(name);
            assert_eq!(derived.categories[0], category, "{name}");
            assert_eq!(derived.types[0], kind, "{name}");
            assert_eq!(derived.outcome.as_str(), outcome, "{name}");
            assert_eq!(format!("{} {}", derived.verb, derived.noun), says, "{name}");
        }
    }

    /// The known types are the measure of the guess: derived as if unknown, most must come out as the catalogue has them.
    #[test]
    fn derivation_agrees_with_most_of_the_catalogue() {
        let share = |agrees: &dyn Fn(&crate::catalog::ActivityType, &Derived) -> bool| {
            all().iter().filter(|activity| agrees(activity, &derive(activity.name))).count() * 100
                / all().len()
        };
        let category = share(&|activity, derived| activity.categories.contains(&derived.categories[0]));
        let kind = share(&|activity, derived| activity.types.contains(&derived.types[0]));
        let outcome = share(&|activity, derived| match &activity.outcome {
            OutcomeRule::Fixed(outcome) => *outcome == derived.outcome,
            OutcomeRule::Read(_) => true,
        });
        assert!(category >= 88, "category {category} %");
        assert!(kind >= 85, "type {kind} %");
        assert!(outcome >= 95, "outcome {outcome} %");
    }
}
