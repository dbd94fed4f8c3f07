//! What Tryton's own client fills in before it saves: addresses and terms of the vendor, ids behind codes, taxes.

use std::collections::HashMap;

use trunnion_kit::error::Error;
use trunnion_kit::http::Effect;
use trunnion_kit::json::{Node, Object, parse};
use trunnion_kit::link::Link;
use trunnion_kit::protocol::json_rpc::{self, owned};

use super::rpc::refused;

/// A purchase without an invoice address is saved and quoted, and fails only when it is confirmed.
pub(super) async fn purchase(link: &Link, body: &mut Node<'static>) -> Result<(), Error> {
    number_of(body, "party")?;
    code_to_id(link, body, "currency", "currency.currency").await?;
    let filled = filled_in(link, body).await?;
    let Some(order) = body.as_object_mut() else { return Ok(()) };
    for name in ["invoice_address", "payment_term", "company", "warehouse"] {
        if let (None, Some(value)) = (order.get(name), filled.get(name).filter(|value| **value != Node::Null)) {
            order.set(name, value.clone());
        }
    }
    lines(link, body).await
}

/// Contacts become contact mechanisms, the codes of country and currency their ids.
pub(super) async fn party(link: &Link, body: &mut Node<'static>) -> Result<(), Error> {
    code_to_id(link, body, "supplier_currency", "currency.currency").await?;
    if let Some(address) = body
        .as_object_mut()
        .and_then(|party| party.get_mut("addresses"))
        .and_then(Node::items_mut)
        .and_then(|all| all.first_mut())
    {
        code_to_id(link, address, "country", "country.country").await?;
    }
    let Some(party) = body.as_object_mut() else { return Ok(()) };
    let contacts = party.get("@contact").and_then(Node::as_object).cloned().unwrap_or_default();
    let mechanisms: Vec<Node<'static>> = contacts
        .into_members()
        .into_iter()
        .map(|(kind, value)| {
            Node::Object(Object::from_iter([("type".into(), Node::Text(kind)), ("value".into(), value)]))
        })
        .collect();
    let mut members: Object<'static> =
        std::mem::take(party).into_members().into_iter().filter(|(name, _)| name != "@contact").collect();
    if !mechanisms.is_empty() {
        members.set("contact_mechanisms", Node::Array(mechanisms));
    }
    *party = members;
    Ok(())
}

/// Defaults, and what follows from the choice of the party.
async fn filled_in(link: &Link, body: &Node<'static>) -> Result<Object<'static>, Error> {
    let names = Node::Array(["company", "warehouse"].into_iter().map(Node::text).collect());
    let mut filled =
        result(&json_rpc::call(link, "model.purchase.purchase.default_get", vec![names], None, Effect::Read).await?)?;
    let mut asked = Object::new();
    for (name, value) in [("party", body.get("party").cloned()), ("company", filled.get("company").cloned())] {
        asked.set(name, value.unwrap_or(Node::Null));
    }
    let changed = Node::Array(vec![Node::text("party")]);
    let answer = json_rpc::call(
        link,
        "model.purchase.purchase.on_change",
        vec![Node::Object(asked), changed],
        None,
        Effect::Read,
    )
    .await?;
    for (name, value) in result(&answer)?.into_members() {
        filled.set(name, value);
    }
    Ok(filled)
}

/// Products' own purchase units and taxes, with one call for all lines.
async fn lines(link: &Link, body: &mut Node<'static>) -> Result<(), Error> {
    let Some(lines) = body.as_object_mut().and_then(|order| order.get_mut("lines")).and_then(Node::items_mut) else {
        return Ok(());
    };
    let mut ids = Vec::new();
    for line in lines.iter_mut() {
        ids.push(number_of(line, "product")?);
    }
    let products = products(link, &ids).await?;
    for (place, (line, id)) in lines.iter_mut().zip(&ids).enumerate() {
        let product = products
            .get(id)
            .ok_or_else(|| refused(&format!("lines.{place}.product"), format!("there is no product {id}")))?;
        let wanted = line.get("unit").and_then(|unit| unit.get("@symbol")).and_then(Node::as_text);
        if wanted.is_some_and(|wanted| wanted != product.symbol) {
            let text =
                format!("the product is bought in `{}`, not in `{}`", product.symbol, wanted.unwrap_or_default());
            return Err(refused(&format!("lines.{place}.unit"), text));
        }
        let Some(line) = line.as_object_mut() else { continue };
        line.set("unit", Node::number(product.unit.clone()));
        if line.get("delivery_date_store").is_some() {
            line.set("delivery_date_edit", Node::Bool(true));
        }
        if !product.taxes.is_empty() {
            let taxes = product.taxes.iter().map(|id| Node::number(id.clone())).collect();
            line.set("@add:taxes", Node::Array(taxes));
        }
    }
    Ok(())
}

struct Product {
    unit: String,
    symbol: String,
    taxes: Vec<String>,
}

async fn products(link: &Link, ids: &[String]) -> Result<HashMap<String, Product>, Error> {
    let among = Node::Array(ids.iter().map(|id| Node::number(id.clone())).collect());
    let domain = Node::Array(vec![Node::Array(vec![Node::text("id"), Node::text("in"), among])]);
    let fields = ["purchase_uom", "purchase_uom.symbol", "account_category.supplier_taxes"]
        .into_iter()
        .map(Node::text)
        .collect();
    let params = vec![domain, Node::number("0"), Node::Null, Node::Null, Node::Array(fields)];
    let answer = json_rpc::call(link, "model.product.product.search_read", params, None, Effect::Read).await?;
    let tree = parse(&answer).map_err(|error| Error::Unexpected(error.to_string()))?;
    let text = |node: Option<&Node<'_>>| node.and_then(Node::as_text).map(str::to_owned);
    let product = |row: &Node<'_>| {
        let taxes = row
            .get("account_category.")
            .and_then(|category| category.get("supplier_taxes"))
            .and_then(Node::items)
            .unwrap_or_default();
        Some((
            text(row.get("id"))?,
            Product {
                unit: text(row.get("purchase_uom"))?,
                symbol: text(row.get("purchase_uom.").and_then(|unit| unit.get("symbol")))?,
                taxes: taxes.iter().filter_map(|tax| text(Some(tax))).collect(),
            },
        ))
    };
    Ok(tree.get("result").and_then(Node::items).unwrap_or_default().iter().filter_map(product).collect())
}

/// `{"@code":"USD"}` becomes the id of the row with that code.
async fn code_to_id(link: &Link, object: &mut Node<'static>, member: &'static str, model: &str) -> Result<(), Error> {
    let Some(code) = object.get(member).and_then(|value| value.get("@code")).and_then(Node::as_text).map(str::to_owned)
    else {
        return Ok(());
    };
    let domain = Node::Array(vec![Node::Array(vec![Node::text("code"), Node::text("="), Node::text(code.clone())])]);
    let params = vec![domain, Node::number("0"), Node::number("1"), Node::Null];
    let answer = json_rpc::call(link, &format!("model.{model}.search"), params, None, Effect::Read).await?;
    let tree = parse(&answer).map_err(|error| Error::Unexpected(error.to_string()))?;
    let id = tree.get("result").and_then(Node::items).and_then(<[_]>::first).map(owned);
    let id = id.ok_or_else(|| refused(member, format!("the database has no {member} {code}")))?;
    if let Some(object) = object.as_object_mut() {
        object.set(member, id);
    }
    Ok(())
}

/// Ids go as numbers. Gives the digits.
fn number_of(object: &mut Node<'static>, member: &'static str) -> Result<String, Error> {
    let id = object.get(member).and_then(Node::as_text).unwrap_or_default().to_owned();
    if id.is_empty() || !id.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(refused(member, format!("`{id}` is no id of a {member}")));
    }
    if let Some(object) = object.as_object_mut() {
        object.set(member, Node::number(id.clone()));
    }
    Ok(id)
}

fn result(answer: &str) -> Result<Object<'static>, Error> {
    let tree = parse(answer).map_err(|error| Error::Unexpected(error.to_string()))?;
    match tree.get("result").map(owned) {
        Some(Node::Object(object)) => Ok(object),
        _ => Err(Error::Unexpected("the answer has no result".to_owned())),
    }
}
