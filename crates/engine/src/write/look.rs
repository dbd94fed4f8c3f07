//! One record as the system has it now.

use trunnion_kit::error::Error as SystemError;
use trunnion_kit::mapping::MapError;
use trunnion_kit::spec::EntitySpec;
use trunnion_model::record::Incoming;

use crate::links::Live;

/// Its row, with what the connector computes, and what is read of it. Nothing where the system has none.
pub(super) async fn look(
    live: &Live,
    spec: &EntitySpec,
    remote_id: &str,
) -> Result<Option<(String, Result<Incoming, MapError>)>, SystemError> {
    let page = live.vendor.one(&live.link, spec, remote_id).await?;
    let mut rows = page.rows()?;
    let Some(row) = rows.first_mut() else { return Ok(None) };
    let mapped = live.mapper(spec).read(row);
    Ok(Some((row.to_json(), mapped)))
}
