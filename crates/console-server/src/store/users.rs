//! People with a password, and one-time links: what `claudetrail console` writes beside the running server.

use jiff::Timestamp;
use rusqlite::{OptionalExtension as _, params};

use super::{Store, links, sessions};
use crate::{
    options::Role,
    password::{self, Password},
    secret::Token,
};

/// Somebody who may sign in with a password.
#[derive(Debug, Clone)]
pub struct User {
    /// The name, as typed at the sign-in.
    pub name: String,
    /// What they may do.
    pub role: Role,
    /// Since when.
    pub created_at: Timestamp,
}

/// Why a change of `console.sqlite` failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The password or name cannot be used.
    #[error("{0}")]
    Refused(String),
    /// The file or the system failed.
    #[error("console.sqlite: {0}")]
    Failed(String),
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Failed(error.to_string())
    }
}

impl Store {
    /// Makes a one-time link's token: who shows it first within 15 minutes is signed in as an administrator.
    pub fn new_link(&self, now: Timestamp) -> Result<Token, StoreError> {
        let token = Token::random().map_err(|error| StoreError::Failed(error.to_string()))?;
        links::add(&self.lock(), &token, now)?;
        Ok(token)
    }

    /// Where the console of this file is served, or was last.
    pub fn address(&self) -> Result<Option<String>, StoreError> {
        Ok(links::address(&self.lock())?)
    }

    pub(crate) fn put_address(&self, url: &str) -> Result<(), rusqlite::Error> {
        links::put_address(&self.lock(), url)
    }

    /// Adds somebody, or gives them a new password and role; their sessions end.
    pub fn put_user(
        &self,
        name: &str,
        role: Role,
        password: &Password,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let fits = |letter: char| letter.is_alphanumeric() || "@._+-".contains(letter);
        if name.is_empty() || name.len() > 200 || !name.chars().all(fits) {
            return Err(StoreError::Refused(format!(
                "{name:?} cannot be a name: letters, digits and @ . _ + - can stand in one"
            )));
        }
        let hash = password::hash(password).map_err(StoreError::Refused)?;
        let connection = self.lock();
        connection.execute(
            "INSERT INTO user (name, role, password_hash, created_at) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (name) DO UPDATE SET role = excluded.role, password_hash = excluded.password_hash",
            params![name, role.as_str(), hash, now.as_second()],
        )?;
        connection.execute("DELETE FROM session WHERE user = ?1 AND method = 'password'", [name])?;
        Ok(())
    }

    /// Removes somebody and ends their sessions; `false` when there is nobody of that name.
    pub fn remove_user(&self, name: &str) -> Result<bool, StoreError> {
        let connection = self.lock();
        connection.execute("DELETE FROM session WHERE user = ?1 AND method = 'password'", [name])?;
        Ok(connection.execute("DELETE FROM user WHERE name = ?1", [name])? == 1)
    }

    /// Everybody with a password, by name.
    pub fn users(&self) -> Result<Vec<User>, StoreError> {
        let connection = self.lock();
        let mut statement =
            connection.prepare_cached("SELECT name, role, created_at FROM user ORDER BY name")?;
        let users = statement.query_map([], |row| {
            Ok(User {
                name: row.get(0)?,
                role: Role::parse(&row.get::<_, String>(1)?),
                created_at: super::access::time(row.get(2)?),
            })
        })?;
        Ok(users.collect::<Result<_, _>>()?)
    }

    /// Hash and role of a user.
    pub(crate) fn password_hash(&self, name: &str) -> Result<Option<(String, Role)>, rusqlite::Error> {
        self.lock()
            .prepare_cached("SELECT password_hash, role FROM user WHERE name = ?1")?
            .query_row([name], |row| Ok((row.get(0)?, Role::parse(&row.get::<_, String>(1)?))))
            .optional()
    }

    pub(crate) fn has_users(&self) -> Result<bool, rusqlite::Error> {
        self.lock().query_row("SELECT EXISTS (SELECT 1 FROM user)", [], |row| row.get(0))
    }

    /// Begins a session and returns its token.
    pub(crate) fn begin_session(
        &self,
        new: &sessions::NewSession<'_>,
        now: Timestamp,
    ) -> Result<(), rusqlite::Error> {
        sessions::begin(&self.lock(), new, now)
    }
}
