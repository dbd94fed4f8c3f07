//! Short texts by e-mail (SMTP, RFC 5321), bounded in time.

use std::time::Duration;

use lettre::message::{Mailbox, header::ContentType};
use lettre::{Address, AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};

use crate::error::Error;

/// For each step of the conversation.
const STEP: Duration = Duration::from_secs(10);
/// For the whole of it.
const WHOLE: Duration = Duration::from_secs(30);

/// Cheap to clone.
#[derive(Clone)]
pub struct Mailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl Mailer {
    /// `url` is `smtps://user:password@host`, `smtp://user:password@host:587?tls=required`, or `smtp://host:25` for a server
    /// that wants neither login nor TLS.
    pub fn new(url: &str, from: &str) -> Result<Self, Error> {
        // The error's own text would repeat the address, and the password in it.
        let refused = |_| Error::Unexpected("the address of the mail server cannot be used".to_owned());
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url).map_err(refused)?;
        let from = from.parse().map_err(|error| Error::Unexpected(format!("the sender {from:?}: {error}")))?;
        Ok(Self { transport: transport.timeout(Some(STEP)).build(), from })
    }

    /// Whether mail can be sent there at all.
    pub fn is_address(text: &str) -> bool {
        text.parse::<Address>().is_ok()
    }

    /// One try. The error is for people.
    pub async fn send(&self, to: &str, subject: &str, text: String) -> Result<(), String> {
        let to: Mailbox = to.parse().map_err(|error| format!("{to:?} is no address: {error}"))?;
        // A line break in a subject would begin another header.
        let subject = subject.replace(['\r', '\n'], " ");
        let message = Message::builder().from(self.from.clone()).to(to).subject(subject);
        let message = message.header(ContentType::TEXT_PLAIN).body(text).map_err(|error| error.to_string())?;
        match tokio::time::timeout(WHOLE, self.transport.send(message)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(format!("the mail server: {error}")),
            Err(_) => Err(format!("the mail server did not take it within {WHOLE:?}")),
        }
    }
}

/// The address may hold a password.
impl std::fmt::Debug for Mailer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Mailer({})", self.from)
    }
}

#[test]
fn addresses_and_servers_are_told_from_nonsense_and_no_password_shows() {
    assert!(
        Mailer::is_address("ops@example.com") && !Mailer::is_address("ops") && !Mailer::is_address("a@b\nBcc: c@d")
    );
    let mailer = Mailer::new("smtp://u:geheim@mail.example:587?tls=required", "Trunnion <t@example.com>").unwrap();
    assert!(!format!("{mailer:?}").contains("geheim"));
    let refused = Mailer::new("mail://u:geheim@h", "t@example.com").unwrap_err().to_string();
    assert!(!refused.contains("geheim"), "{refused}");
    assert!(Mailer::new("smtp://h", "nobody").is_err());
}
