//! One row: who did what when, and its exact bytes.
//!
//! A [`Draft`] is small and says only what must be known to order rows; the bytes are written when the row is asked for.

use std::fmt::Write as _;
use std::sync::Arc;

use super::cast::{Actor, Cast};
use super::catalog::{Catalog, Field, Nullable, Place, TypeId};
use super::people::CONSOLE;
use super::random::{mix, salt};
use super::text;
use super::values::Scene;

/// From this day on, names are no longer sent, not even those of older records.
pub(super) const NAMES_REDACTED_SINCE: i64 = 1_790_208_000 * text::SECOND; // 2026-09-24

/// What a row will say.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    /// Microseconds since 1970.
    pub(super) at: i64,
    pub(super) kind: TypeId,
    pub(super) actor: Arc<Actor>,
    /// Names this row in every draw.
    pub(super) key: u64,
    /// Names the session it belongs to; 0 for none.
    pub(super) session: u64,
    /// The first thing done in its session.
    pub(super) opening: bool,
    /// Its chats lie in the session's project.
    pub(super) in_project: bool,
    /// Fields whose value is given, as JSON; fields the type does not have are added at the end.
    pub(super) fixed: Option<Arc<Vec<(&'static str, String)>>>,
    /// Overrides where the row belongs.
    pub(super) organization: Belongs,
    /// A type name that no catalogue knows.
    pub(super) unlisted: Option<&'static str>,
}

/// Which organization a draft belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Belongs {
    /// As the catalogue says for its type.
    ByType,
    To(usize),
}

impl Draft {
    pub(super) fn new(at: i64, kind: TypeId, actor: Arc<Actor>, key: u64) -> Draft {
        Draft {
            at,
            kind,
            actor,
            key,
            session: 0,
            opening: false,
            in_project: false,
            fixed: None,
            organization: Belongs::ByType,
            unlisted: None,
        }
    }

    /// What it takes in memory, its actor aside.
    pub(super) fn bytes(&self) -> usize {
        let fixed = self.fixed.iter().flat_map(|fields| fields.iter());
        size_of::<Draft>() + fixed.map(|(_, value)| size_of::<String>() + value.len()).sum::<usize>()
    }

    /// The position of its organization.
    pub(super) fn organization(&self) -> Option<usize> {
        match (self.organization, Catalog::get().kind(self.kind).place) {
            (Belongs::To(organization), _) => Some(organization),
            (Belongs::ByType, Place::Nowhere) => None,
            (Belongs::ByType, Place::Console) => Some(CONSOLE),
            (Belongs::ByType, Place::Work) => Some(self.actor.organization),
        }
    }
}

/// How completely a row is filled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fill {
    /// Optional fields come and go.
    Ordinary,
    /// Every field that can have a value has one.
    Complete,
}

/// The two numbers behind a row's id: time first, then chance, then the position in its bucket, which makes it unique.
pub(super) fn id_numbers(at: i64, key: u64, serial: u32) -> (u64, u64) {
    let chance = mix(key, salt("id"));
    ((at as u64) << 8 | chance >> 56, (chance << 20) | u64::from(serial & 0xF_FFFF))
}

/// `activity_01…` for these numbers.
pub(super) fn id_text(numbers: (u64, u64)) -> String {
    let mut out = Vec::with_capacity(33);
    out.extend_from_slice(b"activity_");
    text::identifier(&mut out, numbers.0, numbers.1);
    String::from_utf8(out).unwrap_or_default()
}

/// Appends the row.
pub(super) fn write(out: &mut Vec<u8>, cast: &Cast, draft: &Draft, id: &str, fill: Fill, redacted: bool) {
    let kind = Catalog::get().kind(draft.kind);
    out.extend_from_slice(b"{\"id\":\"");
    out.extend_from_slice(id.as_bytes());
    out.extend_from_slice(b"\",\"created_at\":\"");
    text::timestamp(out, draft.at);
    let organization = draft.organization().map(|position| &cast.organizations[position]);
    match organization {
        Some(organization) => {
            out.extend_from_slice(b"\",\"organization_id\":\"");
            out.extend_from_slice(organization.id.as_bytes());
            out.extend_from_slice(b"\",\"organization_uuid\":\"");
            out.extend_from_slice(organization.uuid.as_bytes());
            out.extend_from_slice(b"\",\"actor\":");
        }
        None => out.extend_from_slice(b"\",\"organization_id\":null,\"organization_uuid\":null,\"actor\":"),
    }
    out.extend_from_slice(draft.actor.json.as_bytes());
    out.extend_from_slice(b",\"type\":\"");
    out.extend_from_slice(draft.unlisted.unwrap_or(kind.name).as_bytes());
    out.push(b'"');
    let scene = Scene { cast, draft, fill, redacted, kind, organization };
    for field in &kind.fields {
        write_field(out, &scene, field);
    }
    let given = draft.fixed.iter().flat_map(|fields| fields.iter());
    for (name, value) in given.filter(|(name, _)| kind.fields.iter().all(|field| field.name != *name)) {
        lead(out, name);
        out.extend_from_slice(value.as_bytes());
    }
    out.push(b'}');
}

fn write_field(out: &mut Vec<u8>, scene: &Scene<'_>, field: &Field) {
    let fixed = scene.draft.fixed.as_deref().and_then(|fields| {
        fields.iter().find(|(name, _)| *name == field.name).map(|(_, value)| value.as_str())
    });
    let start = out.len();
    lead(out, field.name);
    let written = match fixed {
        Some(value) => {
            out.extend_from_slice(value.as_bytes());
            true
        }
        None => scene.value(out, field),
    };
    if !written {
        match field.nullable {
            Nullable::Null => out.extend_from_slice(b"null"),
            Nullable::Absent => out.truncate(start),
            Nullable::Never => panic!("no value for {}.{}, which is never null", scene.kind.name, field.name),
        }
    }
}

fn lead(out: &mut Vec<u8>, name: &str) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
}

/// A list of given fields, for drafts that say what is in them.
#[derive(Debug, Default)]
pub(super) struct Given(Vec<(&'static str, String)>);

impl Given {
    pub(super) fn text(mut self, name: &'static str, value: impl AsRef<str>) -> Given {
        let mut quoted = Vec::new();
        text::quoted(&mut quoted, value.as_ref());
        self.0.push((name, String::from_utf8(quoted).unwrap_or_default()));
        self
    }

    /// Text that the caller knows to hold nothing to escape; not looked at, since it may be kilobytes.
    pub(super) fn plain(mut self, name: &'static str, value: &str) -> Given {
        self.0.push((name, format!("\"{value}\"")));
        self
    }

    /// A value that is JSON already.
    pub(super) fn json(mut self, name: &'static str, value: impl std::fmt::Display) -> Given {
        let mut text = String::new();
        let _ = write!(text, "{value}");
        self.0.push((name, text));
        self
    }

    pub(super) fn into_fixed(self) -> Arc<Vec<(&'static str, String)>> {
        Arc::new(self.0)
    }
}
