//! Every configuration key once: its path, kind, default and meaning.
//!
//! The example file, the JSON Schema, the reference page and the "nearest known name" of an error are all made from this
//! table, so none of them can disagree. A test holds the table against the structures that read the file.

/// What a value looks like in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Any text.
    Text,
    /// A file or folder.
    Path,
    /// Several files.
    PathList,
    /// A length of time with its unit: `500ms`, `60s`, `10m`, `24h`, `30d`.
    Duration,
    /// Several lengths of time.
    DurationList,
    /// A size in bytes with its unit: `64KB`, `10MB`, `1GB` (powers of 1,000) or `10MiB` (powers of 1,024).
    Size,
    /// A whole number within bounds, both included.
    Integer(i64, i64),
    /// A number within bounds, both included.
    Number(i64, i64),
    /// `true` or `false`.
    Boolean,
    /// Several texts.
    TextList,
    /// Where a secret comes from: `{ env = "NAME" }`, `{ file = "PATH" }`, `{ command = ["PROGRAM", "ARGUMENT"] }`.
    Secret,
    /// A range of addresses: `203.0.113.0/26`.
    Range,
    /// A country's ISO 3166 code of two letters.
    Country,
    /// `[latitude, longitude]` in degrees.
    Location,
    /// An expression of CEL over a document.
    Condition,
    /// A table of fields.
    Table,
    /// Several tables.
    Tables,
    /// One of these words.
    Choice(&'static [&'static str]),
}

/// One key of the file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Key {
    /// Dotted path; `feed[]` stands for each `[[feed]]`.
    pub(crate) path: &'static str,
    /// Shape of the value.
    pub(crate) kind: Kind,
    /// The default as TOML text; empty when there is none.
    pub(crate) default: &'static str,
    /// What it does, in a sentence or two.
    pub(crate) meaning: &'static str,
}

const fn key(path: &'static str, kind: Kind, default: &'static str, meaning: &'static str) -> Key {
    Key { path, kind, default, meaning }
}

/// The table, in the order of the example file: a table inside a feed comes after the feed's own keys.
pub(crate) const KEYS: &[Key] = &[
    key(
        "data_dir",
        Kind::Path,
        "",
        "Folder of the ledger. Default: the platform's state folder (on Linux ~/.local/state/claudetrail, under systemd $STATE_DIRECTORY).",
    ),
    key(
        "log.level",
        Kind::Choice(&["error", "warn", "info", "debug", "trace"]),
        "\"info\"",
        "How much is logged, to stderr.",
    ),
    key(
        "log.format",
        Kind::Choice(&["auto", "text", "json"]),
        "\"auto\"",
        "Form of a log line; auto is text on a terminal and JSON otherwise.",
    ),
    key("console.enabled", Kind::Boolean, "true", "Whether `run` serves the console."),
    key(
        "console.listen",
        Kind::Text,
        "\"127.0.0.1:8321\"",
        "Address and port. On loopback a one-time link signs in, which `run` prints and `claudetrail console link` makes anew; on any other address console.tls or console.trusted_proxies is needed, and people sign in by name.",
    ),
    key(
        "console.public_url",
        Kind::Text,
        "",
        "Address that people use, such as https://claudetrail.example.com, when it is not the one listened on. Requests for other names are refused.",
    ),
    key(
        "console.trusted_proxies",
        Kind::TextList,
        "[]",
        "Networks of reverse proxies that speak TLS before the console (`10.0.0.0/8`, `127.0.0.1`). Others are refused, and X-Forwarded-For is believed from these alone.",
    ),
    key("console.session_lifetime", Kind::Duration, "\"12h\"", "After this long everybody signs in anew."),
    key(
        "console.session_idle_timeout",
        Kind::Duration,
        "\"2h\"",
        "After this long without a request a session ends.",
    ),
    key(
        "console.access_log_retention",
        Kind::Duration,
        "\"365d\"",
        "How long it is kept who signed in, searched, read and exported.",
    ),
    key(
        "console.tls.certificate_file",
        Kind::Path,
        "",
        "PEM file of the certificate chain, the console's own first. A renewed file is noticed within ten minutes.",
    ),
    key("console.tls.key_file", Kind::Path, "", "PEM file of the certificate's private key."),
    key(
        "console.oidc.issuer",
        Kind::Text,
        "",
        "OpenID provider that people sign in with, such as https://login.example.com: the issuer that its discovery document names. It sends people back to <console.public_url>/login/oidc/callback.",
    ),
    key("console.oidc.client_id", Kind::Text, "", "The console's client id at the provider."),
    key(
        "console.oidc.client_secret",
        Kind::Secret,
        "",
        "The console's client secret; without one it is a public client and relies on PKCE alone.",
    ),
    key(
        "console.oidc.scopes",
        Kind::TextList,
        "[\"openid\", \"email\", \"profile\"]",
        "Scopes asked for. Some providers need `groups` as well.",
    ),
    key(
        "console.oidc.user_claim",
        Kind::Text,
        "\"email\"",
        "The claim that names the user. An address that the provider has not verified does not; `sub` then does.",
    ),
    key("console.oidc.groups_claim", Kind::Text, "\"groups\"", "The claim that lists the user's groups."),
    key(
        "console.oidc.admin_groups",
        Kind::TextList,
        "[]",
        "Members of these groups are administrators; \"*\" is everybody whom the provider knows.",
    ),
    key(
        "console.oidc.viewer_groups",
        Kind::TextList,
        "[]",
        "Members of these groups are viewers; \"*\" is everybody whom the provider knows. Nobody else comes in.",
    ),
    key(
        "console.oidc.ca_file",
        Kind::Path,
        "",
        "PEM file of authorities to trust beside the system's own, for the provider.",
    ),
    key(
        "search.sink",
        Kind::Text,
        "",
        "Name of a [[sink]] of type elasticsearch whose cluster answers the queries of the console, of `search` and of `stats`, instead of the search index. The sink's credentials must be allowed to read. What it has not been delivered yet is not found.",
    ),
    key(
        "index.enabled",
        Kind::Boolean,
        "true",
        "Keeps the search index up with the ledger while collecting, so that `search`, `stats` and the console answer at once. With search.sink the default is false: a cluster answers.",
    ),
    key(
        "index.retention",
        Kind::Duration,
        "\"3650d\"",
        "How long documents stay in the search index, by the time of the activity. At least a day. The ledger keeps everything.",
    ),
    key(
        "feed[].name",
        Kind::Text,
        "\"anthropic\"",
        "Name of the feed in the ledger, in logs and in `status`. Keep it: a new name starts a new trail.",
    ),
    key(
        "feed[].api_key",
        Kind::Secret,
        "{ env = \"ANTHROPIC_COMPLIANCE_KEY\" }",
        "Where the Compliance Access Key or Admin API key comes from. It is read again when the API refuses it, so a rotated key needs no restart.",
    ),
    key("feed[].base_url", Kind::Text, "\"https://api.anthropic.com\"", "Root of the API."),
    key("feed[].api_version", Kind::Text, "\"2023-06-01\"", "Value of the anthropic-version header."),
    key(
        "feed[].poll_interval",
        Kind::Duration,
        "\"60s\"",
        "How often the feed is asked for news, from the start of one poll to the next. Between 1s and 1d.",
    ),
    key(
        "feed[].initial_lookback",
        Kind::Duration,
        "\"24h\"",
        "How far back a new trail begins. The API keeps six years; a row from before the Compliance API was switched on does not exist.",
    ),
    key("feed[].page_size", Kind::Integer(1, 5000), "5000", "Activities asked for per request."),
    key(
        "feed[].overlap_floor",
        Kind::Duration,
        "\"5m\"",
        "Every poll asks again at least this far behind what is covered, because rows may become visible late. At least `settle`.",
    ),
    key(
        "feed[].overlap_ceiling",
        Kind::Duration,
        "\"1h\"",
        "The stretch that every poll asks again follows the lag of the rows, from overlap_floor up to this. What comes later still is found by reconcile_after.",
    ),
    key(
        "feed[].settle",
        Kind::Duration,
        "\"60s\"",
        "How old a moment must be before the trail calls it complete. The vendor promises that rows can be queried within a minute.",
    ),
    key(
        "feed[].activity_types",
        Kind::TextList,
        "[]",
        "Only these activity types; empty means all. `api_key_*` is expanded from the catalogue. Not together with excluded_activity_types.",
    ),
    key(
        "feed[].excluded_activity_types",
        Kind::TextList,
        "[]",
        "All activity types but these; wildcards as above.",
    ),
    key(
        "feed[].actor_ids",
        Kind::TextList,
        "[]",
        "Only activities of these people (`user_…` ids, the only kind the API accepts).",
    ),
    key(
        "feed[].organization_ids",
        Kind::TextList,
        "[]",
        "Only these organizations (`org_…` or UUID). The API also returns rows without an organization, such as sign-ins.",
    ),
    key(
        "feed[].budget_share",
        Kind::Number(0, 1),
        "0.5",
        "Share of the parent organization's 600 requests a minute that this program may spend, on all feeds of the parent together. Where they differ, the least counts.",
    ),
    key(
        "feed[].parent",
        Kind::Text,
        "",
        "Name of the parent organization, of your choosing: feeds that name the same one share its budget. Default: feeds with the same base_url and key do.",
    ),
    key(
        "feed[].reconcile_after",
        Kind::DurationList,
        "[\"10m\", \"1h\", \"24h\", \"72h\"]",
        "Ages at which a covered stretch is asked again, to find rows that became visible late; [] for never. Ages of 48h and more count weekdays only, because some rows surface up to two business days late.",
    ),
    key(
        "feed[].request_timeout",
        Kind::Duration,
        "\"120s\"",
        "Longest wait for one answer, its body included. Pages of megabytes take seconds.",
    ),
    key("feed[].connect_timeout", Kind::Duration, "\"10s\"", "Longest wait for a connection."),
    key(
        "feed[].proxy",
        Kind::Text,
        "",
        "Proxy for this feed: http://, https:// or socks5://; \"direct\" for none. Default: what HTTPS_PROXY, ALL_PROXY and NO_PROXY say.",
    ),
    key("feed[].tags", Kind::TextList, "[]", "Added to `tags` of every document of this feed."),
    key(
        "feed[].preserve_original_event",
        Kind::Boolean,
        "false",
        "Puts the exact JSON of each activity into event.original, with the tag preserve_original_event.",
    ),
    key(
        "feed[].processor",
        Kind::Tables,
        "[]",
        "Edits of this feed's documents, after those of every [[processor]], with the same keys: [[feed.processor]].",
    ),
    key(
        "feed[].namespace",
        Kind::Text,
        "\"default\"",
        "Namespace of the data stream: logs-anthropic.audit-<namespace>.",
    ),
    key(
        "feed[].tls.ca_file",
        Kind::Path,
        "",
        "PEM file of authorities to trust beside the system's own, for a proxy that opens TLS.",
    ),
    key("feed[].tls.client_certificate_file", Kind::Path, "", "PEM file of a client certificate."),
    key("feed[].tls.client_key_file", Kind::Path, "", "PEM file of the client certificate's key."),
    key(
        "feed[].tls.minimum_version",
        Kind::Choice(&["1.2", "1.3"]),
        "\"1.2\"",
        "Oldest TLS version accepted.",
    ),
    key(
        "feed[].transparency_log.enabled",
        Kind::Boolean,
        "true",
        "Whether the vendor's transparency log is checked: its signed checkpoints, that it only grows, and that every `anthropic_access` and `cmek_preserve` row stands in it. Nothing is asked while there is no such row and no organization below.",
    ),
    key(
        "feed[].transparency_log.interval",
        Kind::Duration,
        "\"24h\"",
        "From one check of a log to the next. Between 1s and 30d; the vendor advises a day at most.",
    ),
    key(
        "feed[].transparency_log.organizations",
        Kind::TextList,
        "[]",
        "UUIDs of the organizations whose logs are checked, taken from the Claude Console (Settings > Organization) and not from the API that is checked. Logs of other organizations are checked once the feed shows a row of theirs.",
    ),
    key(
        "feed[].transparency_log.trusted_keys",
        Kind::TextList,
        "[\"1dff5fe420d49743fe444a04fc17f818eea856699dec2ebbc24df15602c74a58\"]",
        "SHA-256 fingerprints of the keys that may sign checkpoints. The vendor publishes them in its documentation, and announces a new one there 30 days before it signs: add it then, and keep the old one until the switch.",
    ),
    key(
        "feed[].request_trace.directory",
        Kind::Path,
        "",
        "Folder for a trace of requests and answers, without secrets. Off unless set.",
    ),
    key(
        "feed[].request_trace.max_file_size",
        Kind::Size,
        "\"10MB\"",
        "Size at which a trace file is rotated.",
    ),
    key("feed[].request_trace.max_files", Kind::Integer(1, 1000), "5", "Trace files kept."),
    key(
        "sink[].name",
        Kind::Text,
        "\"elasticsearch\"",
        "Name of the sink in `status`, in logs and for `dead-letters` and `replay`. Keep it: a new name begins at the beginning. Default: its type.",
    ),
    key(
        "sink[].type",
        Kind::Choice(super::sinks::KINDS),
        "\"elasticsearch\"",
        "What it is; elasticsearch is OpenSearch too.",
    ),
    key(
        "sink[].from",
        Kind::Text,
        "",
        "Only activities created at or after this time (2026-11-23T08:00:00Z) or day (2026-11-23, midnight UTC). Default: the whole trail.",
    ),
    key("sink[].batch_documents", Kind::Integer(1, 50_000), "2000", "Documents sent together at most."),
    key(
        "sink[].batch_size",
        Kind::Size,
        "\"8MB\"",
        "Bytes of documents sent together at most, before compression; 10kB to 90MB.",
    ),
    key("sink[].batches_in_flight", Kind::Integer(1, 16), "2", "Batches sent side by side."),
    key(
        "sink[].max_backoff",
        Kind::Duration,
        "\"1m\"",
        "Longest wait before a failed delivery is tried again.",
    ),
    key(
        "sink[].hosts",
        Kind::TextList,
        "[\"http://localhost:9200\"]",
        "elasticsearch: addresses of the nodes, or of proxies before them. A request goes to the next one when a host cannot be reached.",
    ),
    key(
        "sink[].api_key",
        Kind::Secret,
        "",
        "elasticsearch: an API key in its encoded form. Read again when it is refused, as the other secrets are.",
    ),
    key("sink[].user", Kind::Text, "", "elasticsearch: user name, together with password."),
    key("sink[].password", Kind::Secret, "", "elasticsearch: the user's password."),
    key("sink[].bearer_token", Kind::Secret, "", "elasticsearch: a bearer token, instead of the above."),
    key(
        "sink[].data_stream",
        Kind::Text,
        "\"logs-anthropic.audit\"",
        "elasticsearch: the data stream's name before its namespace, which is the feed's. Rules and dashboards made for Elastic's integration read the default.",
    ),
    key("sink[].pipeline", Kind::Text, "", "elasticsearch: an ingest pipeline that documents go through."),
    key(
        "sink[].retention",
        Kind::Duration,
        "",
        "elasticsearch: how long documents are kept, counted from when their backing index is closed; `claudetrail setup elasticsearch` sets it. Default: for ever.",
    ),
    key(
        "sink[].logsdb",
        Kind::Boolean,
        "false",
        "elasticsearch: have `claudetrail setup elasticsearch` choose Elasticsearch's index mode logsdb, which takes less room.",
    ),
    key(
        "sink[].kibana",
        Kind::Text,
        "",
        "elasticsearch: address of Kibana or OpenSearch Dashboards, with /s/SPACE behind it for a space; `claudetrail setup elasticsearch` imports dashboards there, with this sink's credentials.",
    ),
    key("sink[].compression", Kind::Boolean, "true", "elasticsearch: compress requests with gzip."),
    key("sink[].request_timeout", Kind::Duration, "\"1m\"", "Longest wait for one answer."),
    key("sink[].connect_timeout", Kind::Duration, "\"10s\"", "Longest wait for a connection."),
    key("sink[].proxy", Kind::Text, "", "Proxy for this sink, as for a feed."),
    key("sink[].tls.ca_file", Kind::Path, "", "PEM file of authorities to trust beside the system's own."),
    key("sink[].tls.client_certificate_file", Kind::Path, "", "PEM file of a client certificate."),
    key("sink[].tls.client_key_file", Kind::Path, "", "PEM file of the client certificate's key."),
    key(
        "sink[].tls.minimum_version",
        Kind::Choice(&["1.2", "1.3"]),
        "\"1.2\"",
        "Oldest TLS version accepted.",
    ),
    key(
        "network[].cidr",
        Kind::Range,
        "",
        "The addresses: a range of IPv4 or IPv6, or one address alone. The narrowest range that holds an address speaks for it.",
    ),
    key("network[].name", Kind::Text, "", "What you call it: source.geo.name."),
    key(
        "network[].country",
        Kind::Country,
        "",
        "source.geo.country_iso_code; its name and continent follow.",
    ),
    key("network[].city", Kind::Text, "", "source.geo.city_name."),
    key("network[].location", Kind::Location, "", "source.geo.location."),
    key(
        "network[].trusted",
        Kind::Boolean,
        "false",
        "Keeps these addresses out of travel rules: anthropic.audit.trusted_network.",
    ),
    key(
        "processor[].when",
        Kind::Condition,
        "",
        "Only documents for which this is true; without it, every one. An expression of CEL (https://cel.dev) over the ECS document, also where OCSF events are written; one that names what only an event has (class_uid) is for events alone. A field that a document does not have makes it false.",
    ),
    key(
        "processor[].drop",
        Kind::Boolean,
        "false",
        "Leaves the document out of exports and deliveries, and counts it. The ledger keeps the activity.",
    ),
    key(
        "processor[].add",
        Kind::Table,
        "{}",
        "Fields with their values: { \"labels.team\" = \"security\" }. What is there already is replaced. Names here, in rename and in remove are those of the schema that is written.",
    ),
    key("processor[].rename", Kind::Table, "{}", "Fields with their new names."),
    key("processor[].remove", Kind::TextList, "[]", "Fields that are taken away."),
    key(
        "processor[].mask",
        Kind::TextList,
        "[]",
        "Fields, of ECS or OCSF, whose text becomes ***, wherever else in the document it stands: user.email is hidden in OCSF events too.",
    ),
    key(
        "processor[].hash",
        Kind::TextList,
        "[]",
        "Fields, of ECS or OCSF, whose text becomes its HMAC-SHA256 in hexadecimal, wherever else in the document it stands.",
    ),
    key("processor[].key", Kind::Secret, "{ env = \"CLAUDETRAIL_HASH_KEY\" }", "The key of hash."),
    key(
        "processor[].keep_original",
        Kind::Boolean,
        "false",
        "true puts the exact JSON of the activity into event.original (OCSF: raw_data), false takes it away. Unset, it goes when something is removed, masked or hashed.",
    ),
    key(
        "enrichment.databases",
        Kind::PathList,
        "[]",
        "MMDB files of MaxMind, DB-IP or others, for countries, cities or autonomous systems; asked in this order, after [[network]] and before what the program was built with. Read again when a file changes.",
    ),
];

/// The members of a secret, which stand under many keys.
const SECRET_MEMBERS: [&str; 4] = ["env", "file", "command", "value"];

/// The known key nearest to a misspelt one, among the parts of all paths.
pub(crate) fn nearest(name: &str) -> Option<&'static str> {
    let parts = KEYS.iter().flat_map(|key| key.path.split('.')).map(|part| part.trim_end_matches("[]"));
    parts
        .chain(SECRET_MEMBERS)
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .min()
        .filter(|(distance, candidate)| *distance <= 2.max(candidate.len() / 3))
        .map(|(_, candidate)| candidate)
}
