//! Header values that hold a credential.

use http::HeaderValue;

use crate::error::Error;

/// A header value that Debug does not show.
pub(crate) fn sensitive(text: &str) -> Result<HeaderValue, Error> {
    let value = HeaderValue::try_from(text);
    let mut value = value.map_err(|_| Error::Unexpected("a credential does not fit into a header".to_owned()))?;
    value.set_sensitive(true);
    Ok(value)
}
