//! Certificates and keys, read when the client is made: a handshake that fails an hour later says much less.

use std::path::Path;

use reqwest::{Certificate, ClientBuilder, Identity, tls::Version};
use rustls::crypto::{CryptoProvider, aws_lc_rs};

use crate::{
    error::{Error, ErrorKind},
    options::TlsOptions,
};

const STEP: &str = "set up TLS";

/// Names the process's crypto provider unless the program has done so: there is one in this build.
pub(crate) fn choose_provider() {
    if CryptoProvider::get_default().is_none() {
        // Failing means that another thread was faster, which is as good.
        let _ = aws_lc_rs::default_provider().install_default();
    }
}

/// Everything of the options that has to do with TLS.
pub(crate) fn configure(builder: ClientBuilder, options: &TlsOptions) -> Result<ClientBuilder, Error> {
    let minimum = if options.minimum_version_1_3 { Version::TLS_1_3 } else { Version::TLS_1_2 };
    let mut builder = builder.tls_backend_rustls().tls_version_min(minimum);
    if let Some(path) = &options.ca_file {
        let authorities = Certificate::from_pem_bundle(&read(path, "CA file")?).unwrap_or_default();
        if authorities.is_empty() {
            return Err(unusable(format!("the CA file {} holds no certificate", path.display()))
                .with_hint("give a PEM file with one or more -----BEGIN CERTIFICATE----- blocks"));
        }
        builder = builder.tls_certs_merge(authorities);
    }
    match (&options.client_certificate_file, &options.client_key_file) {
        (Some(certificate), Some(key)) => Ok(builder.identity(identity(certificate, key)?)),
        (None, None) => Ok(builder),
        _ => Err(unusable("a client certificate needs both its certificate file and its key file")),
    }
}

fn identity(certificate: &Path, key: &Path) -> Result<Identity, Error> {
    let mut pem = read(certificate, "client certificate file")?;
    let key_pem = read(key, "client key file")?;
    if key_pem.windows(9).any(|window| window == b"ENCRYPTED") {
        return Err(unusable(format!("the client key file {} is encrypted", key.display()))
            .with_hint("`openssl pkey -in KEY -out PLAIN` writes one that is not"));
    }
    pem.push(b'\n');
    pem.extend_from_slice(&key_pem);
    Identity::from_pem(&pem).map_err(|_| {
        let (certificate, key) = (certificate.display(), key.display());
        unusable(format!("{certificate} and {key} are no certificate with its private key"))
            .with_hint("give a PEM file with the certificate, and a second one with its private key")
    })
}

fn read(path: &Path, name: &str) -> Result<Vec<u8>, Error> {
    std::fs::read(path)
        .map_err(|error| unusable(format!("the {name} {} cannot be read: {error}", path.display())))
}

fn unusable(detail: impl Into<String>) -> Error {
    Error::new(ErrorKind::Configuration, STEP, detail)
}
