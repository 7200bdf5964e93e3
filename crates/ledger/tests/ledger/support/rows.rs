//! Rows such as the feed sends: 1 to 1.5 kB of JSON each, from a seed.
//!
//! What compresses on the wire compresses here (field names, people, agents, addresses, sentences from a pool), and
//! what does not, does not: every row has its own id, time, request id and one to three object ids of 22 random
//! characters, so that the measured ratio is not a present from the generator.

use jiff::Timestamp;

/// A row with the two fields the ledger keeps beside the bytes.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) id: String,
    pub(crate) created_at: Timestamp,
    pub(crate) raw: Vec<u8>,
}

/// How ids are drawn: without any order, or growing with time as many id schemes do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum IdOrder {
    Random,
    Time,
}

/// A small generator of numbers (splitmix64): the same seed gives the same rows everywhere.
#[derive(Clone, Debug)]
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    fn pick<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.below(list.len() as u64) as usize]
    }

    fn text(&mut self, length: usize) -> String {
        const ALPHABET: &[u8] = b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
        (0..length).map(|_| char::from(ALPHABET[self.below(58) as usize])).collect()
    }

    fn uuid(&mut self) -> String {
        let (high, low) = (self.next(), self.next());
        format!(
            "{:08x}-{:04x}-4{:03x}-a{:03x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xfff,
            low >> 52,
            low & 0xffff_ffff_ffff
        )
    }
}

const TYPES: &[&str] = &[
    "claude_chat_viewed",
    "claude_chat_viewed",
    "claude_chat_created",
    "claude_project_viewed",
    "claude_file_uploaded",
    "claude_artifact_viewed",
    "compliance_api_accessed",
    "compliance_api_accessed",
    "sso_login_succeeded",
    "claude_user_role_updated",
    "api_key_created",
    "mcp_server_tool_policy_updated",
];
const AGENTS: &[&str] = &[
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 26_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.1 Mobile/15E148 Safari/604.1",
    "Mozilla/5.0 (X11; Linux x86_64; rv:144.0) Gecko/20100101 Firefox/144.0",
    "claude-code/2.4.11 (external, cli) node/22.11.0 darwin/arm64",
    "python-requests/2.32.5",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Claude/1.14.3 Chrome/140.0.0.0 Electron/38.1.0 Safari/537.36",
];
const FIRST: &[&str] =
    &["ana", "boris", "carla", "dmitri", "elena", "farid", "grace", "hugo", "ines", "jun", "kofi", "lena"];
const LAST: &[&str] =
    &["almeida", "becker", "costa", "dubois", "eriksen", "fischer", "gomez", "haddad", "ivanov", "jansen"];
const REASONS: &[&str] = &[
    "The setting was changed from the organization's administration page by a member with the role of owner.",
    "Requested by the identity provider during a scheduled directory synchronization; nobody was signed in.",
    "Opened from a link that was shared with everybody in the organization.",
    "The session was resumed on a device that had been seen before, without a second factor.",
];

/// Makes rows that follow one another in time.
#[derive(Clone, Debug)]
pub(crate) struct Rows {
    numbers: Numbers,
    order: IdOrder,
    clock_microseconds: i64,
    people: Vec<(String, String, String)>,
    organizations: Vec<(String, String)>,
}

impl Rows {
    pub(crate) fn new(seed: u64, order: IdOrder) -> Self {
        let mut numbers = Numbers(seed);
        let people = (0..180)
            .map(|index| {
                let first = FIRST[index % FIRST.len()];
                let last = LAST[(index / FIRST.len()) % LAST.len()];
                let address = format!("203.0.{}.{}", numbers.below(256), numbers.below(256));
                (
                    format!("user_01{}", numbers.text(22)),
                    format!("{first}.{last}{}@example.com", index / 120),
                    address,
                )
            })
            .collect();
        let organizations = (0..3).map(|_| (format!("org_01{}", numbers.text(22)), numbers.uuid())).collect();
        Self { numbers, order, clock_microseconds: 1_763_900_000_000_000, people, organizations }
    }

    /// The next row; rows are 0 to 400 ms apart.
    pub(crate) fn next_row(&mut self) -> Row {
        self.clock_microseconds += self.numbers.below(400_000) as i64;
        let created_at = Timestamp::from_microsecond(self.clock_microseconds).expect("in range");
        let numbers = &mut self.numbers;
        let id = match self.order {
            IdOrder::Random => format!("activity_01{}", numbers.text(22)),
            IdOrder::Time => format!("activity_01{:013x}{}", self.clock_microseconds, numbers.text(12)),
        };
        let person = &self.people[numbers.below(numbers.0 % 179 + 1) as usize];
        let organization = &self.organizations[(numbers.below(10) / 4) as usize];
        let kind = numbers.pick(TYPES);
        let mut raw = format!(
            r#"{{"id":"{id}","created_at":"{created_at:.6}","organization_id":"{}","organization_uuid":"{}","actor":{{"type":"user_actor","user_id":"{}","email_address":"{}","ip_address":"{}","user_agent":"{}"}},"type":"{kind}","#,
            organization.0,
            organization.1,
            person.0,
            person.1,
            if numbers.below(5) == 0 {
                format!("198.51.{}.{}", numbers.below(256), numbers.below(256))
            } else {
                person.2.clone()
            },
            numbers.pick(AGENTS),
        );
        self.fields(&mut raw, kind);
        Row { id, created_at, raw: raw.into_bytes() }
    }

    fn fields(&mut self, raw: &mut String, kind: &str) {
        use std::fmt::Write;
        let target = self.people[self.numbers.below(180) as usize].clone();
        let numbers = &mut self.numbers;
        let written = if kind == "compliance_api_accessed" {
            write!(
                raw,
                r#""request_id":"req_01{}","request_method":"GET","status_code":200,"url":"https://api.anthropic.com/v1/compliance/activities?created_at.gte=2026-11-{:02}T{:02}%3A00%3A00Z&created_at.lt=2026-11-{:02}T{:02}%3A15%3A00Z&order=asc&limit=5000&after_id=activity_01{}","request_body":null,"api_key_name":"siem collector (production)","#,
                numbers.text(22),
                numbers.below(28) + 1,
                numbers.below(24),
                numbers.below(28) + 1,
                numbers.below(24),
                numbers.text(22),
            )
        } else {
            write!(
                raw,
                r#""claude_chat_id":"claude_chat_01{}","claude_project_id":"claude_proj_01{}","session_id":"{}","request_id":"req_01{}","title":null,"filename":null,"size_bytes":{},"target_user":{{"user_id":"{}","email_address":"{}","role":"{}"}},"previous_value":{{"sharing":"private","retention_days":{},"allowed":["web_search","code_execution","file_creation"]}},"current_value":{{"sharing":"organization","retention_days":{},"allowed":["web_search","code_execution","file_creation","connectors"]}},"#,
                numbers.text(22),
                numbers.text(22),
                numbers.uuid(),
                numbers.text(22),
                numbers.below(4_000_000),
                target.0,
                target.1,
                numbers.pick(&["user", "admin", "owner", "billing", "developer"]),
                numbers.below(365),
                numbers.below(365),
            )
        };
        written.expect("a String takes everything");
        let reason = numbers.pick(REASONS);
        write!(raw, r#""reason":"{reason}","client":{{"platform":"{}","application_version":"1.{}.{}","locale":"{}","surface":"{}"}}}}"#,
            numbers.pick(&["web", "desktop", "ios", "android", "cli"]), numbers.below(20), numbers.below(10),
            numbers.pick(&["en-US", "pt-PT", "de-DE", "fr-FR", "ja-JP"]), numbers.pick(&["chat", "project", "console", "settings"])).expect("a String takes everything");
    }

    /// The next `count` rows.
    pub(crate) fn take_rows(&mut self, count: usize) -> Vec<Row> {
        (0..count).map(|_| self.next_row()).collect()
    }
}
