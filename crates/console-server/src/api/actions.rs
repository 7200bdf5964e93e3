//! What administrators can have done: dead letters sent again or let go, the chain recomputed, an attestation made.
//!
//! One at a time, each written into the access log before it begins; one that fails is written as failed, too.

use std::sync::Arc;

use axum::{Json, extract::State};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    app::App,
    caller::Caller,
    error::ApiError,
    extract::Body,
    guard::SignedIn,
    options::Role,
    trail::{Actions, Attest},
};

use super::dead_letters::unknown_sink;

/// Names of what somebody may have done here.
pub(crate) fn offered(app: &App, role: Role) -> &'static [&'static str] {
    if app.actions.is_some() && role == Role::Admin {
        &["dead_letters", "verify", "attestation"]
    } else {
        &[]
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Letters {
    sink: String,
    sequences: Option<Vec<u64>>,
    #[serde(default)]
    all: bool,
}

impl Letters {
    /// A list that names none is a mistake, not all of them.
    fn check(&self) -> Result<(), ApiError> {
        match &self.sequences {
            Some(sequences) if sequences.is_empty() => {
                Err(ApiError::bad_request("sequences names no dead letter"))
            }
            _ => Ok(()),
        }
    }

    fn in_words(&self) -> String {
        match &self.sequences {
            None => format!("{} · all", self.sink),
            Some(sequences) => {
                let numbers: Vec<String> = sequences.iter().map(u64::to_string).collect();
                format!("{} · {}", self.sink, numbers.join(", "))
            }
        }
    }
}

/// Sends dead letters again.
pub(crate) async fn retry(
    State(app): State<App>,
    caller: Caller,
    signed_in: SignedIn,
    Body(letters): Body<Letters>,
) -> Result<Json<Value>, ApiError> {
    letters.check()?;
    let asked = Asked { app, caller, signed_in, action: "retry_dead_letters", detail: letters.in_words() };
    asked
        .of_sink(letters, |actions, letters| actions.retry(&letters.sink, letters.sequences.as_deref()))
        .await
}

/// Lets dead letters go.
pub(crate) async fn drop_letters(
    State(app): State<App>,
    caller: Caller,
    signed_in: SignedIn,
    Body(letters): Body<Letters>,
) -> Result<Json<Value>, ApiError> {
    letters.check()?;
    if letters.all == letters.sequences.is_some() {
        return Err(ApiError::bad_request("which ones?").hint("name them in sequences, or say all: true"));
    }
    let asked = Asked { app, caller, signed_in, action: "drop_dead_letters", detail: letters.in_words() };
    let work = |actions: &dyn Actions, letters: &Letters| {
        let dropped = actions.drop_letters(&letters.sink, letters.sequences.as_deref())?;
        Ok(json!({ "dropped": dropped }))
    };
    asked.of_sink(letters, work).await
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Nothing {}

/// Recomputes the chain.
pub(crate) async fn verify(
    State(app): State<App>,
    caller: Caller,
    signed_in: SignedIn,
    Body(Nothing {}): Body<Nothing>,
) -> Result<Json<Value>, ApiError> {
    let by = signed_in.session.user.clone();
    let asked = Asked { app, caller, signed_in, action: "verify", detail: String::new() };
    asked.done(move |actions| actions.verify(&by)).await
}

/// Makes a signed attestation of what the ledger holds.
pub(crate) async fn attest(
    State(app): State<App>,
    caller: Caller,
    signed_in: SignedIn,
    Body(wanted): Body<Attest>,
) -> Result<Json<Value>, ApiError> {
    let bound = |time: Option<jiff::Timestamp>| time.map_or_else(|| "…".to_owned(), |time| time.to_string());
    let feed = wanted.feed.as_deref().unwrap_or("every feed");
    let detail = format!("{feed} · {} → {}", bound(wanted.from), bound(wanted.to));
    let asked = Asked { app, caller, signed_in, action: "attest", detail };
    asked.done(move |actions| actions.attest(&wanted)).await
}

/// An action that somebody asked for.
struct Asked {
    app: App,
    caller: Caller,
    signed_in: SignedIn,
    action: &'static str,
    detail: String,
}

impl Asked {
    /// Has it done for a sink that there is.
    async fn of_sink(
        self,
        letters: Letters,
        work: impl FnOnce(&dyn Actions, &Letters) -> Result<Value, ApiError> + Send + 'static,
    ) -> Result<Json<Value>, ApiError> {
        self.signed_in.as_admin("dead letters are for administrators to handle")?;
        let sink = letters.sink.clone();
        let known = move |reader: &ledger::Reader| Ok(reader.sinks()?.iter().any(|known| known.name == sink));
        if !self.app.readers.with(known).await? {
            return Err(unknown_sink(&letters.sink));
        }
        self.done(move |actions| work(actions, &letters)).await
    }

    /// Has it done, if the one who asks may and nothing else is under way.
    async fn done(
        self,
        work: impl FnOnce(&dyn Actions) -> Result<Value, ApiError> + Send + 'static,
    ) -> Result<Json<Value>, ApiError> {
        self.signed_in.as_admin("only administrators have something done")?;
        let actions = self.app.actions.clone().ok_or_else(|| {
            ApiError::conflict("no_actions", "this console only shows the trail")
                .hint("the command line does the same: `claudetrail dead-letters`, `claudetrail verify`")
        })?;
        let turn = Arc::clone(&self.app.acting).try_lock_owned().map_err(|_| {
            ApiError::conflict("busy", "another action is under way").hint("wait for its end, then ask again")
        })?;
        self.log("success", &self.detail).await?;
        let done = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work(&*actions)
        });
        match done.await.map_err(ApiError::internal)? {
            Ok(answer) => Ok(Json(answer)),
            Err(error) => {
                self.log("failure", &format!("{} · {error}", self.detail)).await?;
                Err(error)
            }
        }
    }

    async fn log(&self, outcome: &'static str, detail: &str) -> Result<(), ApiError> {
        let (user, address) = (&self.signed_in.session.user, &self.caller.address);
        self.app.log(user, address, self.action, outcome, detail).await
    }
}
