//! `verify keygen`: makes the key that signs attestations.

use std::path::{Path, PathBuf};

use crate::{
    cli::Keygen,
    config::Settings,
    error::{Exit, Failure, Result},
    output,
    signing_key::{SigningKey, write_new},
};

/// Where the key is unless another place is named.
pub(super) fn key_path(settings: &Settings, named: Option<&Path>) -> PathBuf {
    named.map_or_else(|| settings.data_dir.join("attestation-key.pem"), Path::to_owned)
}

pub(super) fn run(settings: &Settings, arguments: &Keygen) -> Result<()> {
    let path = key_path(settings, arguments.key.as_deref());
    let public_path = path.with_extension("pub.pem");
    if public_path.exists() {
        return Err(Failure::new(
            Exit::Failed,
            format!("cannot write {}: it is there already", public_path.display()),
        )
        .hint("nothing is overwritten: move it away, or choose another name with --key"));
    }
    if arguments.key.is_none() {
        std::fs::create_dir_all(&settings.data_dir)
            .map_err(|error| crate::supervisor::data_dir_failure(settings, &error))?;
    }
    let public_key = SigningKey::create(&path)?.public_key();
    write_new(&public_path, public_key.to_pem().as_bytes(), 0o644)?;
    output::print(&format!(
        "secret key   {}  (keep it safe: whoever has it can sign as you)\n\
         public key   {}  (give it to whoever checks your attestations)\n\
         fingerprint  {}\n",
        path.display(),
        public_path.display(),
        public_key.fingerprint()
    ))
}
