//! Other tools that read the Compliance API: their calls are rows themselves.
//!
//! A log forwarder asks for the feed at a fixed pace with a long list of types; a content scanner follows what people
//! write; an archive copies at night; an access review lists members and groups. Our own calls are the server's to add.

use std::fmt::Write as _;
use std::sync::Arc;

use base64::Engine as _;

use super::cast::{Actor, Cast};
use super::catalog::{Catalog, TypeId};
use super::places;
use super::random::{Dice, mix, salt, scale};
use super::rhythm::Rhythm;
use super::row::{self, Draft, Given};
use super::text::{self, SECOND};
use super::values;

/// Shares of a weekday's rows.
const FORWARDER_SHARE: f64 = 0.068;
const SCANNER_SHARE: f64 = 0.064;
const ARCHIVE_SHARE: f64 = 0.026;
const REVIEW_SHARE: f64 = 0.006;
/// How many types the forwarder subscribes to.
const FORWARDED_TYPES: usize = 86;
/// Mean calls of one look of the scanner.
const SCAN_CALLS: f64 = 6.0;
/// Hours of the day (UTC) in which the archive works.
const ARCHIVE_HOURS: std::ops::Range<i64> = 1..4;

const BASE: &str = "https://api.anthropic.com/v1/compliance";

/// Names of the readers' keys in `entities.tsv`, by position there.
pub(super) const FORWARDER_KEY: usize = 24;
const SCANNER_KEY: usize = 25;
const ARCHIVE_KEY: usize = 26;
const REVIEW_KEY: usize = 27;

/// The readers, ready to act.
#[derive(Debug)]
pub(super) struct Readers {
    accessed: TypeId,
    forwarder: Arc<Actor>,
    scanner: Arc<Actor>,
    archive: Arc<Actor>,
    review: Arc<Actor>,
    /// The filter that the forwarder sends each time.
    forwarder_filter: String,
}

/// One call, before it is a row.
struct Call {
    method: &'static str,
    url: String,
    body: Option<String>,
    /// Whether it asks for activities rather than content or people.
    activities: bool,
}

impl Readers {
    pub(super) fn new(cast: &Cast) -> Readers {
        let reader = |index: usize, key: usize| {
            let address = places::address(places::READERS, index as u64);
            Arc::new(cast.api_key(cast.thing("key", key), cast.agents.readers[index], &address))
        };
        Readers {
            accessed: Catalog::get().id("compliance_api_accessed"),
            forwarder: reader(0, FORWARDER_KEY),
            scanner: reader(1, SCANNER_KEY),
            archive: reader(2, ARCHIVE_KEY),
            review: Arc::new(cast.api_key(
                cast.thing("key", REVIEW_KEY),
                cast.agents.readers[3],
                &places::address(places::CLOUD[0], 5),
            )),
            forwarder_filter: forwarder_filter(),
        }
    }

    /// Appends the calls of `[from, to)`. `refused` tells whether the right to read the feed is missing at a moment.
    pub(super) fn plan(
        &self,
        cast: &Cast,
        rhythm: &Rhythm,
        (from, to): (i64, i64),
        business: f64,
        refused: &dyn Fn(i64) -> bool,
        out: &mut Vec<Draft>,
    ) {
        let key = mix(mix(cast.seed, salt("readers")), from as u64);
        let mut dice = Dice::new(key);
        let rows = rhythm.per_day * (to - from) as f64 / (86_400 * SECOND) as f64;
        self.forward(cast, rhythm, (from, to), refused, out);
        for _ in 0..dice.poisson(rows * SCANNER_SHARE / SCAN_CALLS * (0.25 + 0.75 * business)) {
            let at = dice.between(from, to - 1);
            self.scan(cast, at, mix(key, dice.next()), out);
        }
        let hour = from.div_euclid(3600 * SECOND).rem_euclid(24);
        let night = if ARCHIVE_HOURS.contains(&hour) {
            24.0 / (ARCHIVE_HOURS.end - ARCHIVE_HOURS.start) as f64
        } else {
            0.0
        };
        for _ in 0..dice.poisson(rows * ARCHIVE_SHARE * night) {
            let (at, draw) = (dice.between(from, to - 1), dice.next());
            let call = archive_call(cast, at, draw);
            let refused = call.activities && refused(at);
            out.push(self.row(&self.archive, at, mix(key, draw), &call, refused));
        }
        for _ in 0..dice.poisson(rows * REVIEW_SHARE) {
            let (at, draw) = (dice.between(from, to - 1), dice.next());
            out.push(self.row(&self.review, at, mix(key, draw), &review_call(cast, draw), false));
        }
    }

    /// The forwarder asks at a fixed pace, whatever the hour.
    fn forward(
        &self,
        cast: &Cast,
        rhythm: &Rhythm,
        (from, to): (i64, i64),
        refused: &dyn Fn(i64) -> bool,
        out: &mut Vec<Draft>,
    ) {
        let pause = ((86_400 * SECOND) as f64 / (rhythm.per_day * FORWARDER_SHARE)).clamp(1.0, 1e16) as i64;
        let mut turn = from.div_euclid(pause) + i64::from(from.rem_euclid(pause) != 0);
        while turn * pause < to {
            let key = mix(mix(cast.seed, salt("forwarder")), turn as u64);
            let at = turn * pause + scale(key, pause.min(9 * SECOND) as usize / 3 + 1) as i64;
            out.push(self.poll(at, key, refused(at)));
            turn += 1;
        }
    }

    /// One poll of the forwarder.
    pub(super) fn poll(&self, at: i64, key: u64, refused: bool) -> Draft {
        let mut url = String::with_capacity(self.forwarder_filter.len() + 400);
        let _ = write!(url, "{BASE}/activities?{}&created_at.gte=", self.forwarder_filter);
        push_time(&mut url, at - 300 * SECOND);
        url.push_str("&order=asc&limit=1000");
        if !key.is_multiple_of(4) {
            url.push_str("&after_id=");
            push_cursor(&mut url, at - 60 * SECOND, mix(key, 5));
        }
        let call = Call { method: "GET", url, body: None, activities: true };
        self.row(&self.forwarder, at, key, &call, refused)
    }

    /// The scanner lists what changed, then reads it.
    fn scan(&self, cast: &Cast, start: i64, key: u64, out: &mut Vec<Draft>) {
        let mut dice = Dice::new(key);
        let mut at = start;
        let calls = 1 + dice.poisson(SCAN_CALLS - 1.0);
        for index in 0..calls {
            let draw = mix(key, index as u64);
            let call = match (index, dice.below(10)) {
                (0, _) => chats_of_members(cast, at, draw, 25),
                (_, 0..6) => chat_messages(cast, at, draw),
                (_, 6..8) => file_content(cast, at, draw),
                _ => names_of_files(cast, at, draw),
            };
            out.push(self.row(&self.scanner, at, mix(draw, 3), &call, false));
            at += dice.between(140_000, 4 * SECOND);
        }
    }

    fn row(&self, reader: &Arc<Actor>, at: i64, key: u64, call: &Call, refused: bool) -> Draft {
        let status = match scale(mix(key, 7), 1000) {
            _ if refused => 403,
            0..5 => 429,
            5..8 if !call.activities => 404,
            8 => 500,
            9 => 529,
            _ => 200,
        };
        self.call(reader, at, key, (call.method, &call.url, call.body.as_deref()), status)
    }

    /// A row for any call of a key.
    pub(super) fn call(
        &self,
        reader: &Arc<Actor>,
        at: i64,
        key: u64,
        (method, url, body): (&str, &str, Option<&str>),
        status: u16,
    ) -> Draft {
        let given =
            Given::default().plain("url", url).plain("request_method", method).json("status_code", status);
        let given = match body {
            Some(body) => given.text("request_body", body),
            None => given.json("request_body", "null"),
        };
        let mut draft = Draft::new(at, self.accessed, Arc::clone(reader), key);
        draft.fixed = Some(given.into_fixed());
        draft
    }
}

/// The types that a security team subscribes to: everything but the content that people look at.
fn forwarder_filter() -> String {
    let wanted = [
        "login",
        "api_key",
        "role_assignment",
        "rbac_",
        "org_",
        "mcp_",
        "scim_user",
        "group_",
        "trusted_device",
    ];
    let types = Catalog::get().types.iter().map(|kind| kind.name);
    let chosen = types.filter(|name| wanted.iter().any(|part| name.contains(part)));
    let parameters: Vec<String> =
        chosen.take(FORWARDED_TYPES).map(|name| format!("activity_types%5B%5D={name}")).collect();
    parameters.join("&")
}

fn push_time(url: &mut String, at: i64) {
    let mut bytes = Vec::new();
    text::timestamp(&mut bytes, at);
    let stamp = String::from_utf8(bytes).unwrap_or_default();
    url.push_str(&stamp.replace(':', "%3A"));
}

/// A cursor as the vendor makes it: base64 of an id and its time.
fn push_cursor(url: &mut String, at: i64, key: u64) {
    let mut stamp = Vec::new();
    text::timestamp(&mut stamp, at);
    let id = row::id_text(row::id_numbers(at, key, 0));
    let plain = format!(r#"{{"id":"{id}","created_at":"{}"}}"#, String::from_utf8_lossy(&stamp));
    let encoded = base64::engine::general_purpose::STANDARD.encode(plain);
    url.push_str(&encoded.replace('=', "%3D").replace('+', "%2B").replace('/', "%2F"));
}

fn get(url: String, activities: bool) -> Call {
    Call { method: "GET", url, body: None, activities }
}

fn push_members(cast: &Cast, url: &mut String, draw: u64, count: usize) {
    url.reserve(count * 52);
    for index in 0..count {
        let person = cast.people.other_member(mix(draw, index as u64), None);
        let _ = write!(url, "&user_ids%5B%5D={}", person.user_id);
    }
}

fn chats_of_members(cast: &Cast, at: i64, draw: u64, members: usize) -> Call {
    let mut url = format!("{BASE}/apps/chats?limit=100&updated_at.gte=");
    push_time(&mut url, at - 900 * SECOND);
    push_members(cast, &mut url, draw, members);
    get(url, false)
}

fn chat_messages(cast: &Cast, at: i64, draw: u64) -> Call {
    let owner = cast.people.other_member(draw, None).key;
    let chat = text::identifier_string("claude_chat_", values::recent(owner, "chat", at, draw));
    get(format!("{BASE}/apps/chats/{chat}/messages?limit=1000&order=asc"), false)
}

fn file_content(cast: &Cast, at: i64, draw: u64) -> Call {
    let owner = cast.people.other_member(draw, None).key;
    let file = text::identifier_string("claude_file_", values::recent(owner, "file", at, draw));
    get(format!("{BASE}/apps/chats/files/{file}/content"), false)
}

/// Names are withheld in the feed, so the scanner asks for them by id, many at once.
fn names_of_files(cast: &Cast, at: i64, draw: u64) -> Call {
    let ids: Vec<String> = (0..20 + draw % 30)
        .map(|index| {
            let owner = cast.people.other_member(mix(draw, index), None).key;
            let file = values::recent(owner, "file", at, mix(draw, index));
            format!("\"{}\"", text::identifier_string("claude_file_", file))
        })
        .collect();
    let body = format!(r#"{{"ids":[{}]}}"#, ids.join(","));
    Call { method: "POST", url: format!("{BASE}/apps/files/metadata"), body: Some(body), activities: false }
}

fn archive_call(cast: &Cast, at: i64, draw: u64) -> Call {
    match draw % 5 {
        0 => {
            let mut url = format!("{BASE}/activities?limit=5000&order=asc&created_at.gte=");
            push_time(&mut url, at - 86_400 * SECOND);
            url.push_str("&created_at.lt=");
            push_time(&mut url, at);
            for organization in &cast.organizations {
                let _ = write!(url, "&organization_ids%5B%5D={}", organization.uuid);
            }
            url.push_str("&after_id=");
            push_cursor(&mut url, at - 3600 * SECOND, draw);
            get(url, true)
        }
        1 | 2 => chats_of_members(cast, at, draw, 60),
        _ => chat_messages(cast, at, draw),
    }
}

fn review_call(cast: &Cast, draw: u64) -> Call {
    let organization = &cast.organizations[(draw % 3) as usize].uuid;
    let group = cast.thing("group", (mix(draw, 1) % 16) as usize);
    let url = match draw % 4 {
        0 => format!("{BASE}/organizations/{organization}/users?limit=500"),
        1 => format!("{BASE}/organizations/{organization}/roles?limit=500"),
        2 => format!("{BASE}/groups?limit=500"),
        _ => format!("{BASE}/groups/{group}/members?limit=500"),
    };
    get(url, false)
}
