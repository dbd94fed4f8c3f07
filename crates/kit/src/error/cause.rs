//! Why a system does not work for us, told apart as far as the system tells: so that the right person does the right thing.
//!
//! Systems refuse wrong, expired and locked passwords with one status, many with one text, on purpose. Where the text or the
//! code says more, it is believed; where it does not, the cause is that the credentials were refused.

use super::{Error, VendorMessage};

/// A cause. Its word is stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cause {
    CredentialsRefused,
    PasswordExpired,
    AccountLocked,
    /// The consent, token or integration was taken back.
    GrantRevoked,
    PermissionLost,
    /// The system refuses calls from our address.
    AddressBlocked,
    Throttled,
    Outage,
    CertificateNotTrusted,
    /// The system is in a network that this server may not call.
    AddressNotAllowed,
    NotThatProduct,
    /// The system refused, or answered what makes no sense here.
    Unexpected,
}

impl Cause {
    pub fn code(self) -> &'static str {
        match self {
            Self::CredentialsRefused => "AUTHENTICATION_FAILED",
            Self::PasswordExpired => "PASSWORD_EXPIRED",
            Self::AccountLocked => "ACCOUNT_LOCKED",
            Self::GrantRevoked => "GRANT_REVOKED",
            Self::PermissionLost => "PERMISSION_DENIED",
            Self::AddressBlocked => "ADDRESS_BLOCKED",
            Self::Throttled => "RATE_LIMIT_EXCEEDED",
            Self::Outage => "SYSTEM_UNREACHABLE",
            Self::CertificateNotTrusted => "CERTIFICATE_NOT_TRUSTED",
            Self::AddressNotAllowed => "ADDRESS_NOT_ALLOWED",
            Self::NotThatProduct => "NOT_THAT_PRODUCT",
            Self::Unexpected => "SYSTEM_REJECTED",
        }
    }
}

pub(super) fn of(error: &Error) -> Cause {
    match error {
        Error::Authentication(message) => refused(message),
        Error::Permission(message) if is_about_our_address(message) => Cause::AddressBlocked,
        Error::Permission(_) => Cause::PermissionLost,
        Error::RateLimited { .. } => Cause::Throttled,
        Error::Unreachable { .. } | Error::OutcomeUnknown(_) => Cause::Outage,
        Error::Untrusted(_) => Cause::CertificateNotTrusted,
        Error::NotAllowed(_) => Cause::AddressNotAllowed,
        Error::NotThatProduct(_) => Cause::NotThatProduct,
        Error::NotFound(_) | Error::Rejected(_) | Error::Changed(_) | Error::Unexpected(_) => Cause::Unexpected,
    }
}

fn refused(message: &VendorMessage) -> Cause {
    let text = message.text.to_lowercase();
    let code = message.code.as_deref().unwrap_or_default().to_lowercase();
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word) || code.contains(word));
    if is_about_our_address(message) {
        Cause::AddressBlocked
    } else if says(&["locked", "too many failed", "suspended"]) {
        Cause::AccountLocked
    } else if says(&["password expired", "password has expired", "password must be changed", "expired password"]) {
        Cause::PasswordExpired
    } else if says(&["invalid_grant", "revoked", "consent_required", "interaction_required", "unauthorized_client"]) {
        Cause::GrantRevoked
    } else {
        Cause::CredentialsRefused
    }
}

fn is_about_our_address(message: &VendorMessage) -> bool {
    let text = message.text.to_lowercase();
    ["ip address", "ip range", "ip restriction", "your ip"].iter().any(|words| text.contains(words))
}

#[test]
fn causes_are_told_apart_as_far_as_the_system_tells() {
    let message = |code: Option<&str>, text: &str| VendorMessage {
        status: Some(401),
        code: code.map(str::to_owned),
        text: text.to_owned(),
        field: None,
    };
    for (code, text, cause) in [
        (None, "Logon failed", Cause::CredentialsRefused),
        (None, "Your password has expired; set a new one", Cause::PasswordExpired),
        (None, "User is LOCKED. Please notify the person responsible", Cause::AccountLocked),
        (Some("temporary_locked"), "", Cause::AccountLocked),
        (Some("invalid_grant"), "Token has been expired", Cause::GrantRevoked),
        (None, "The token was revoked by the user", Cause::GrantRevoked),
        (None, "Login is not allowed from this IP address", Cause::AddressBlocked),
    ] {
        assert_eq!(Error::Authentication(message(code, text)).cause(), cause, "{code:?} {text}");
    }
    assert_eq!(Error::Permission(message(None, "No authorization")).cause(), Cause::PermissionLost);
    assert_eq!(Error::Permission(message(None, "Your IP is not on the list")).cause(), Cause::AddressBlocked);
    assert_eq!(Error::RateLimited { after: None }.cause(), Cause::Throttled);
    assert_eq!(Error::Untrusted(String::new()).cause(), Cause::CertificateNotTrusted);
}
