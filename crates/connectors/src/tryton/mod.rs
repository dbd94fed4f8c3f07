//! Tryton: its declaration, its stock (which it computes), and what its own client does when it saves purchases, shipments,
//! inventories and products.

mod count;
mod derive;
mod invoice;
mod item;
mod mark;
mod movement;
mod prepare;
mod purchase;
mod receive;
mod rights;
mod rpc;
mod stock;

use std::sync::Arc;

use trunnion_kit::json::Node;
use trunnion_kit::link::Link;
use trunnion_kit::mapping::{Change, RowHook};
use trunnion_kit::posting::Posting;
use trunnion_kit::spec::{EntitySpec, Post};
use trunnion_kit::vendor::{Account, Answered, Declared, Page, Rights, Target, Vendor, Window};

pub(crate) const DECLARATION: &str = include_str!("connector.toml");

struct Tryton;

impl Vendor for Tryton {
    fn row_hook(&self) -> Option<RowHook> {
        Some(derive::row)
    }

    fn rights<'a>(&'a self, link: &'a Link) -> Answered<'a, Vec<(String, Rights)>> {
        Box::pin(rights::ask(link))
    }

    fn probe<'a>(&'a self, link: &'a Link) -> Answered<'a, Account> {
        Box::pin(async move {
            match Declared.probe(link).await {
                Err(error) => Err(rights::explain_probe(link, error).await),
                probed => probed,
            }
        })
    }

    fn page<'a>(&'a self, link: &'a Link, entity: &'a EntitySpec, window: &'a Window) -> Answered<'a, Page> {
        Box::pin(async move {
            let page = match entity.entity.name {
                "inventory_level" => stock::page(link, window).await,
                _ => Declared.page(link, entity, window).await,
            };
            match page {
                Err(error) => Err(rights::explain(link, entity, |rights| !rights.read, error).await),
                page => page,
            }
        })
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
            let created = match entity.entity.name {
                "purchase_order" => purchase::create(link, entity, body, write_key).await,
                "goods_receipt" => receive::create(link, &body, write_key).await,
                "item" => item::create(link, body).await,
                _ => match prepare::party(link, &mut body).await {
                    Ok(()) => Declared.create(link, entity, body, write_key).await,
                    Err(error) => Err(error),
                },
            };
            match created {
                Err(error) => Err(rights::explain(link, entity, |rights| !rights.create, error).await),
                created => created,
            }
        })
    }

    fn update<'a>(
        &'a self,
        link: &'a Link,
        entity: &'a EntitySpec,
        target: Target<'a>,
        change: Change,
    ) -> Answered<'a, ()> {
        Box::pin(async move {
            let updated = match entity.entity.name {
                "inventory_level" => count::set(link, target, &change).await,
                "item" => item::update(link, entity, target, change).await,
                _ => Declared.update(link, entity, target, change).await,
            };
            match updated {
                Err(error) => Err(rights::explain(link, entity, |rights| !rights.update, error).await),
                Ok(()) => Ok(()),
            }
        })
    }

    fn post<'a>(
        &'a self,
        link: &'a Link,
        entity: &'a EntitySpec,
        target: Target<'a>,
        posting: &'a Posting,
        write_key: &'a str,
    ) -> Answered<'a, ()> {
        Box::pin(async move {
            match movement::post(link, target, posting, write_key).await {
                Err(error) => Err(rights::explain(link, entity, |rights| !rights.update, error).await),
                Ok(()) => Ok(()),
            }
        })
    }

    fn is_posted<'a>(
        &'a self,
        link: &'a Link,
        _entity: &'a EntitySpec,
        _post: &'a Post,
        write_key: &'a str,
    ) -> Answered<'a, bool> {
        Box::pin(movement::is_posted(link, write_key))
    }

    fn level_at(&self, remote_id: &str, location: &str) -> Option<String> {
        stock::level_at(remote_id, location)
    }

    fn find_written<'a>(
        &'a self,
        link: &'a Link,
        entity: &'a EntitySpec,
        write_key: &'a str,
    ) -> Answered<'a, Option<String>> {
        Box::pin(async move {
            if entity.entity.name == "goods_receipt" {
                return receive::find(link, write_key).await;
            }
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
