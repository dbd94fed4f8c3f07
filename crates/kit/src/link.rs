//! One live link to one customer's system: address, credentials, token, session, and whether it may be used at all.
//!
//! Once the system refused the credentials, the link is parked: every later call answers the same error without a
//! request, because systems lock accounts that keep knocking. A new link, made from new credentials, starts afresh.

mod beside;
mod dry;
mod grant;
mod observe;
mod session;
mod sign;

#[cfg(feature = "sim")]
#[cfg(test)]
mod tests;

pub use beside::Beside;
pub use dry::{Planned, Recorder};
pub use grant::{Held, TURN, Vault};
pub use observe::{Called, Observer};
pub use session::Session;

use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use secrecy::ExposeSecret as _;
use tokio::sync::Mutex as AsyncMutex;
use tokio::time::Instant;
use trunnion_model::time::{Clock, Timestamp, from_micros};
use url::Url;

use crate::auth::oauth2_code::OAuthClient;
use crate::error::{Error, VendorMessage};
use crate::http::{Answer, Client, Effect, Lane, Request, redact};
use crate::protocol::Offers;
use crate::spec::Spec;
use crate::spec::form::Credentials;

/// No answer with a date was seen yet.
const UNKNOWN: i64 = i64::MIN;

/// Cheap to clone; clones share the token, the session and the parking. Each has its lane, in which its requests stand, and the
/// declaration that it goes by.
#[derive(Clone)]
pub struct Link(Arc<Inner>, Option<Recorder>, Lane, Arc<Spec>);

struct Inner {
    credentials: Credentials,
    base: Url,
    client: Client,
    clock: Clock,
    signer: sign::Signer,
    session: AsyncMutex<Option<Session>>,
    offers: Offers,
    parked: Mutex<Option<VendorMessage>>,
    /// The credentials were taken at least once; until then, requests go one by one behind `first`.
    proved: AtomicBool,
    first: AsyncMutex<()>,
    /// Microseconds that the system's clock is ahead of ours.
    ahead: AtomicI64,
    observer: OnceLock<Observer>,
    vault: OnceLock<Arc<dyn Vault>>,
    granted: Mutex<Granted>,
}

/// What this link has seen of its customer's grant.
#[derive(Default)]
struct Granted {
    held: Option<Held>,
    client: Option<OAuthClient>,
}

impl Link {
    /// Sends nothing yet. The form must have a field `url`, and the fields that the way to log in needs.
    pub fn new(connector: Arc<Spec>, credentials: Credentials, client: Client, clock: Clock) -> Result<Self, Error> {
        let base = credentials.get("url").ok_or_else(|| sign::missing("url"))?;
        let base = Url::parse(base).map_err(|error| Error::Unexpected(format!("the stored address: {error}")))?;
        let signer = sign::Signer::new(&connector, &credentials, &base)?;
        let client = sign::client(&credentials, client)?;
        let inner = Inner {
            credentials,
            base,
            client,
            clock,
            signer,
            session: AsyncMutex::default(),
            offers: Offers::default(),
            parked: Mutex::default(),
            proved: AtomicBool::new(false),
            first: AsyncMutex::default(),
            ahead: AtomicI64::new(UNKNOWN),
            observer: OnceLock::new(),
            vault: OnceLock::new(),
            granted: Mutex::default(),
        };
        Ok(Self(Arc::new(inner), None, Lane::default(), connector))
    }

    /// The same link for requests of that lane.
    #[must_use]
    pub fn in_lane(&self, lane: Lane) -> Self {
        Self(self.0.clone(), self.1.clone(), lane, self.3.clone())
    }

    /// The same link by another declaration of the same system: one with the customer's own fields.
    #[must_use]
    pub fn with_spec(&self, spec: Arc<Spec>) -> Self {
        Self(self.0.clone(), self.1.clone(), self.2, spec)
    }

    pub fn lane(&self) -> Lane {
        self.2
    }

    /// Tells `observer` of every call from now on. The first observer stays.
    pub fn observe(&self, observer: Observer) {
        self.0.observer.get_or_init(|| observer);
    }

    /// Where the customer's grant is, for links that log in by one. The first vault stays.
    pub fn keep_grant_in(&self, vault: Arc<dyn Vault>) {
        self.0.vault.get_or_init(|| vault);
    }

    pub fn spec(&self) -> &Spec {
        &self.3
    }

    /// A value of the connection form, secret or not.
    pub fn setting(&self, name: &str) -> Option<&str> {
        self.0.credentials.get(name)
    }

    /// The connection's address, the protocol's prefix, `path_and_query`, and the query parameters that the
    /// declaration takes from the form. Names and values in `path_and_query` are percent-encoded already.
    pub fn url(&self, path_and_query: &str) -> Result<Url, Error> {
        let prefix = self.3.protocol.prefix.trim_matches('/');
        self.url_beside(&format!("{prefix}/{}", path_and_query.trim_start_matches('/')))
    }

    /// The same without the protocol's prefix.
    pub(crate) fn url_beside(&self, path_and_query: &str) -> Result<Url, Error> {
        let mut url = self.below_base(path_and_query)?;
        for (parameter, field) in &self.3.protocol.query {
            if let Some(value) = self.setting(field) {
                url.query_pairs_mut().append_pair(parameter, value);
            }
        }
        Ok(url)
    }

    /// Signs by the connection's way to log in, and sends.
    ///
    /// A 401 parks the link and is an [`Error::Authentication`]; with OAuth 2.0, a token that worked before is first
    /// renewed once. With [`Session`](crate::spec::AuthScheme::Session) nothing is signed and a 401 is returned: the
    /// protocol logs in itself, keeps what it got in [`Link::session`], and calls [`Link::park`] when it is refused.
    ///
    /// Only the connection's own origin is called: credentials must not follow a link into somewhere else.
    pub async fn call(&self, mut request: Request) -> Result<Answer, Error> {
        self.refuse_if_parked()?;
        // Whatever way a write comes here, a dry link does not send it; a session's login changes nothing.
        if request.effect == Effect::Write
            && !matches!(self.0.signer, sign::Signer::Session)
            && let Some(answer) = self.recorded(&request)
        {
            return Ok(answer);
        }
        if request.url.origin() != self.0.base.origin() {
            let (host, own) = (request.host(), self.0.base.host_str().unwrap_or_default());
            return Err(Error::Unexpected(format!("{host} is not the connection's system {own}; nothing was sent")));
        }
        request.lane = self.2;
        let began = Instant::now();
        let outcome = self.0.signer.send(self, &request).await;
        if let Some(observer) = self.0.observer.get() {
            observer(observe::called(began.elapsed(), &outcome));
        }
        match outcome {
            Ok(answer) if answer.status >= 400 => {
                // What a refusal says reaches people, whatever protocol reads it.
                let body = self.redact(&String::from_utf8_lossy(&answer.body)).into_bytes();
                Ok(Answer { body, ..answer })
            }
            outcome => outcome.map_err(|error| self.redacted(error)),
        }
    }

    /// For protocols with a state of their own: what a login or a token fetch brought. Held while logging in, so that
    /// it happens once.
    pub fn session(&self) -> &AsyncMutex<Option<Session>> {
        &self.0.session
    }

    /// What the system was found to offer: see the protocol.
    pub(crate) fn offers(&self) -> &Offers {
        &self.0.offers
    }

    /// Refuses every later call with this message. Returns the error to hand on.
    pub fn park(&self, message: VendorMessage) -> Error {
        let message = self.clean(message);
        let mut parked = self.parked();
        // The first refusal says why; what was under way at the same time only repeats it.
        Error::Authentication(parked.get_or_insert(message).clone())
    }

    pub fn is_parked(&self) -> bool {
        self.parked().is_some()
    }

    /// `text` without any secret of this connection.
    pub fn redact(&self, text: &str) -> String {
        let granted = self.granted();
        let mut secrets = self.0.credentials.secret_values();
        if let Some(held) = &granted.held {
            secrets.push(held.tokens.access.expose_secret());
            secrets.extend(held.tokens.refresh.as_ref().map(|refresh| refresh.expose_secret()));
        }
        secrets.extend(granted.client.as_ref().map(|client| client.secret.expose_secret()));
        redact(text, &secrets)
    }

    /// The time by the system's clock as far as its answers told it, else by ours. Never ahead of the system's by more
    /// than our clock's drift since then: an answer's date is cut to whole seconds and was a moment ago.
    pub fn source_now(&self) -> Timestamp {
        let ahead = self.0.ahead.load(Ordering::Relaxed);
        let now = self.0.clock.now_micros();
        from_micros(if ahead == UNKNOWN { now } else { now.saturating_add(ahead) })
    }

    fn refuse_if_parked(&self) -> Result<(), Error> {
        self.parked().clone().map_or(Ok(()), |message| Err(Error::Authentication(message)))
    }

    fn note_server_time(&self, answer: &Answer) {
        if let Some(at) = answer.server_time() {
            let ahead = at.as_microsecond().saturating_sub(self.0.clock.now_micros());
            self.0.ahead.store(ahead, Ordering::Relaxed);
        }
    }

    fn below_base(&self, rest: &str) -> Result<Url, Error> {
        let base = self.0.base.as_str().trim_end_matches('/');
        let whole = format!("{base}/{}", rest.trim_start_matches('/'));
        let url = Url::parse(&whole).map_err(|error| Error::Unexpected(format!("cannot ask for `{rest}`: {error}")))?;
        // Dots in a record's id must not lead elsewhere, nor a `#` cut it off.
        let asked = whole.find(['?', '#']).map_or(whole.as_str(), |end| &whole[..end]);
        if url.fragment().is_some() || url.path().split('/').count() + 2 != asked.split('/').count() {
            return Err(Error::Unexpected(format!("cannot ask for `{rest}`: it leads elsewhere")));
        }
        Ok(url)
    }

    fn vault(&self) -> Result<&Arc<dyn Vault>, Error> {
        self.0.vault.get().ok_or_else(|| Error::Unexpected("the link has no grant".to_owned()))
    }

    fn granted(&self) -> MutexGuard<'_, Granted> {
        self.0.granted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn held(&self) -> Option<Held> {
        self.granted().held.clone()
    }

    fn hold(&self, held: &Held) {
        self.granted().held = Some(held.clone());
    }

    fn hold_client(&self, client: &OAuthClient) {
        self.granted().client = Some(client.clone());
    }

    fn parked(&self) -> MutexGuard<'_, Option<VendorMessage>> {
        self.0.parked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whatever a system says may hold what it was sent.
    fn clean(&self, message: VendorMessage) -> VendorMessage {
        let redacted = |text: Option<String>| text.map(|text| self.redact(&text));
        VendorMessage {
            text: self.redact(&message.text),
            code: redacted(message.code),
            field: redacted(message.field),
            status: message.status,
        }
    }

    fn redacted(&self, error: Error) -> Error {
        match error {
            Error::Authentication(message) => Error::Authentication(self.clean(message)),
            Error::Permission(message) => Error::Permission(self.clean(message)),
            Error::NotFound(message) => Error::NotFound(self.clean(message)),
            Error::Rejected(message) => Error::Rejected(self.clean(message)),
            Error::Changed(message) => Error::Changed(self.clean(message)),
            Error::Unreachable { reason, after } => Error::Unreachable { reason: self.redact(&reason), after },
            Error::OutcomeUnknown(text) => Error::OutcomeUnknown(self.redact(&text)),
            Error::Unexpected(text) => Error::Unexpected(self.redact(&text)),
            Error::Untrusted(text) => Error::Untrusted(self.redact(&text)),
            Error::NotThatProduct(text) => Error::NotThatProduct(self.redact(&text)),
            Error::NotAllowed(text) => Error::NotAllowed(self.redact(&text)),
            Error::RateLimited { after } => Error::RateLimited { after },
        }
    }
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Link({} at {})", self.3.system.id, self.0.base.host_str().unwrap_or_default())
    }
}
