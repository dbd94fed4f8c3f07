//! Control functions of this simulator over HTTP, beside the harness's own and those of [`super::conditions`]. Success is `204`.
//!
//! | request | effect |
//! |---|---|
//! | `POST /_control/password?new=TEXT` | the user's password is another one from now on, as after a reset |
//! | `POST /_control/unlock` | the user may log on again after wrong passwords |
//! | `POST /_control/release_strategy?on=true` | new orders, and orders whose value changes, wait for release |
//! | `POST /_control/release_purchase_order?id=N`, `…/reject_purchase_order?id=N` | ends or refuses the release of one |
//! | `POST /_control/release_purchase_requisition?id=N`, `…/reject_purchase_requisition?id=N` | the same of one requisition |
//! | `POST /_control/touch_purchase_order?id=N` | raises a price and with it the change time |
//! | `POST /_control/subscribe?url=U&secret=USER:PASSWORD` | events of orders, partners and products go there, whoever changes them, after the receiver agreed; 409 if it did not |
//! | `POST /_control/drop_subscriptions` | Event Mesh forgets all of its subscriptions |
//! | `POST /_control/lose_events?count=N` | the next events get lost |
//! | `POST /_control/reassign_equipment?id=N` | gives a piece of equipment to another cost centre: a new validity row |
//! | `POST /_control/reverse_measurement?id=N` | takes a measurement document back, or takes that back |
//! | `POST /_control/page_cap?rows=N` | no answer has more rows than that |
//! | `POST /_control/odata_v4?on=false` | purchase orders are offered in version 2 only, as before a service is activated |

use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::routing::post;
use trunnion_kit::sim::Switch;

use super::events;
use super::schema::Family;
use super::server::App;
use super::world::World;
use super::write::{self, Now};

pub(super) fn router() -> Router<App> {
    Router::new()
        .route("/_control/password", post(password))
        .route("/_control/unlock", post(unlock))
        .route("/_control/release_strategy", post(release_strategy))
        .route("/_control/release_purchase_order", post(release))
        .route("/_control/reject_purchase_order", post(reject))
        .route("/_control/release_purchase_requisition", post(release_requisition))
        .route("/_control/reject_purchase_requisition", post(reject_requisition))
        .route("/_control/touch_purchase_order", post(touch))
        .route("/_control/subscribe", post(events::subscribe))
        .route("/_control/drop_subscriptions", post(drop_subscriptions))
        .route("/_control/lose_events", post(events::lose))
        .route("/_control/reassign_equipment", post(reassign))
        .route("/_control/reverse_measurement", post(reverse))
        .route("/_control/page_cap", post(page_cap))
        .route("/_control/odata_v4", post(odata_v4))
}

#[derive(serde::Deserialize)]
struct Password {
    new: String,
}

#[derive(serde::Deserialize)]
struct Order {
    id: String,
}

#[derive(serde::Deserialize)]
struct Rows {
    rows: usize,
}

async fn password(State(app): State<App>, Query(Password { new }): Query<Password>) -> StatusCode {
    app.sessions().change_password(new);
    StatusCode::NO_CONTENT
}

async fn unlock(State(app): State<App>) -> StatusCode {
    app.sessions().unlock();
    StatusCode::NO_CONTENT
}

async fn release_strategy(State(app): State<App>, Query(Switch { on }): Query<Switch>) -> StatusCode {
    app.write(|world, _| world.release_strategy = on);
    StatusCode::NO_CONTENT
}

async fn release(State(app): State<App>, Query(Order { id }): Query<Order>) -> StatusCode {
    change_order(&app, &id, write::release)
}

async fn reject(State(app): State<App>, Query(Order { id }): Query<Order>) -> StatusCode {
    change_order(&app, &id, write::reject)
}

async fn release_requisition(State(app): State<App>, Query(Order { id }): Query<Order>) -> StatusCode {
    change(&app, &id, |world, now, id| write::release_requisition(world, now, id, "05"))
}

async fn reject_requisition(State(app): State<App>, Query(Order { id }): Query<Order>) -> StatusCode {
    change(&app, &id, |world, now, id| write::release_requisition(world, now, id, "08"))
}

async fn touch(State(app): State<App>, Query(Order { id }): Query<Order>) -> StatusCode {
    change_order(&app, &id, write::touch)
}

async fn reassign(State(app): State<App>, Query(Order { id }): Query<Order>) -> StatusCode {
    change(&app, &id, write::reassign)
}

async fn reverse(State(app): State<App>, Query(Order { id }): Query<Order>) -> StatusCode {
    change(&app, &id, write::reverse_measurement)
}

async fn drop_subscriptions(State(app): State<App>) -> StatusCode {
    app.mesh.drop_all();
    StatusCode::NO_CONTENT
}

async fn page_cap(State(app): State<App>, Query(Rows { rows }): Query<Rows>) -> StatusCode {
    app.write(|world, _| world.page_cap = rows.max(1));
    StatusCode::NO_CONTENT
}

async fn odata_v4(State(app): State<App>, Query(Switch { on }): Query<Switch>) -> StatusCode {
    app.v4.store(on, std::sync::atomic::Ordering::Relaxed);
    StatusCode::NO_CONTENT
}

fn change_order(app: &App, id: &str, how: fn(&mut World, Now<'_>, &str) -> bool) -> StatusCode {
    let changed = change(app, id, how);
    if changed == StatusCode::NO_CONTENT {
        events::tell(app, Family::Orders, "Changed", id);
    }
    changed
}

fn change(app: &App, id: &str, how: fn(&mut World, Now<'_>, &str) -> bool) -> StatusCode {
    match app.write(|world, now| how(world, now, id)) {
        true => StatusCode::NO_CONTENT,
        false => StatusCode::NOT_FOUND,
    }
}
