//! A product is created as its template with one variant, and what is the template's is changed there.

use trunnion_kit::error::{Error, VendorMessage};
use trunnion_kit::http::Effect;
use trunnion_kit::json::{Node, Object};
use trunnion_kit::link::Link;
use trunnion_kit::mapping::Change;
use trunnion_kit::protocol::json_rpc;
use trunnion_kit::spec::EntitySpec;
use trunnion_kit::vendor::{Declared, Target, Vendor as _};

use super::rpc::{self, condition, refused, text};

const TEMPLATE: &str = "product.template";
/// What is the variant's; all else is the template's.
const OF_VARIANT: [&str; 3] = ["description", "cost_price", "identifiers"];

/// Saves the template; the id of its variant.
pub(super) async fn create(link: &Link, body: Node<'static>) -> Result<String, Error> {
    let Node::Object(body) = body else { return Err(Error::Unexpected("the body is no object".to_owned())) };
    let (mut variant, mut template) = (Object::new(), Object::new());
    for (name, value) in body.into_members() {
        if OF_VARIANT.contains(&&*name) { variant.set(name, value) } else { template.set(name, value) }
    }
    // The client proposes one; with none, the variant's number is the template's.
    variant.set("suffix_code", Node::text(""));
    let kind = template.get("type").and_then(Node::as_text).map(str::to_owned);
    match kind.as_deref() {
        Some("consumable") => {
            template.set("type", Node::text("goods"));
            template.set("consumable", Node::Bool(true));
        }
        Some("service") => template.set("cost_price_method", Node::text("fixed")),
        _ => {}
    }
    for unit in ["default_uom", "purchase_uom"] {
        to_id(link, &mut template, unit, "@symbol", "product.uom", "symbol").await?;
    }
    to_id(link, &mut template, "account_category", "@name", "product.category", "name").await?;
    if let (None, Some(unit)) = (template.get("purchase_uom"), template.get("default_uom").cloned()) {
        template.set("purchase_uom", unit);
    }
    template.set("purchasable", Node::Bool(true));
    template.set("products", Node::Array(vec![Node::Object(variant)]));
    let code = template.get("code").and_then(Node::as_text).map(str::to_owned);
    let id = match json_rpc::created(link, TEMPLATE, json_rpc::creations(Node::Object(template)), None).await {
        Err(Error::Rejected(message)) => return Err(Error::Rejected(blamed(link, code, message).await)),
        created => created?,
    };
    let of_template = vec![condition("template", "=", Node::number(json_rpc::digits(&id)?))];
    let found = rpc::search_read(link, "product.product", of_template, Some(1), &["id"], None).await;
    let found = found.map_err(|error| Error::OutcomeUnknown(format!("product {id} was saved, but: {error}")))?;
    let found = found.first().map(|row| text(row, "id").to_owned());
    found.ok_or_else(|| Error::OutcomeUnknown(format!("product {id} was saved, and has no variant")))
}

/// Tryton's refusals name no field. A number that another product has is the likely one.
async fn blamed(link: &Link, code: Option<String>, message: VendorMessage) -> VendorMessage {
    let Some(code) = code else { return message };
    let same = vec![condition("code", "=", Node::text(code))];
    match rpc::search_read(link, "product.product", same, Some(1), &["id"], None).await {
        Ok(found) if !found.is_empty() => VendorMessage { field: Some("code".to_owned()), ..message },
        _ => message,
    }
}

/// Changes what is the template's there, and all else in the variant.
pub(super) async fn update(
    link: &Link,
    entity: &EntitySpec,
    target: Target<'_>,
    mut change: Change,
) -> Result<(), Error> {
    let members = change.header.as_object_mut().map(std::mem::take).unwrap_or_default().into_members();
    let (template, own): (Vec<_>, Vec<_>) = members.into_iter().partition(|(name, _)| name == "name");
    if !template.is_empty() {
        let id = Node::number(json_rpc::digits(text(target.row, "template"))?);
        let params = vec![Node::Array(vec![id]), Node::Object(template.into_iter().collect())];
        json_rpc::call(link, &format!("model.{TEMPLATE}.write"), params, None, Effect::Write).await?;
    }
    if own.is_empty() {
        return Ok(());
    }
    change.header = Node::Object(own.into_iter().collect());
    Declared.update(link, entity, target, change).await
}

/// `{"@symbol":"u"}` becomes the id of the row of that name.
async fn to_id(
    link: &Link,
    object: &mut Object<'static>,
    member: &'static str,
    named: &str,
    model: &str,
    field: &'static str,
) -> Result<(), Error> {
    let name = object.get(member).and_then(|value| value.get(named)).and_then(Node::as_text).map(str::to_owned);
    let Some(name) = name else { return Ok(()) };
    let mut domain = vec![condition(field, "=", Node::text(name.clone()))];
    if member == "account_category" {
        domain.push(condition("accounting", "=", Node::Bool(true)));
    }
    let found = rpc::search_read(link, model, domain, Some(1), &["id"], None).await?;
    let id = found.first().and_then(|row| row.get("id")).cloned();
    object.set(member, id.ok_or_else(|| refused(member, format!("the database has no {member} `{name}`")))?);
    Ok(())
}
