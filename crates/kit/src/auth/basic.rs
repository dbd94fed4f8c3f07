//! HTTP Basic (RFC 7617).

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;

use crate::error::Error;

/// The value of `Authorization`, marked as sensitive. UTF-8, as RFC 7617 lets a server ask for and most take.
pub fn authorization(username: &str, password: &str) -> Result<HeaderValue, Error> {
    let text = format!("Basic {}", STANDARD.encode(format!("{username}:{password}")));
    super::sensitive(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_rfc_7617_come_out() {
        let header = authorization("Aladdin", "open sesame").unwrap();
        assert_eq!(header.to_str().unwrap(), "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
        assert!(header.is_sensitive());
        assert_eq!(authorization("test", "123£").unwrap().to_str().unwrap(), "Basic dGVzdDoxMjPCow==");
    }
}
