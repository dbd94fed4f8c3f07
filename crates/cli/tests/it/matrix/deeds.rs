//! What is written, and how it is asked for.

use serde_json::{Value, json};
use trunnion_engine::services::writes::{self, Manner, Written};
use trunnion_engine::{Engine, Scope, ServiceError};

use crate::declared::samples::requester;

/// An error: nothing was begun.
pub(crate) type Outcome = Result<Written, ServiceError>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Vendor,
    Requisition,
    Order,
    Receipt,
    Request,
    Work,
    Reading,
    ChangeVendor,
    ChangeOrder,
    Cancel,
    DeleteOrder,
    DeleteVendor,
    Inactivate,
    Stock,
    Adjust,
    Item,
}

impl Kind {
    pub(crate) fn of(system: &str) -> &'static [Self] {
        use Kind::*;
        match system {
            "sap-s4hana" => &[
                Vendor,
                Requisition,
                Order,
                Receipt,
                Request,
                Work,
                Reading,
                ChangeVendor,
                ChangeOrder,
                Cancel,
                DeleteOrder,
                Inactivate,
                Stock,
            ],
            "netsuite" => &[
                Vendor,
                Requisition,
                Order,
                Receipt,
                ChangeVendor,
                ChangeOrder,
                Cancel,
                DeleteOrder,
                DeleteVendor,
                Inactivate,
                Stock,
            ],
            _ => &[Vendor, Order, Receipt, Adjust, Stock, Item, ChangeVendor, ChangeOrder, DeleteVendor, Inactivate],
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) enum What {
    Create(Value),
    Update(Value),
    Act(&'static str),
    Post(&'static str, Value),
    Delete(Option<&'static str>),
}

#[derive(Clone, Debug)]
pub(crate) struct Deed {
    pub(crate) path: &'static str,
    /// Of the record that is changed, as the system calls it.
    pub(crate) remote_id: String,
    pub(crate) what: What,
}

impl Deed {
    pub(crate) fn create(path: &'static str, body: Value) -> Self {
        Self { path, remote_id: String::new(), what: What::Create(body) }
    }

    pub(crate) fn change(path: &'static str, remote_id: &str, what: What) -> Self {
        Self { path, remote_id: remote_id.to_owned(), what }
    }
}

pub(crate) async fn ask(engine: &Engine, scope: &Scope, deed: &Deed, key: &str) -> Outcome {
    let manner = Manner { idempotency_key: Some(key), ..Manner::default() };
    let (path, id) = (deed.path, format!("remote:{}", deed.remote_id));
    let params: Vec<(String, String)> = match deed.what {
        What::Delete(Some(mode)) => vec![("mode".to_owned(), mode.to_owned())],
        _ => Vec::new(),
    };
    let answer = match &deed.what {
        What::Create(body) => Box::pin(writes::create(engine, scope, path, body.clone(), manner, &params)).await,
        What::Update(body) => Box::pin(writes::update(engine, scope, path, &id, body.clone(), manner, &params)).await,
        What::Post(action, body) => {
            Box::pin(writes::post(engine, scope, (&id, action), body.clone(), manner, &params)).await
        }
        What::Act(action) => Box::pin(writes::act(engine, scope, path, (&id, action), manner, &params)).await,
        What::Delete(_) => Box::pin(writes::delete(engine, scope, path, &id, manner, &params)).await,
    };
    answer.map(|answer| match answer {
        writes::Answer::Done(written) => written,
        other => panic!("{other:?}"),
    })
}

pub(crate) fn vendor(name: &str) -> Value {
    let address = json!({"line1": "1 Kiln Lane", "city": "Pittsburgh", "postal_code": "15201", "country": "US"});
    json!({"name": name, "currency": "USD", "address": address})
}

pub(crate) fn line(sku: &str, quantity: &str) -> Value {
    json!({"item_sku": sku, "quantity": quantity, "unit": "EA", "unit_price": "5", "required_on": "2027-01-15"})
}

pub(crate) fn requisition(system: &str, description: &str) -> Value {
    let mut line = json!({"item_sku": "SP-0001", "quantity": "2", "unit": "EA", "unit_price": "5"});
    let mut body = json!({"requested_by": requester(system), "description": description});
    if system == "sap-s4hana" {
        line["required_on"] = "2027-01-15".into();
        body["currency"] = "USD".into();
    }
    body["lines"] = json!([line]);
    body
}
