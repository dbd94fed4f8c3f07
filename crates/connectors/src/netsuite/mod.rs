//! Oracle NetSuite: its declaration, the signs of its quantities, and the account's own ids for currencies and units.

mod derive;
mod lookup;
mod receive;
pub mod sim;
mod stock;

use std::sync::Arc;

use trunnion_kit::json::Node;
use trunnion_kit::link::Link;
use trunnion_kit::mapping::RowHook;
use trunnion_kit::spec::EntitySpec;
use trunnion_kit::vendor::{Answered, Declared, Page, Vendor, Window};

pub(crate) const DECLARATION: &str = include_str!("connector.toml");

struct NetSuite;

impl Vendor for NetSuite {
    fn row_hook(&self) -> Option<RowHook> {
        Some(derive::row)
    }

    fn page<'a>(&'a self, link: &'a Link, entity: &'a EntitySpec, window: &'a Window) -> Answered<'a, Page> {
        match entity.entity.name {
            "inventory_level" => Box::pin(stock::page(link, entity, window)),
            _ => Declared.page(link, entity, window),
        }
    }

    fn one<'a>(&'a self, link: &'a Link, entity: &'a EntitySpec, remote_id: &'a str) -> Answered<'a, Page> {
        match entity.entity.name {
            "inventory_level" => Box::pin(stock::one(link, entity, remote_id)),
            _ => Declared.one(link, entity, remote_id),
        }
    }

    fn create<'a>(
        &'a self,
        link: &'a Link,
        entity: &'a EntitySpec,
        mut body: Node<'static>,
        write_key: &'a str,
    ) -> Answered<'a, String> {
        Box::pin(async move {
            if entity.entity.name == "goods_receipt" {
                return receive::create(link, body).await;
            }
            lookup::currency(link, &mut body).await?;
            lookup::units(link, &mut body).await?;
            Declared.create(link, entity, body, write_key).await
        })
    }
}

pub(crate) fn vendor() -> Arc<dyn Vendor> {
    Arc::new(NetSuite)
}
