//! Where the configuration file and the data folder are looked for.

use std::path::{Path, PathBuf};

use etcetera::BaseStrategy as _;

use crate::error::{Exit, Failure, Result};

/// The file to read: `--config`, else `CLAUDETRAIL_CONFIG` (clap merges the two), else the first that exists of the one in the
/// folder that `--data-dir` names (a demo's), `./claudetrail.toml`, the user's and the system's configuration folder. `None`
/// means: defaults alone.
pub(crate) fn config_file(explicit: Option<&Path>, data_dir: Option<&Path>) -> Option<PathBuf> {
    if let Some(path) = explicit {
        return Some(path.to_owned());
    }
    let beside_ledger = data_dir.map(|folder| folder.join("claudetrail.toml"));
    beside_ledger.into_iter().chain(places()).find(|path| path.is_file())
}

/// The places searched when no file is named, in order.
pub(crate) fn places() -> Vec<PathBuf> {
    let mut places = vec![PathBuf::from("claudetrail.toml")];
    if let Ok(base) = etcetera::choose_base_strategy() {
        places.push(base.config_dir().join("claudetrail").join("claudetrail.toml"));
    }
    if cfg!(unix) {
        places.push(PathBuf::from("/etc/claudetrail/claudetrail.toml"));
    }
    places
}

/// systemd's `$STATE_DIRECTORY`, else the platform's folder for state.
pub(crate) fn default_data_dir() -> Result<PathBuf> {
    if let Some(folder) = std::env::var_os("STATE_DIRECTORY").filter(|folder| !folder.is_empty()) {
        return Ok(PathBuf::from(folder));
    }
    let base = etcetera::choose_base_strategy().ok();
    base.map(|base| base.state_dir().unwrap_or_else(|| base.data_dir()).join("claudetrail")).ok_or_else(
        || {
            Failure::new(Exit::Usage, "cannot tell where to keep the ledger: this user has no home folder")
                .hint("set data_dir in the configuration, or pass --data-dir")
        },
    )
}
