//! TLS client certificates (X.509): the connection proves who we are, and no request carries a secret.

use reqwest::Identity;

pub(crate) const NOT_TOGETHER: &str = "certificate and private key cannot be read, or do not belong together";

/// Certificate and key as a connection shows them. The error is for the customer.
pub(crate) fn identity(certificate: &str, key: &str) -> Result<Identity, String> {
    check(certificate)?;
    if !key.contains("PRIVATE KEY-----") {
        return Err("the private key is no private key in PEM form (-----BEGIN PRIVATE KEY-----)".to_owned());
    }
    if key.contains("ENCRYPTED") {
        return Err("the private key is protected by a passphrase; give it without one".to_owned());
    }
    Identity::from_pem(format!("{}\n{}\n", key.trim(), certificate.trim()).as_bytes())
        .map_err(|_| NOT_TOGETHER.to_owned())
}

/// Whether it looks like a certificate, or a chain of them, in PEM form.
pub(crate) fn check(certificate: &str) -> Result<(), String> {
    if certificate.contains("PRIVATE KEY-----") {
        return Err("holds a private key; give only the certificate here".to_owned());
    }
    if !certificate.trim().starts_with("-----BEGIN CERTIFICATE-----") {
        return Err("is no certificate in PEM form (-----BEGIN CERTIFICATE-----)".to_owned());
    }
    Ok(())
}
