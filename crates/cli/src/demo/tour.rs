//! The tour: eight steps through the main job, by the public API and the page that customers see.

use super::steps::{change, connect, reauthorise, sync, write};
use super::world::World;
use super::{Checks, step};

/// How many checks held; the first that does not ends the tour.
pub(super) async fn walk(world: &World) -> anyhow::Result<usize> {
    let (api, mut checks) = (&world.api, Checks::default());
    step(1, "A customer opens a link and mistypes a password");
    connect::prepare(world, &mut checks).await?;
    connect::mistype(world, &mut checks).await?;
    step(2, "Connect: credentials are tried at once, and a token for the connection comes back");
    let mut connected = Vec::new();
    for system in &world.systems {
        connected.push(connect::connect(world, system, &mut checks).await?);
    }
    step(3, "Initial sync");
    sync::initial_sync(api, &connected, &mut checks).await?;
    step(4, "Read: the same fields, whatever the system");
    sync::read(api, &connected, &mut checks).await?;
    step(5, "Write: the same new vendor and the same purchase order, to every system");
    let vendors = write::create_vendors(api, &connected, &mut checks).await?;
    let written = write::write(api, &connected, &vendors, &mut checks).await?;
    step(6, "Repeat the call with the same idempotency key: nothing is created twice");
    write::repeat(api, &connected, &written, &mut checks).await?;
    step(7, "Somebody changes a price in the ERP: the next sync finds it, a signed webhook tells");
    change::change(world, &connected[0], &mut checks).await?;
    step(8, "Somebody changes the password in the ERP: noticed, told, not hammered; the customer logs in again");
    reauthorise::reauthorise(world, &connected[0], &mut checks).await?;
    Ok(checks.0)
}
