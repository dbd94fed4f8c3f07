//! Who may call what. Each extractor here stands for a kind of caller, and the engine is reachable only through one of
//! them: a handler that asks for no caller has nothing to call.
//!
//! * [`Application`]: an application key `tk_…`, on routes about the application.
//! * [`OwnConnection`]: an application key, on routes about the connection `{id}` of the path.
//! * [`Connection`]: a connection token `tc_…`, or an application key that names its connection.
//! * [`Log`]: as the one before, or an application key that names none and reads the log over all of them.
//! * [`Guest`]: whoever has the address of a link session that can be used.
//! * [`Anybody`]: no token; it can ask whether the server is ready and present a code, and nothing else.
//!
//! The type parameter is the permission that the key must have. Tokens are handed to the engine and never logged; only a
//! stream keeps its own, to ask again whether it is good.

use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{HeaderMap, HeaderName, header};
use secrecy::{ExposeSecret as _, SecretString};
use trunnion_engine::services::audit::{self, Deed};
use trunnion_engine::services::events::{self, Reach};
use trunnion_engine::services::link::{self, Grant, GrantError, Granted, Opened, Visit};
use trunnion_engine::{Caller, Engine, Permission, Scope};

use crate::audit::Witness;
use crate::connect::{self, Scene};
use crate::extract::{Pairs, Segment};
use crate::limits::{Limits, Rates};
use crate::problem::{Code, Problem};

pub(crate) const CONNECTION: HeaderName = HeaderName::from_static("trunnion-connection");

/// The state behind all routes. Its engine is private to this module on purpose.
#[derive(Clone)]
pub(crate) struct Gate {
    engine: Engine,
    limits: Arc<Limits>,
}

impl Gate {
    pub(crate) fn new(engine: Engine, rates: Rates) -> Self {
        Self { engine, limits: Arc::new(Limits::new(rates)) }
    }

    /// The caller at the connection `named`, if so many requests may be about it.
    async fn scope(&self, parts: &Parts, caller: &Caller, named: Option<&str>) -> Result<Scope, Problem> {
        let scope = trunnion_engine::scope(&self.engine, caller, named).await?;
        self.limits.of_connection(parts, &scope.id().to_string())?;
        Ok(scope)
    }

    /// Writes down what somebody did.
    pub(crate) async fn note(&self, caller: &Caller, deed: Deed) {
        audit::note(&self.engine, caller, deed).await;
    }
}

/// What a key must be allowed to do.
pub(crate) trait Needs: Send {
    const PERMISSION: Permission;
}

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        pub(crate) struct $name;

        impl Needs for $name {
            const PERMISSION: Permission = Permission::$name;
        }
    )*};
}

permissions! {
    /// Look at things.
    Read;
    /// Write records and start syncs.
    Write;
    /// Make, change and remove connections.
    Manage;
}

/// The holder of an application key.
pub(crate) struct Application<P> {
    pub(crate) engine: Engine,
    pub(crate) caller: Caller,
    needs: PhantomData<P>,
}

/// The holder of an application key, at the connection that the path names.
pub(crate) struct OwnConnection<P> {
    pub(crate) engine: Engine,
    pub(crate) scope: Scope,
    needs: PhantomData<P>,
}

/// The holder of a connection's token, or of its application's key.
pub(crate) struct Connection<P> {
    pub(crate) engine: Engine,
    pub(crate) scope: Scope,
    needs: PhantomData<P>,
}

/// Somebody who reads events: of a connection, or of all that an application has.
pub(crate) struct Log {
    pub(crate) engine: Engine,
    pub(crate) reach: Reach,
    token: SecretString,
    named: Option<String>,
}

impl Log {
    /// Whether the token is still good for it: what goes on for minutes must not outlive it.
    pub(crate) async fn is_still_allowed(&self) -> bool {
        let allowed = async {
            let caller = trunnion_engine::authenticate(&self.engine, self.token.expose_secret()).await?;
            events::reach(&self.engine, &caller, self.named.as_deref()).await
        };
        allowed.await.is_ok()
    }
}

/// Somebody who has not said who they are.
pub(crate) struct Anybody {
    engine: Engine,
}

impl Anybody {
    /// For those whose address is their secret: the service finds out whether it is one.
    pub(crate) fn engine(&self) -> &Engine {
        &self.engine
    }

    pub(crate) async fn ready(&self, patience: Duration) -> Result<(), Problem> {
        Ok(self.engine.ready(patience).await?)
    }

    /// The code itself, and what is given with it, say who presents it.
    pub(crate) async fn exchange(&self, grant: &Grant) -> Result<Granted, GrantError> {
        link::exchange(&self.engine, grant).await
    }
}

/// Somebody with the address of a link session.
pub(crate) struct Guest {
    pub(crate) engine: Engine,
    pub(crate) visit: Box<Visit>,
    pub(crate) secret: String,
    /// How the page is to be shown.
    pub(crate) scene: Scene,
}

impl FromRequestParts<Gate> for Guest {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, gate: &Gate) -> Result<Self, Response> {
        let segment = Segment::from_request_parts(parts, gate).await;
        let Segment(secret) = segment.map_err(IntoResponse::into_response)?;
        let query = axum::extract::Query::<Pairs>::try_from_uri(&parts.uri);
        let pairs = query.map(|query| query.0).unwrap_or_default();
        match link::open(&gate.engine, &secret).await {
            Ok(Opened::Visit(visit)) => {
                let scene = Scene::of(&parts.headers, &pairs, visit.brand().clone());
                Ok(Self { engine: gate.engine.clone(), visit, secret, scene })
            }
            Ok(Opened::Closed(why, brand)) => {
                Err(connect::closed(&Scene::of(&parts.headers, &pairs, brand), why).into_response())
            }
            Err(error) => Err(Problem::from(error).into_response()),
        }
    }
}

impl FromRequestParts<Gate> for Anybody {
    type Rejection = Problem;

    async fn from_request_parts(_parts: &mut Parts, gate: &Gate) -> Result<Self, Problem> {
        Ok(Self { engine: gate.engine.clone() })
    }
}

impl<P: Needs> FromRequestParts<Gate> for Application<P> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, gate: &Gate) -> Result<Self, Problem> {
        let caller = authenticate(parts, gate).await?;
        witnessed(parts, |witness| witness.saw(&caller, P::PERMISSION));
        if caller.connection().is_some() {
            let detail =
                "This route takes an application key (tk_…); a connection token reaches its own connection only.";
            return Err(Problem::new(Code::PermissionDenied, detail));
        }
        caller.may(P::PERMISSION)?;
        Ok(Self { engine: gate.engine.clone(), caller, needs: PhantomData })
    }
}

impl<P: Needs> FromRequestParts<Gate> for OwnConnection<P> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, gate: &Gate) -> Result<Self, Problem> {
        let Application { engine, caller, needs } = Application::<P>::from_request_parts(parts, gate).await?;
        let Segment(id) = Segment::from_request_parts(parts, gate).await?;
        let scope = gate.scope(parts, &caller, Some(&id)).await?;
        witnessed(parts, |witness| witness.saw_connection(scope.id()));
        Ok(Self { engine, scope, needs })
    }
}

impl<P: Needs> FromRequestParts<Gate> for Connection<P> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, gate: &Gate) -> Result<Self, Problem> {
        let caller = authenticate(parts, gate).await?;
        witnessed(parts, |witness| witness.saw(&caller, P::PERMISSION));
        caller.may(P::PERMISSION)?;
        let named = named_connection(parts)?;
        if caller.connection().is_none() && named.is_none() {
            return Err(Problem::parameter(
                "Trunnion-Connection",
                "is required with an application key: the id of the connection (con_…) that the request is about",
            ));
        }
        let scope = gate.scope(parts, &caller, named.as_deref()).await?;
        witnessed(parts, |witness| witness.saw_connection(scope.id()));
        Ok(Self { engine: gate.engine.clone(), scope, needs: PhantomData })
    }
}

impl FromRequestParts<Gate> for Log {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, gate: &Gate) -> Result<Self, Problem> {
        let engine = gate.engine.clone();
        let token = bearer(&parts.headers)?;
        let caller = authenticate(parts, gate).await?;
        caller.may(Permission::Read)?;
        let named = named_connection(parts)?;
        let reach = events::reach(&engine, &caller, named.as_deref()).await?;
        Ok(Self { engine, reach, token, named })
    }
}

/// Tells the audit log's witness, where the request has one.
fn witnessed(parts: &Parts, tell: impl FnOnce(&Witness)) {
    if let Some(witness) = parts.extensions.get::<Witness>() {
        tell(witness);
    }
}

async fn authenticate(parts: &Parts, gate: &Gate) -> Result<Caller, Problem> {
    let caller = trunnion_engine::authenticate(&gate.engine, bearer(&parts.headers)?.expose_secret()).await?;
    gate.limits.of_application(parts, &caller.application().to_string())?;
    Ok(caller)
}

pub(crate) fn bearer(headers: &HeaderMap) -> Result<SecretString, Problem> {
    let missing = || {
        Problem::unauthenticated("Send a token: `Authorization: Bearer tk_…` (application key) or `tc_…` (connection).")
    };
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).ok_or_else(missing)?;
    let (scheme, token) = value.split_once(' ').ok_or_else(missing)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(missing());
    }
    Ok(SecretString::from(token.trim()))
}

/// The connection that the request names, in the header or, where the route has it, in `connection_id`.
fn named_connection(parts: &Parts) -> Result<Option<String>, Problem> {
    let header = parts.headers.get(CONNECTION).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let query = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(&parts.uri);
    let query = query.map(|query| query.0).unwrap_or_default();
    let query = query.into_iter().find(|(name, _)| name == "connection_id").map(|(_, value)| value);
    match (header, query) {
        (Some(one), Some(other)) if one != other => {
            Err(Problem::parameter("connection_id", "names another connection than the header Trunnion-Connection"))
        }
        (header, query) => Ok(header.or(query)),
    }
}
