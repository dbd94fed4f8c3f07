//! The OpenAPI 3.1 document. Fixed routes describe themselves by their handlers' annotations; the routes of entities are
//! described from the catalogue ([`entities`]); what holds for all operations is added to all at once ([`common`]).

mod common;
mod deeds;
mod entities;
mod history;
pub(crate) mod shapes;
pub(crate) mod tags;
mod webhooks;

use serde_json::{Value, json};
use utoipa::OpenApi;

const INTRODUCTION: &str = "\
One API for every ERP, CMMS and WMS: connect a customer's system once, read its data in one unified form, write the same \
request to all of them, follow what changes.\n\n\
**Begin** with an application key (`tk_…`): `GET /systems` tells what can be connected, `POST /connections` connects it and \
answers the connection's token (`tc_…`), and with that token `GET /purchase-orders` reads and `POST /purchase-orders` writes.\n\n\
**Lists** come in pages: `{\"data\": […], \"next_cursor\": …}`. Give `next_cursor` as `cursor` until it is null; nothing is \
skipped or repeated, whatever is inserted or deleted meanwhile.\n\n\
**Money and quantities** are decimal strings with their currency or unit beside them. Times are RFC 3339 in UTC; dates without \
time stay dates.\n\n\
**Errors** are `application/problem+json` (RFC 9457) with a stable `code`; their `type` is a page of this server that tells \
what to do. Every answer has `X-Request-Id`; an id that you send in it is taken over.\n\n\
**Writes** are creates, changes (`PATCH`), actions and deletes, each once per `Idempotency-Key`; `POST …/bulk` takes up to 1,000 \
creates. What a system cannot do is answered with 422 `UNSUPPORTED_OPERATION`.";

#[derive(OpenApi)]
#[openapi(
    info(title = "Trunnion API", description = INTRODUCTION, license(name = "Apache-2.0 OR MIT")),
    components(schemas(
        crate::problem::Document,
        crate::problem::FieldError,
        crate::problem::VendorError,
        shapes::EntitySync
    ))
)]
struct Base;

/// What the document begins with, before any route.
pub(crate) fn base() -> utoipa::openapi::OpenApi {
    Base::openapi()
}

/// The whole document, as served at `/openapi.json`.
pub fn document() -> Value {
    let (_, fixed) = crate::router::documented().split_for_parts();
    // The document is plain data; if it could not be written, the tests that compare it would fail.
    let mut document = serde_json::to_value(fixed).unwrap_or_default();
    entities::describe(&mut document);
    deeds::describe(&mut document);
    common::complete(&mut document);
    document["webhooks"] = webhooks::describe();
    document["tags"] = chapters();
    document
}

fn chapters() -> Value {
    let chapter = |(name, _, text): &(&str, tags::Who, &str)| json!({"name": name, "description": text});
    let mut chapters: Vec<Value> = tags::TAGS.iter().map(chapter).collect();
    let last = chapters.pop();
    chapters.extend(entities::chapters());
    chapters.extend(last);
    Value::Array(chapters)
}
