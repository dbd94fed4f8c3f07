//! Lists of records: ids and links only, filtered by `q`, in pages whose offset is a multiple of their limit.

use axum::http::StatusCode;

use super::super::data::{Family, Record, Store, Type};
use super::super::node::Node;
use super::super::reply::{Outcome, page_links, resource, self_link};
use super::super::server::{Call, MAX_ROWS};
use super::q::Filter;

pub(super) fn list(store: &Store, call: &Call, kind: &'static Type) -> Outcome {
    call.only_parameters(&["q", "limit", "offset"])?;
    let page = call.page()?;
    let filter = call.parameter("q").map(|q| Filter::parse(q, kind)).transpose()?;
    let (mut ids, mut total) = (Vec::new(), 0);
    let mut take = |id: u64| {
        if total >= page.offset && ids.len() < page.limit && total < MAX_ROWS {
            ids.push(id);
        }
        total += 1;
    };
    let passes = |record: &Record| match &filter {
        None => record.kind.name == kind.name,
        Some(filter) => record.kind.name == kind.name && filter.matches(record),
    };
    let wanted = filter.as_ref().and_then(Filter::external_id);
    if kind.family == Family::PurchaseOrder && filter.is_none() {
        store.order_ids(0..=u64::MAX).for_each(take);
    } else if let Some(external_id) = wanted {
        let id = store.by_external(kind.family, external_id);
        id.and_then(|id| store.get(kind, id)).filter(|record| passes(record)).iter().for_each(|record| take(record.id));
    } else if kind.family == Family::PurchaseOrder {
        let orders = store.order_ids(0..=u64::MAX).filter_map(|id| store.order(id));
        orders.filter(|order| passes(order)).for_each(|order| take(order.id));
    } else {
        store.masters(kind.family).filter(|record| passes(record)).for_each(|record| take(record.id));
    }
    let total = total.min(MAX_ROWS);
    let address = format!("{}/record/v1/{}", call.base, kind.name);
    let items = ids
        .iter()
        .map(|id| Node::map([("links", self_link(&format!("{address}/{id}"))), ("id", Node::text(id.to_string()))]));
    let items: Vec<Node> = items.collect();
    let listed = match call.raw_parameter("q") {
        Some(q) => format!("{address}?q={q}"),
        None => address.clone(),
    };
    let body = Node::map([
        ("links", page_links(&listed, page.limit, page.offset, total)),
        ("count", Node::number(items.len())),
        ("hasMore", Node::Flag(page.offset + items.len() < total)),
        ("items", Node::List(items)),
        ("offset", Node::number(page.offset)),
        ("totalResults", Node::number(total)),
    ]);
    Ok(resource(StatusCode::OK, "collection", body.to_json()))
}
