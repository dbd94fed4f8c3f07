//! Tryton: its declaration, its stock (which it computes), and what its own client does before it saves a purchase.

mod derive;
mod prepare;
mod purchase;
mod stock;

use std::sync::Arc;

use trunnion_kit::error::Error;
use trunnion_kit::json::Node;
use trunnion_kit::link::Link;
use trunnion_kit::mapping::RowHook;
use trunnion_kit::spec::EntitySpec;
use trunnion_kit::vendor::{Answered, Declared, Page, Vendor, Window};

pub(crate) const DECLARATION: &str = include_str!("connector.toml");

struct Tryton;

impl Vendor for Tryton {
    fn row_hook(&self) -> Option<RowHook> {
        Some(derive::row)
    }

    fn page<'a>(&'a self, link: &'a Link, entity: &'a EntitySpec, window: &'a Window) -> Answered<'a, Page> {
        match entity.entity.name {
            "inventory_level" => Box::pin(stock::page(link, window)),
            _ => Declared.page(link, entity, window),
        }
    }

    fn one<'a>(&'a self, link: &'a Link, entity: &'a EntitySpec, remote_id: &'a str) -> Answered<'a, Page> {
        match entity.entity.name {
            "inventory_level" => Box::pin(stock::one(link, remote_id)),
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
            match entity.entity.name {
                "purchase_order" => {
                    prepare::purchase(link, &mut body).await?;
                    let id = Declared.create(link, entity, body, write_key).await?;
                    match purchase::confirm(link, &id).await {
                        Ok(()) => Ok(id),
                        // Refused means that nothing is there: the saved draft goes too.
                        Err(refused @ (Error::Rejected(_) | Error::Permission(_))) => {
                            purchase::discard(link, &id, &refused).await?;
                            Err(refused)
                        }
                        Err(error) => Err(Error::OutcomeUnknown(format!("purchase {id} was saved, but: {error}"))),
                    }
                }
                _ => {
                    prepare::party(link, &mut body).await?;
                    Declared.create(link, entity, body, write_key).await
                }
            }
        })
    }

    fn find_written<'a>(
        &'a self,
        link: &'a Link,
        entity: &'a EntitySpec,
        write_key: &'a str,
    ) -> Answered<'a, Option<String>> {
        Box::pin(async move {
            let found = Declared.find_written(link, entity, write_key).await?;
            if let (Some(id), "purchase_order") = (&found, entity.entity.name) {
                // It may have been cut off between saving and confirming.
                purchase::confirm(link, id).await?;
            }
            Ok(found)
        })
    }
}

pub(crate) fn vendor() -> Arc<dyn Vendor> {
    Arc::new(Tryton)
}
