//! What can be wrong with a value, in words. Pages in other languages than English know their translations by these.

pub(super) const REQUIRED: &str = "is required";
pub(super) const NO_TEXT: &str = "must be a text";
pub(super) const UNKNOWN: &str = "is not a field of this form";
pub(super) const TOO_LONG: &str = "is longer than";
pub(super) const CONTROL: &str = "must not contain line breaks or other control characters";
pub(super) const COLON: &str = "must not contain a colon";
pub(super) const NO_ADDRESS: &str = "must be an address such as https://erp.example.com";
pub(super) const NO_HOST: &str = "must name a host, as https://erp.example.com does";
pub(super) const NO_HTTPS: &str = "must begin with https://";
pub(super) const USER_IN_ADDRESS: &str = "must not contain a user or a password";
pub(super) const QUERY_IN_ADDRESS: &str = "must end before any ? or #";

/// All of them, and those of keys and of networks. Some have details before or behind them.
pub const ALL: &[&str] = &[
    REQUIRED,
    NO_TEXT,
    UNKNOWN,
    TOO_LONG,
    CONTROL,
    COLON,
    NO_ADDRESS,
    NO_HOST,
    NO_HTTPS,
    USER_IN_ADDRESS,
    QUERY_IN_ADDRESS,
    crate::auth::certificate::NOT_TOGETHER,
    crate::auth::certificate::HOLDS_KEY,
    crate::auth::certificate::NO_CERTIFICATE,
    crate::auth::oauth2_jwt::OLD_FORM,
    crate::auth::oauth2_jwt::PASSPHRASE,
    crate::auth::oauth2_jwt::PUBLIC_PART,
    crate::auth::oauth2_jwt::UNUSABLE,
    crate::auth::oauth2_jwt::NO_PEM,
    crate::http::NOT_ALLOWED,
];
