//! Writes what stands under `anthropic.audit`: the feed's own fields by their names, and what has no place of its own.

use std::borrow::Cow;

use crate::document::{Writer, name_key};
use crate::flatten::{self, Losses};
use crate::json;
use crate::mapping::{Mapping, Meaning};
use crate::raw::{Raw, Text};
use crate::vocabulary::{Shape, vocabulary};

impl<'a> Writer<'_, 'a> {
    /// Everything under `anthropic.audit`: the fields, and among them, where the alphabet has them, what is made here.
    pub(super) fn audit(&mut self, mapping: &Mapping<'a>) {
        let vocabulary = vocabulary();
        let places = &vocabulary.places;
        json::key(self.out, "\"anthropic\":{\"audit\":{");
        let mut made = [
            (places.actor, Self::audit_actor as fn(&mut Self, &Mapping<'a>)),
            (places.catalogued, Self::audit_catalogued),
            (places.group, Self::audit_group),
            (places.metadata, Self::audit_metadata),
            (places.trusted_network, Self::audit_trusted_network),
        ]
        .into_iter()
        .peekable();
        for &(number, raw) in &mapping.fields {
            while let Some((_, write)) = made.next_if(|(place, _)| *place <= number) {
                write(self, mapping);
            }
            let field = vocabulary.field(number);
            if field.key.is_empty() {
                continue;
            }
            let before = self.out.len();
            json::key(self.out, &field.key);
            let mut losses = Losses::default();
            if !write_field(self.out, field.shape, number, raw, mapping, &mut losses) {
                self.out.truncate(before);
            }
            self.lose(field.name, losses, "event.original");
        }
        for (_, write) in made {
            write(self, mapping);
        }
        self.out.extend_from_slice(b"}}");
    }

    /// Says what a field lost; `whole` is the member that holds the record as it came.
    pub(super) fn lose(&mut self, field: &str, losses: Losses, whole: &str) {
        self.lossy |= losses.cut || losses.repeated;
        if losses.cut {
            self.issues
                .add(field, format_args!("too long for a search engine and cut; {whole} has it whole"));
        }
        if losses.deep {
            self.issues.add(
                field,
                format_args!("nested too deep for a search engine; the inner part is kept as text"),
            );
        }
        if losses.repeated {
            self.issues
                .add(field, format_args!("a name is given more than once in it; the last value stands"));
        }
    }

    fn audit_actor(&mut self, mapping: &Mapping<'a>) {
        let Some(actor) = &mapping.actor else { return };
        let start = self.begin("\"actor\":");
        if let Some(kind) = actor.only_type() {
            // A user, of whom the rest is in `user`: most of a feed.
            self.named_text("id", &actor.id);
            self.named_text("name", &actor.name);
            self.raw_member("\"type\":", Some(kind));
            self.end(start);
            return;
        }
        let mut made = [("id", &actor.id), ("name", &actor.name)].into_iter().peekable();
        let mut provider = Some(actor.provider()).filter(|provider| !provider.is_empty());
        for (name, raw) in actor.kept() {
            while let Some((made_name, text)) = made.next_if(|(made_name, _)| *made_name < name) {
                self.named_text(made_name, text);
            }
            if name > "provider"
                && let Some(members) = provider.take()
            {
                self.actor_provider(members);
            }
            let before = self.out.len();
            json::separate(self.out);
            name_key(self.out, name);
            if !flatten::value(self.out, raw, 1, &mut Losses::default()) {
                self.out.truncate(before);
            }
        }
        for (name, text) in made {
            self.named_text(name, text);
        }
        if let Some(members) = provider {
            self.actor_provider(members);
        }
        self.end(start);
    }

    fn actor_provider(&mut self, members: &[(&'static str, Text<'_>)]) {
        let start = self.begin("\"provider\":");
        for (name, text) in members {
            self.named_text(name, text);
        }
        self.end(start);
    }

    fn audit_catalogued(&mut self, mapping: &Mapping<'a>) {
        if !matches!(mapping.meaning, Meaning::Known(_)) {
            json::key(self.out, "\"catalogued\":");
            self.out.extend_from_slice(b"false");
        }
    }

    fn audit_group(&mut self, mapping: &Mapping<'a>) {
        if let Meaning::Known(activity) = &mapping.meaning {
            json::key(self.out, &activity.ready.group);
        }
    }

    /// Rules on travel leave out what comes from a network that the user trusts.
    fn audit_trusted_network(&mut self, _: &Mapping<'a>) {
        if self.place.as_ref().is_some_and(|place| place.trusted) {
            json::key(self.out, "\"trusted_network\":true");
        }
    }

    /// The bag of everything that has no place of its own; the actor's share of it under `actor`.
    fn audit_metadata(&mut self, mapping: &Mapping<'a>) {
        let strange = mapping.actor.as_ref().map_or(&[][..], |actor| &actor.strange);
        if mapping.aside.is_empty() && strange.is_empty() {
            return;
        }
        let mut losses = Losses::default();
        let mut actor_json = Vec::new();
        let mut members: Vec<(Text<'_>, Raw<'_>)> = mapping.aside.clone();
        if flatten::object(&mut actor_json, strange.to_vec(), 2, &mut losses)
            && let Ok(actor_json) = std::str::from_utf8(&actor_json)
        {
            members.push((Cow::Borrowed("actor"), Raw::assume(actor_json)));
        }
        let before = self.out.len();
        json::key(self.out, "\"metadata\":");
        if !flatten::object(self.out, members, 1, &mut losses) {
            self.out.truncate(before);
        }
        self.lose("metadata", losses, "event.original");
    }
}

/// Writes the value of a field under `anthropic.audit`. Returns false if nothing was left to write.
fn write_field(
    out: &mut Vec<u8>,
    shape: Shape,
    number: u16,
    raw: Raw<'_>,
    mapping: &Mapping<'_>,
    losses: &mut Losses,
) -> bool {
    match shape {
        Shape::String | Shape::Boolean => out.extend_from_slice(raw.json().as_bytes()),
        Shape::Integer => {
            json::signed(out, raw.integer().unwrap_or_default());
        }
        Shape::Decimal => {
            let digits = raw.plain().unwrap_or("0");
            let shortest = if digits.contains('.') {
                digits.trim_end_matches('0').trim_end_matches('.')
            } else {
                digits
            };
            out.extend_from_slice(shortest.as_bytes());
        }
        Shape::Datetime => match mapping.converted.iter().find(|(converted, _)| *converted == number) {
            Some((_, text)) => json::string(out, text),
            None => out.extend_from_slice(raw.json().as_bytes()),
        },
        Shape::Strings | Shape::Integers | Shape::Object | Shape::Objects => {
            return flatten::value(out, raw, 1, losses);
        }
    }
    true
}
