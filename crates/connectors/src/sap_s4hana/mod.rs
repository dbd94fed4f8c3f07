//! SAP S/4HANA: its declaration, what follows from several fields at once, and what its services do not show as rows of
//! their own: stock levels and places.

mod derive;
mod event_mesh;
mod movement;
mod places;
mod prepare;
mod received;
mod requisition;
pub mod sim;
mod stock;

use std::sync::Arc;

use trunnion_kit::json::Node;
use trunnion_kit::link::Link;
use trunnion_kit::mapping::{Change, RowHook};
use trunnion_kit::posting::Posting;
use trunnion_kit::spec::{EntitySpec, Post};
use trunnion_kit::subscription::{Subscribed, Wanted};
use trunnion_kit::vendor::{Answered, Declared, Page, Target, Vendor, Window};
use trunnion_model::decimal::Decimal;

pub(crate) const DECLARATION: &str = include_str!("connector.toml");

struct SapS4Hana;

impl Vendor for SapS4Hana {
    fn row_hook(&self) -> Option<RowHook> {
        Some(derive::row)
    }

    fn page<'a>(&'a self, link: &'a Link, entity: &'a EntitySpec, window: &'a Window) -> Answered<'a, Page> {
        match entity.entity.name {
            "inventory_level" => Box::pin(stock::page(link, window)),
            "location" => Box::pin(places::page(link, window)),
            "purchase_requisition" => Box::pin(requisition::page(link, entity, window)),
            _ => Declared.page(link, entity, window),
        }
    }

    fn one<'a>(&'a self, link: &'a Link, entity: &'a EntitySpec, remote_id: &'a str) -> Answered<'a, Page> {
        match entity.entity.name {
            "inventory_level" => Box::pin(stock::one(link, remote_id)),
            "location" => Box::pin(places::one(link, remote_id)),
            _ => Declared.one(link, entity, remote_id),
        }
    }

    fn subscribe<'a>(&'a self, link: &'a Link, wanted: &'a Wanted) -> Answered<'a, Subscribed> {
        Box::pin(event_mesh::subscribe(link, wanted))
    }

    fn renew<'a>(&'a self, link: &'a Link, wanted: &'a Wanted, id: &'a str) -> Answered<'a, Option<Subscribed>> {
        Box::pin(event_mesh::renew(link, wanted, id))
    }

    fn unsubscribe<'a>(&'a self, link: &'a Link, name: &'a str, _id: Option<&'a str>) -> Answered<'a, ()> {
        Box::pin(event_mesh::unsubscribe(link, name))
    }

    fn create<'a>(
        &'a self,
        link: &'a Link,
        entity: &'a EntitySpec,
        mut body: Node<'static>,
        write_key: &'a str,
    ) -> Answered<'a, String> {
        Box::pin(async move {
            prepare::create(entity.entity.name, &mut body)?;
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
            "purchase_requisition" => Box::pin(requisition::find_written(link, write_key)),
            _ => Declared.find_written(link, entity, write_key),
        }
    }

    fn received<'a>(
        &'a self,
        link: &'a Link,
        _order: &'a EntitySpec,
        target: Target<'a>,
    ) -> Answered<'a, Vec<(String, Decimal)>> {
        Box::pin(received::of_order(link, target))
    }

    fn post<'a>(
        &'a self,
        link: &'a Link,
        _entity: &'a EntitySpec,
        target: Target<'a>,
        posting: &'a Posting,
        write_key: &'a str,
    ) -> Answered<'a, ()> {
        Box::pin(movement::post(link, target, posting, write_key))
    }

    fn is_posted<'a>(
        &'a self,
        link: &'a Link,
        _entity: &'a EntitySpec,
        post: &'a Post,
        write_key: &'a str,
    ) -> Answered<'a, bool> {
        Box::pin(movement::is_posted(link, post, write_key))
    }

    fn level_at(&self, remote_id: &str, location: &str) -> Option<String> {
        movement::level_at(remote_id, location)
    }

    fn update<'a>(
        &'a self,
        link: &'a Link,
        entity: &'a EntitySpec,
        target: Target<'a>,
        mut change: Change,
    ) -> Answered<'a, ()> {
        Box::pin(async move {
            if entity.entity.name == "item" {
                prepare::described(&mut change.header, Some(target.row));
            }
            if entity.entity.name == "purchase_order" {
                prepare::priced(target.row, &mut change);
            }
            if entity.entity.name == "purchase_requisition" {
                requisition::added(target, &mut change)?;
            }
            match entity.entity.name {
                "inventory_level" => stock::set(link, target, &change).await,
                _ => Declared.update(link, entity, target, change).await,
            }
        })
    }
}

pub(crate) fn vendor() -> Arc<dyn Vendor> {
    Arc::new(SapS4Hana)
}
