//! Numbers for whoever runs Trunnion, in the text form of OpenMetrics.
//!
//! What happens on this node is counted where it happens ([`Counts`]); how much waits is looked up in the database, for all
//! nodes together, when somebody asks ([`standing`]). Labels name systems, entities and outcomes, never a customer: their
//! number is bounded, and the page tells nobody who is connected.

mod counts;
mod hooks;
mod standing;

use std::time::Duration;

use prometheus_client::encoding::text;
use prometheus_client::registry::Registry;
use tokio::sync::Mutex;
use tokio::time::Instant;

pub(crate) use counts::{Counts, Rows};

use crate::Engine;
use crate::error::{Result, ServiceError};

/// However often it is asked, the database is not.
const LOOKED_UP_FOR: Duration = Duration::from_secs(5);

/// What was looked up last, and when.
#[derive(Default)]
pub(crate) struct Looked(Mutex<Option<(Instant, String)>>);

/// All numbers of this node and of its database, without the mark of the end, so that the caller may add its own.
pub async fn metrics(engine: &Engine) -> Result<String> {
    let mut out = String::new();
    text::encode_registry(&mut out, engine.counts().registry()).map_err(|error| ServiceError::internal(&error))?;
    let mut looked = engine.looked().0.lock().await;
    if let Some((at, known)) = looked.as_ref()
        && at.elapsed() < LOOKED_UP_FOR
    {
        out.push_str(known);
        return Ok(out);
    }
    let fresh = look_up(engine).await?;
    out.push_str(&fresh);
    *looked = Some((Instant::now(), fresh));
    Ok(out)
}

async fn look_up(engine: &Engine) -> Result<String> {
    let mut registry = Registry::with_prefix("trunnion");
    standing::register(engine, &mut registry).await?;
    hooks::register(engine, &mut registry).await?;
    let mut out = String::new();
    text::encode_registry(&mut out, &registry).map_err(|error| ServiceError::internal(&error))?;
    Ok(out)
}
