//! TLS client certificates (X.509): the connection proves who we are, and no request carries a secret.

use reqwest::Identity;

use super::oauth2_jwt;

/// What can be wrong with them, in words.
pub(crate) const NOT_TOGETHER: &str = "certificate and private key cannot be read, or do not belong together";
pub(crate) const HOLDS_KEY: &str = "holds a private key; give only the certificate here";
pub(crate) const NO_CERTIFICATE: &str = "is no certificate in PEM form";

/// Certificate and key as a connection shows them. The error is for the customer.
pub(crate) fn identity(certificate: &str, key: &str) -> Result<Identity, String> {
    check(certificate)?;
    check_key(key)?;
    Identity::from_pem(format!("{}\n{}\n", key.trim(), certificate.trim()).as_bytes())
        .map_err(|_| NOT_TOGETHER.to_owned())
}

/// Whether it looks like a certificate, or a chain of them, in PEM form.
pub(crate) fn check(certificate: &str) -> Result<(), String> {
    if certificate.contains("PRIVATE KEY-----") {
        return Err(HOLDS_KEY.to_owned());
    }
    if !certificate.trim().starts_with("-----BEGIN CERTIFICATE-----") {
        return Err(format!("{NO_CERTIFICATE} (-----BEGIN CERTIFICATE-----)"));
    }
    Ok(())
}

/// Whether it looks like a private key that can be read, in PEM form.
pub(crate) fn check_key(key: &str) -> Result<(), String> {
    if !key.contains("PRIVATE KEY-----") {
        return Err(oauth2_jwt::NO_PEM.to_owned());
    }
    if key.contains("ENCRYPTED") {
        return Err(oauth2_jwt::PASSPHRASE.to_owned());
    }
    Ok(())
}
