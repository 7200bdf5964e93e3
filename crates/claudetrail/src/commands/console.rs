//! `console`: links and people, written into the console's own file beside the running server.

use std::io::{BufRead as _, IsTerminal as _};

use console_server::{Password, Role, Store, StoreError};
use jiff::Timestamp;
use serde_json::json;

use crate::{
    cli::{ConsoleCommand, ConsoleRole},
    config::Settings,
    display,
    error::{Exit, Failure, Result},
    output, serving,
};

pub(crate) fn run(settings: &Settings, command: &ConsoleCommand) -> Result<()> {
    let store = Store::open(&settings.console_path()).map_err(|error| serving::failure(&error))?;
    match command {
        ConsoleCommand::Link => link(&store),
        ConsoleCommand::AddUser { name, role } => add_user(&store, name, *role),
        ConsoleCommand::RemoveUser { name } => {
            if store.remove_user(name).map_err(refused)? {
                eprintln!("{name} can no longer sign in");
                return Ok(());
            }
            Err(Failure::new(Exit::Failed, format!("there is no user {name:?}"))
                .hint("`claudetrail console users` lists them"))
        }
        ConsoleCommand::Users { json } => users(&store, *json),
    }
}

fn link(store: &Store) -> Result<()> {
    let Some(url) = store.address().map_err(refused)? else {
        return Err(Failure::new(Exit::Failed, "no console has served this data directory yet")
            .hint("start `claudetrail run`; its console must be enabled"));
    };
    let token = store.new_link(Timestamp::now()).map_err(refused)?;
    output::print(&format!("{url}/open?token={}\n", token.expose()))
}

fn add_user(store: &Store, name: &str, role: ConsoleRole) -> Result<()> {
    let role = match role {
        ConsoleRole::Viewer => Role::Viewer,
        ConsoleRole::Admin => Role::Admin,
    };
    store.put_user(name, role, &read_password(name)?, Timestamp::now()).map_err(refused)?;
    eprintln!("{name} can sign in as {}", role.as_str());
    Ok(())
}

/// Asks twice on a terminal, without showing it; else the first line of stdin.
fn read_password(name: &str) -> Result<Password> {
    let failed =
        |error: std::io::Error| Failure::new(Exit::Failed, format!("cannot read the password: {error}"));
    if std::io::stdin().is_terminal() {
        let ask = |prompt: String| rpassword::prompt_password(prompt).map_err(failed);
        let first = ask(format!("Password for {name}: "))?;
        if first != ask("Again: ".to_owned())? {
            return Err(Failure::new(Exit::Usage, "the two passwords differ"));
        }
        return Ok(Password::new(first));
    }
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).map_err(failed)?;
    Ok(Password::new(line.trim_end_matches(['\n', '\r'])))
}

fn users(store: &Store, as_json: bool) -> Result<()> {
    let users = store.users().map_err(refused)?;
    if as_json {
        let users: Vec<_> = users
            .iter()
            .map(|user| json!({ "name": user.name, "role": user.role, "created_at": user.created_at }))
            .collect();
        return output::print(&format!("{:#}\n", json!({ "users": users })));
    }
    if users.is_empty() {
        eprintln!("nobody yet: claudetrail console add-user NAME");
    }
    let lines: Vec<String> = users
        .iter()
        .map(|user| {
            format!("{}  {}  since {}\n", user.name, user.role.as_str(), display::minute(user.created_at))
        })
        .collect();
    output::print(&lines.concat())
}

fn refused(error: StoreError) -> Failure {
    let exit = if matches!(error, StoreError::Refused(_)) { Exit::Usage } else { Exit::Failed };
    Failure::new(exit, error)
}
