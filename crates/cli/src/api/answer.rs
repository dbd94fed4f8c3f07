//! Answers: read whole but bounded, and told apart. A refusal keeps what the problem (RFC 9457) says.

use std::fmt;

use anyhow::{Context as _, bail};
use reqwest::Response;
use serde_json::Value;

/// No answer of the API is larger: a page of 500 records has a few megabytes.
const MOST_BYTES: usize = 128 * 1024 * 1024;

/// The server said no.
#[derive(Debug)]
struct Refusal {
    status: u16,
    problem: Value,
}

/// The body of a success (null if it has none), or a [`Refusal`].
pub(super) async fn read(response: Response) -> anyhow::Result<Value> {
    let status = response.status();
    let bytes = bytes(response).await?;
    let value = match bytes.is_empty() {
        true => Value::Null,
        false => serde_json::from_slice(&bytes).unwrap_or_else(|_| Value::from(String::from_utf8_lossy(&bytes))),
    };
    if !status.is_success() {
        return Err(Refusal { status: status.as_u16(), problem: value }.into());
    }
    if value.is_string() {
        bail!("the server answered {status} with something that is not JSON; is it Trunnion?");
    }
    Ok(value)
}

async fn bytes(mut response: Response) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await.context("the answer broke off")? {
        if bytes.len() + chunk.len() > MOST_BYTES {
            bail!("the answer is larger than {MOST_BYTES} bytes");
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |name: &str| self.problem[name].as_str();
        match (text("title"), text("detail")) {
            (Some(title), Some(detail)) => write!(f, "{title}: {detail}")?,
            _ => write!(f, "the server answered {}: {}", self.status, beginning(&self.problem))?,
        }
        for error in self.problem["errors"].as_array().into_iter().flatten() {
            let place = error["pointer"].as_str().or_else(|| error["parameter"].as_str()).unwrap_or_default();
            write!(f, "\n  {place}: {}", error["message"].as_str().unwrap_or_default())?;
        }
        if let Some(message) = self.problem["vendor"]["message"].as_str() {
            write!(f, "\n  the system said: {message}")?;
        }
        if let (Some(code), Some(request)) = (text("code"), text("request_id")) {
            write!(f, "\n  {} {code}, request {request}", self.status)?;
        }
        Ok(())
    }
}

impl std::error::Error for Refusal {}

/// What a proxy or a stranger answered, cut to a line.
fn beginning(body: &Value) -> String {
    let text = body.as_str().map_or_else(|| body.to_string(), str::to_owned);
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(200).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_problem_is_shown_with_its_places_and_its_request() {
        let problem = json!({
            "title": "The request is not valid", "detail": "1 thing is wrong", "code": "VALIDATION_FAILED",
            "request_id": "req_1", "errors": [{"pointer": "/types/0", "message": "is no event type"}]
        });
        let shown = Refusal { status: 422, problem }.to_string();
        assert_eq!(
            shown,
            "The request is not valid: 1 thing is wrong\n  /types/0: is no event type\n  422 VALIDATION_FAILED, request req_1"
        );
        let strange = Refusal { status: 502, problem: "<html>\nBad Gateway".into() }.to_string();
        assert_eq!(strange, "the server answered 502: <html> Bad Gateway");
    }
}
