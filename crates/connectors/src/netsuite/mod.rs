//! Oracle NetSuite: its declaration, the signs of its quantities, and the account's own ids for currencies and units.

mod derive;
mod items;
mod lookup;
mod receive;
pub mod sim;
mod stock;

use std::sync::Arc;

use trunnion_kit::json::{Node, Object};
use trunnion_kit::link::Link;
use trunnion_kit::mapping::{Change, RowHook};
use trunnion_kit::posting::Posting;
use trunnion_kit::protocol::suitetalk;
use trunnion_kit::spec::{EntitySpec, Post};
use trunnion_kit::vendor::{Answered, Declared, Page, Target, Vendor, Window};

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
            match entity.entity.name {
                "goods_receipt" => return receive::create(link, body).await,
                "item" => items::create(link, &mut body).await?,
                _ => {}
            }
            lookup::requester(link, &mut body).await?;
            lookup::currency(link, &mut body).await?;
            lookup::units(link, &mut body).await?;
            Declared.create(link, entity, body, write_key).await
        })
    }

    fn find_written<'a>(
        &'a self,
        link: &'a Link,
        entity: &'a EntitySpec,
        write_key: &'a str,
    ) -> Answered<'a, Option<String>> {
        match entity.entity.name {
            "item" => Box::pin(items::find_written(link, write_key)),
            _ => Declared.find_written(link, entity, write_key),
        }
    }

    fn post<'a>(
        &'a self,
        link: &'a Link,
        _entity: &'a EntitySpec,
        target: Target<'a>,
        posting: &'a Posting,
        write_key: &'a str,
    ) -> Answered<'a, ()> {
        Box::pin(stock::post(link, target, posting, write_key))
    }

    fn is_posted<'a>(
        &'a self,
        link: &'a Link,
        _entity: &'a EntitySpec,
        post: &'a Post,
        write_key: &'a str,
    ) -> Answered<'a, bool> {
        Box::pin(suitetalk::is_there(link, stock::document(&post.name), write_key))
    }

    fn level_at(&self, remote_id: &str, location: &str) -> Option<String> {
        stock::level_at(remote_id, location)
    }

    fn update<'a>(
        &'a self,
        link: &'a Link,
        entity: &'a EntitySpec,
        target: Target<'a>,
        mut change: Change,
    ) -> Answered<'a, ()> {
        Box::pin(async move {
            if entity.entity.name == "inventory_level" {
                return stock::set(link, target, &change).await;
            }
            for list in &mut change.lists {
                for added in list.edits.iter_mut().filter(|edit| edit.line.is_none()) {
                    let lines = Node::Array(vec![std::mem::replace(&mut added.body, Node::Null)]);
                    let mut order = Node::Object(Object::from_iter([("item".into(), lines)]));
                    lookup::units(link, &mut order).await?;
                    let lines = order.as_object_mut().and_then(|order| order.get_mut("item"));
                    added.body = lines.and_then(Node::items_mut).and_then(Vec::pop).unwrap_or(Node::Null);
                }
            }
            Declared.update(link, entity, target, change).await
        })
    }
}

pub(crate) fn vendor() -> Arc<dyn Vendor> {
    Arc::new(NetSuite)
}
