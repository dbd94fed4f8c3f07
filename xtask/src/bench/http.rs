//! A lean HTTP/1.1 client: one connection kept open, answers with a length. It costs the measured machine next to nothing.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use anyhow::{Context as _, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// For one answer.
const PATIENCE: Duration = Duration::from_secs(120);
/// No answer of ours is larger.
const LARGEST: usize = 64 << 20;

pub(super) struct Client {
    stream: BufReader<TcpStream>,
    authority: String,
    /// The value of the header.
    authorization: String,
}

impl Client {
    /// `url` is `http://HOST:PORT`.
    pub(super) fn connect(url: &str, bearer: &str) -> anyhow::Result<Self> {
        Self::open(url, format!("Bearer {bearer}"))
    }

    pub(super) fn with_password(url: &str, user: &str, password: &str) -> anyhow::Result<Self> {
        Self::open(url, format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))))
    }

    fn open(url: &str, authorization: String) -> anyhow::Result<Self> {
        let authority = url.strip_prefix("http://").with_context(|| format!("{url} is not http://"))?;
        let stream = TcpStream::connect(authority).with_context(|| url.to_owned())?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Self { stream: BufReader::new(stream), authority: authority.to_owned(), authorization })
    }

    /// The JSON of an answer with that status.
    pub(super) fn json(
        &mut self,
        method: &str,
        path: &str,
        body: Option<&Value>,
        status: u16,
    ) -> anyhow::Result<Value> {
        let body = body.map(Value::to_string);
        let answer = self.send(method, path, None, body.as_deref())?;
        Self::expect(method, path, answer, status)
    }

    /// As [`Client::json`], under an idempotency key.
    pub(super) fn json_with(
        &mut self,
        method: &str,
        path: &str,
        key: Option<&str>,
        body: &Value,
        status: u16,
    ) -> anyhow::Result<Value> {
        let answer = self.send(method, path, key, Some(&body.to_string()))?;
        Self::expect(method, path, answer, status)
    }

    fn expect(method: &str, path: &str, (got, answer): (u16, Vec<u8>), status: u16) -> anyhow::Result<Value> {
        if got != status {
            bail!("{method} {path} answered {got}: {}", String::from_utf8_lossy(&answer));
        }
        if answer.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_slice(&answer).with_context(|| format!("{method} {path}: no JSON"))
    }

    /// The bytes of a 200.
    pub(super) fn get(&mut self, path: &str) -> anyhow::Result<Vec<u8>> {
        let (status, answer) = self.send("GET", path, None, None)?;
        if status != 200 {
            bail!("GET {path} answered {status}: {}", String::from_utf8_lossy(&answer));
        }
        Ok(answer)
    }

    fn send(
        &mut self,
        method: &str,
        path: &str,
        key: Option<&str>,
        body: Option<&str>,
    ) -> anyhow::Result<(u16, Vec<u8>)> {
        let (authority, authorization) = (&self.authority, &self.authorization);
        let mut request =
            format!("{method} {path} HTTP/1.1\r\nHost: {authority}\r\nAuthorization: {authorization}\r\n");
        if let Some(key) = key {
            request += &format!("Idempotency-Key: {key}\r\n");
        }
        if let Some(body) = body {
            request += &format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
        }
        request += "\r\n";
        request += body.unwrap_or_default();
        self.stream.get_mut().write_all(request.as_bytes())?;
        self.answer().with_context(|| format!("{method} {path}"))
    }

    fn answer(&mut self) -> anyhow::Result<(u16, Vec<u8>)> {
        let first = self.line()?;
        let status: u16 = first.split(' ').nth(1).and_then(|word| word.parse().ok()).context("no status line")?;
        let mut length = if status == 204 { Some(0) } else { None };
        loop {
            let line = self.line()?;
            if line.is_empty() {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = Some(value.trim().parse::<usize>()?);
            }
        }
        let length = length.filter(|length| *length <= LARGEST).context("an answer without a reasonable length")?;
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok((status, body))
    }

    fn line(&mut self) -> anyhow::Result<String> {
        let mut line = String::new();
        // A header line is never that long.
        (&mut self.stream).take(64 << 10).read_line(&mut line)?;
        if line.is_empty() {
            bail!("the connection was closed");
        }
        Ok(line.trim_end().to_owned())
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn answers_are_read_one_after_the_other_from_one_connection() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let answers = "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n{\"a\":1}HTTP/1.1 404 Not Found\r\ncontent-length: 2\r\n\r\nno";
            stream.write_all(answers.as_bytes()).unwrap();
            let mut asked = String::new();
            stream.read_to_string(&mut asked).unwrap();
            asked
        });
        let mut client = Client::connect(&url, "t").unwrap();
        assert_eq!(client.json("GET", "/x", None, 200).unwrap(), serde_json::json!({"a": 1}));
        assert!(client.get("/y").unwrap_err().to_string().contains("answered 404: no"));
        drop(client);
        let asked = server.join().unwrap();
        assert_eq!(asked.matches("Authorization: Bearer t\r\n\r\nGET /y HTTP/1.1\r\n").count(), 1, "{asked}");
    }
}
