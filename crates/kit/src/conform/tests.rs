//! The suite tried on a connector without defects, and on the same one with one defect each.

use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use trunnion_model::time::{Clock, rfc3339};

use super::{Options, Report, run};
use crate::error::{Error, VendorMessage};
use crate::json::Node;
use crate::link::Link;
use crate::spec::{EntitySpec, load};
use crate::vendor::{Account, Answered, Connector, Page, Vendor, Window};

const DECLARATION: &str = r#"
[system]
id = "acme"
name = "Acme"
family = "erp"
doc = "A list in memory"
verified = "simulator"
[protocol]
kind = "odata_v2"
[form.url]
label = "Address"
help = "Any"
kind = "url"
[auth.basic]
label = "User"
help = "Any"
[auth.basic.form.username]
label = "User name"
help = "Any"
[auth.basic.form.password]
label = "Password"
help = "Any"
kind = "secret"

[entity.vendor]
source = { set = "Vendors", key = "Id" }
sync = { strategy = "watermark", modified = "Changed", overlap = "1s", page = 20 }
remote_modified = { at = "Changed" }
[entity.vendor.create]
write_key = "Ref"
[entity.vendor.fields]
code = { at = "Id" }
name = { at = "Name", write = "create", required = true }
email = { at = "Mail", write = "create" }

[entity.item]
source = { set = "Items", key = "Id" }
sync = { strategy = "snapshot", page = 20 }
[entity.item.fields]
name = { at = "Name" }
"#;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Defect {
    None,
    AnyPassword,
    LoginAgain,
    RowLostBetweenPages,
    LastRowRepeated,
    PageTooLong,
    SinceIgnored,
    ChangesLost,
    OtherAlone,
    AnyKeyAlone,
    NoTimeOfChange,
    MailForgotten,
    WriteNotFound,
    AnyWriteFound,
    CreatesItems,
}

struct Fake {
    defect: Defect,
    vendors: Mutex<Vec<Value>>,
    clock: Clock,
}

impl Fake {
    fn new(defect: Defect) -> Self {
        let vendor = |id: i64| json!({"Id": 100 + id, "Name": format!("Vendor {id}"), "Mail": "a@b.example", "Changed": format!("2026-01-{id:02}T00:00:00Z")});
        Self { defect, vendors: Mutex::new((1..=25).map(vendor).collect()), clock: Clock::system() }
    }

    fn rows(&self, entity: &EntitySpec) -> Vec<Value> {
        match entity.entity.name {
            "vendor" => self.vendors.lock().unwrap().clone(),
            _ => (1..=15).map(|id| json!({"Id": 500 + id, "Name": "Item"})).collect(),
        }
    }

    fn window(&self, entity: &EntitySpec, window: &Window) -> Page {
        let after = window.after_key.as_ref().map_or(0, |key| key.parse::<i64>().unwrap());
        let since = window.since.filter(|_| self.defect != Defect::SinceIgnored).map(rfc3339).unwrap_or_default();
        let is_in = |row: &Value| {
            let changed = row["Changed"].as_str().unwrap_or("9");
            let next = match self.defect {
                Defect::RowLostBetweenPages if after > 0 => row["Id"].as_i64() > Some(after + 1),
                Defect::LastRowRepeated if after > 0 && after % 100 < 20 => row["Id"].as_i64() >= Some(after),
                _ => row["Id"].as_i64() > Some(after),
            };
            next && changed >= since.as_str() && !(self.defect == Defect::ChangesLost && window.since.is_some())
        };
        let limit = if self.defect == Defect::PageTooLong { window.limit + 1 } else { window.limit };
        let mut rows: Vec<Value> = self.rows(entity).into_iter().filter(is_in).take(limit).collect();
        if self.defect == Defect::NoTimeOfChange {
            rows.iter_mut().for_each(|row| row["Changed"] = Value::Null);
        }
        Page::new(Value::Array(rows).to_string(), "")
    }
}

fn is_right(link: &Link) -> bool {
    link.setting("password") == Some("right")
}

impl Vendor for Fake {
    fn probe<'a>(&'a self, link: &'a Link) -> Answered<'a, Account> {
        Box::pin(async move {
            match self.defect {
                Defect::AnyPassword => {}
                Defect::LoginAgain if !is_right(link) => return Err(Error::Authentication(VendorMessage::default())),
                _ if !is_right(link) => return Err(link.park(VendorMessage::default())),
                _ => {}
            }
            Ok(Account { name: "Acme".to_owned() })
        })
    }

    fn page<'a>(&'a self, link: &'a Link, entity: &'a EntitySpec, window: &'a Window) -> Answered<'a, Page> {
        Box::pin(async move {
            if is_right(link) { Ok(self.window(entity, window)) } else { Err(link.park(VendorMessage::default())) }
        })
    }

    fn one<'a>(&'a self, _: &'a Link, entity: &'a EntitySpec, remote_id: &'a str) -> Answered<'a, Page> {
        Box::pin(async move {
            let mut rows = self.rows(entity);
            if self.defect == Defect::AnyKeyAlone {
                rows[0]["Id"] = remote_id.into();
                return Ok(Page::new(rows[0].to_string(), ""));
            }
            rows.retain(|row| row["Id"].as_i64() == remote_id.parse().ok());
            if self.defect == Defect::OtherAlone {
                rows.iter_mut().for_each(|row| row["Name"] = "Other".into());
            }
            Ok(Page::new(Value::Array(rows).to_string(), ""))
        })
    }

    fn create<'a>(
        &'a self,
        _: &'a Link,
        entity: &'a EntitySpec,
        body: Node<'static>,
        write_key: &'a str,
    ) -> Answered<'a, String> {
        Box::pin(async move {
            if entity.create.is_none() {
                let refused = Err(Error::Rejected(VendorMessage::default()));
                return if self.defect == Defect::CreatesItems { Ok("1".to_owned()) } else { refused };
            }
            let mut rows = self.vendors.lock().unwrap();
            let id = 101 + rows.len();
            let mut row: Value = serde_json::from_str(&body.to_json()).unwrap();
            (row["Id"], row["Ref"], row["Changed"]) = (id.into(), write_key.into(), rfc3339(self.clock.now()).into());
            if self.defect == Defect::MailForgotten {
                row["Mail"] = Value::Null;
            }
            rows.push(row);
            Ok(id.to_string())
        })
    }

    fn find_written<'a>(&'a self, _: &'a Link, _: &'a EntitySpec, write_key: &'a str) -> Answered<'a, Option<String>> {
        Box::pin(async move {
            let rows = self.vendors.lock().unwrap();
            let found = rows.iter().find(|row| row["Ref"] == write_key).map(|row| row["Id"].to_string());
            Ok(match self.defect {
                Defect::WriteNotFound => None,
                Defect::AnyWriteFound => found.or(Some("101".to_owned())),
                _ => found,
            })
        })
    }
}

async fn report(defect: Defect) -> Report {
    let spec = load("acme/connector.toml", DECLARATION).unwrap_or_else(|findings| panic!("{findings:#?}"));
    let connector = Connector { spec: Arc::new(spec), vendor: Arc::new(Fake::new(defect)) };
    let credentials =
        |password: &str| json!({"auth": "basic", "url": "https://acme.example", "username": "u", "password": password});
    run(&connector, &credentials("right"), &credentials("wrong"), None, &Options::default()).await
}

#[tokio::test]
async fn a_connector_that_keeps_its_promises_passes_with_all_of_them_tried() {
    let report = report(Defect::None).await;
    assert_eq!((report.failures.as_slice(), report.untried()), (&[][..], vec![]), "{report}");
    assert!(report.promised.contains("vendor: write email") && report.promised.contains("item: create is refused"));
}

#[tokio::test]
async fn each_defect_is_told() {
    for (defect, part) in [
        (Defect::AnyPassword, "wrong credentials: the probe gave Ok"),
        (Defect::LoginAgain, "wrong credentials: the link is not parked"),
        (Defect::RowLostBetweenPages, "vendor: 22 rows in pages of 7 instead of 24; lost [\"108\""),
        (Defect::LastRowRepeated, "vendor: key 107 comes after 107"),
        (Defect::PageTooLong, "vendor: a page of at most 7 rows has 8"),
        (Defect::SinceIgnored, "vendor: changes since 2026-01-13T00:00:00Z: 101 last changed at Some(2026-01-01"),
        (Defect::ChangesLost, "vendor: changes since 2026-01-13T00:00:00Z: 113 is missing"),
        (Defect::OtherAlone, "vendor 101: alone Some("),
        (Defect::AnyKeyAlone, "vendor: the key 999, which nobody has, gives a record"),
        (Defect::NoTimeOfChange, "vendor 101: no time of the last change"),
        (Defect::MailForgotten, "vendor 127: email: wrote"),
        (Defect::WriteNotFound, "finds None"),
        (Defect::AnyWriteFound, "never used, finds Some(\"101\")"),
        (Defect::CreatesItems, "item: not declared to be created, and created"),
    ] {
        let report = report(defect).await;
        assert!(report.failures.iter().any(|failure| failure.contains(part)), "{defect:?}: {part}\n{report}");
        assert!(report.to_string().contains("  failed: "), "{report}");
    }
}
