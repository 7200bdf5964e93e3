//! The user's certificates and keys, read and checked before the first connection.
//!
//! Every file is read once, when the transport is made, and what is wrong with it is said then: a handshake that fails
//! an hour later says much less.

use std::path::Path;

use reqwest::{Certificate, ClientBuilder, Identity};
use rustls::RootCertStore;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::{Error as PemError, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use super::options::{HttpOptions, MinimumTlsVersion};
use crate::error::{Error, ErrorKind};

const HINT_CA_FILE: &str =
    "give a PEM file with one or more -----BEGIN CERTIFICATE----- blocks as the CA file";
const HINT_CLIENT_CERTIFICATE: &str =
    "give a PEM file with the client certificate, its chain after it, and a second one with its private key";
const HINT_CLIENT_KEY: &str =
    "give the private key as an unencrypted PEM file; `openssl pkey -in KEY -out PLAIN` writes one";

/// Chooses the process's crypto provider unless the program has chosen already. There is one in this build, and naming
/// it keeps every TLS user of the process from having to guess.
pub(super) fn choose_provider() {
    if CryptoProvider::get_default().is_none() {
        // Failing means that another thread was faster, which is as good.
        let _ = aws_lc_rs::default_provider().install_default();
    }
}

/// Everything of the options that has to do with TLS.
pub(super) fn configure(builder: ClientBuilder, options: &HttpOptions) -> Result<ClientBuilder, Error> {
    let minimum = match options.minimum_tls_version {
        MinimumTlsVersion::Tls12 => reqwest::tls::Version::TLS_1_2,
        MinimumTlsVersion::Tls13 => reqwest::tls::Version::TLS_1_3,
    };
    let mut builder = builder.tls_backend_rustls().tls_version_min(minimum);
    if let Some(path) = &options.ca_file {
        builder = builder.tls_certs_merge(authorities(path)?);
    }
    match (&options.client_certificate_file, &options.client_key_file) {
        (Some(certificate), Some(key)) => Ok(builder.identity(identity(certificate, key)?)),
        (None, None) => Ok(builder),
        _ => Err(unusable("a client certificate needs both its certificate file and its key file")
            .with_hint(HINT_CLIENT_CERTIFICATE)),
    }
}

/// The certificate authorities of a PEM file, each known to be usable as one.
fn authorities(path: &Path) -> Result<Vec<Certificate>, Error> {
    let found = certificates(path, "CA file").map_err(|error| error.with_hint(HINT_CA_FILE))?;
    let mut store = RootCertStore::empty();
    let mut authorities = Vec::with_capacity(found.len());
    for (index, certificate) in found.into_iter().enumerate() {
        let usable = Certificate::from_der(&certificate);
        store.add(certificate).map_err(|error| {
            let detail =
                format!("certificate {} of the CA file {} is not usable: {error}", index + 1, path.display());
            unusable(detail).with_hint(HINT_CA_FILE)
        })?;
        authorities.push(usable.map_err(|error| unusable(format!("the CA file is not usable: {error}")))?);
    }
    Ok(authorities)
}

fn certificates(path: &Path, name: &str) -> Result<Vec<CertificateDer<'static>>, Error> {
    let pem = read(path, name)?;
    let found: Result<Vec<_>, PemError> = CertificateDer::pem_slice_iter(&pem).collect();
    let found = found
        .map_err(|error| unusable(format!("the {name} {} is not valid PEM: {error}", path.display())))?;
    if found.is_empty() {
        return Err(unusable(format!("the {name} {} holds no certificate", path.display())));
    }
    Ok(found)
}

fn identity(certificate_path: &Path, key_path: &Path) -> Result<Identity, Error> {
    let chain = certificates(certificate_path, "client certificate file")
        .map_err(|error| error.with_hint(HINT_CLIENT_CERTIFICATE))?;
    let key_pem = read(key_path, "client key file")?;
    let key = PrivateKeyDer::from_pem_slice(&key_pem)
        .map_err(|error| no_private_key(key_path, &key_pem, &error))?;
    // Refuses a key of a kind that is not supported, and one that is not the certificate's.
    CertifiedKey::from_der(chain, key, &aws_lc_rs::default_provider()).map_err(|error| {
        let (certificate, key) = (certificate_path.display(), key_path.display());
        unusable(format!("the client key {key} does not fit the client certificate {certificate}: {error}"))
            .with_hint(HINT_CLIENT_CERTIFICATE)
    })?;
    let mut pem = read(certificate_path, "client certificate file")?;
    pem.push(b'\n');
    pem.extend_from_slice(&key_pem);
    Identity::from_pem(&pem).map_err(|error| {
        unusable(format!("the client certificate is not usable: {}", super::fault::causes(&error)))
            .with_hint(HINT_CLIENT_CERTIFICATE)
    })
}

fn no_private_key(path: &Path, pem: &[u8], error: &PemError) -> Error {
    let is_encrypted = pem.windows(9).any(|window| window == b"ENCRYPTED");
    let detail = if is_encrypted {
        format!("the client key file {} is encrypted", path.display())
    } else {
        format!("the client key file {} holds no usable private key: {error}", path.display())
    };
    unusable(detail).with_hint(HINT_CLIENT_KEY)
}

fn read(path: &Path, name: &str) -> Result<Vec<u8>, Error> {
    std::fs::read(path)
        .map_err(|error| unusable(format!("the {name} {} cannot be read: {error}", path.display())))
}

fn unusable(detail: impl Into<String>) -> Error {
    Error::new(ErrorKind::Configuration, detail).at_step("setting up TLS")
}
