//! A made-up system that keeps vendors in memory. Its password is `secret`; a vendor called `Nobody` it refuses, at
//! one called `Panic` it panics, and one called `Deaf` it does not give alone.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use trunnion_kit::error::{Error, VendorMessage};
use trunnion_kit::json::Node;
use trunnion_kit::link::Link;
use trunnion_kit::mapping::Change;
use trunnion_kit::spec::{self, EntitySpec};
use trunnion_kit::vendor::{Account, Answered, Catalogue, Connector, Page, Target, Vendor, Window};

#[derive(Clone, Default)]
pub(crate) struct Acme {
    rows: Arc<Mutex<Vec<Value>>>,
    /// How often a single row was read.
    readings: Arc<AtomicUsize>,
}

impl Acme {
    pub(crate) fn with_vendors(count: usize) -> Self {
        let acme = Self::default();
        for number in 0..count {
            acme.add(&format!("Vendor {number}"), &json!({}));
        }
        acme
    }

    pub(crate) fn catalogue(&self) -> Catalogue {
        let spec =
            spec::load("acme.toml", include_str!("acme.toml")).unwrap_or_else(|findings| panic!("{findings:#?}"));
        Catalogue::new(vec![Connector { spec: Arc::new(spec), vendor: Arc::new(self.clone()) }])
    }

    /// How many vendors the system has.
    pub(crate) fn count(&self) -> usize {
        self.rows.lock().unwrap().len()
    }

    pub(crate) fn add(&self, name: &str, more: &Value) -> String {
        let mut rows = self.rows.lock().unwrap();
        let id = (1001 + rows.len()).to_string();
        rows.push(json!({"Id": id, "Code": format!("V{id}"), "Name": name, "Reference": more["Reference"]}));
        id
    }

    /// Changes a vendor as one of the system's own users would.
    pub(crate) fn rename(&self, id: &str, name: &str) {
        self.set(id, "Name", &name.into());
    }

    pub(crate) fn set(&self, id: &str, member: &str, value: &Value) {
        let mut rows = self.rows.lock().unwrap();
        let row = rows.iter_mut().find(|row| row["Id"] == id).unwrap();
        row[member] = value.clone();
    }

    pub(crate) fn readings(&self) -> usize {
        self.readings.load(Ordering::SeqCst)
    }

    fn find(&self, matches: impl Fn(&Value) -> bool) -> Page {
        let rows: Vec<Value> = self.rows.lock().unwrap().iter().filter(|row| matches(row)).cloned().collect();
        Page::new(Value::from(rows).to_string(), "")
    }

    fn make(&self, body: &Node<'static>) -> Result<String, Error> {
        let body: Value = serde_json::from_str(&body.to_json()).unwrap();
        let name = body["Name"].as_str().unwrap_or_default();
        assert_ne!(name, "Panic", "asked to panic");
        if name == "Nobody" {
            return Err(Error::Rejected(refusal(400, "E42", "Nobody is not a name")));
        }
        Ok(self.add(name, &body))
    }
}

impl Vendor for Acme {
    fn probe<'a>(&'a self, link: &'a Link) -> Answered<'a, Account> {
        Box::pin(async move {
            match link.setting("password") {
                Some("secret") => Ok(Account { name: "Acme, test client".to_owned() }),
                _ => Err(link.park(refusal(401, "E1", "wrong user or password"))),
            }
        })
    }

    fn page<'a>(&'a self, _link: &'a Link, _entity: &'a EntitySpec, window: &'a Window) -> Answered<'a, Page> {
        Box::pin(async move {
            let after = window.after_key.as_deref().unwrap_or_default();
            let mut rows = self.rows.lock().unwrap().clone();
            rows.retain(|row| row["Id"].as_str().unwrap() > after);
            rows.truncate(window.limit);
            Ok(Page::new(Value::from(rows).to_string(), ""))
        })
    }

    fn one<'a>(&'a self, _link: &'a Link, _entity: &'a EntitySpec, remote_id: &'a str) -> Answered<'a, Page> {
        self.readings.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move {
            let found = self.find(|row| row["Id"] == remote_id);
            match found.rows()?.first().and_then(|row| row.get("Name")).and_then(Node::as_text) {
                Some("Deaf") => Err(Error::Unreachable { reason: "no answer".to_owned(), after: None }),
                _ => Ok(found),
            }
        })
    }

    fn create<'a>(
        &'a self,
        _link: &'a Link,
        _entity: &'a EntitySpec,
        body: Node<'static>,
        _write_key: &'a str,
    ) -> Answered<'a, String> {
        Box::pin(async move { self.make(&body) })
    }

    fn update<'a>(
        &'a self,
        _link: &'a Link,
        _entity: &'a EntitySpec,
        target: Target<'a>,
        change: Change,
    ) -> Answered<'a, ()> {
        Box::pin(async move {
            let change: Value = serde_json::from_str(&change.header.to_json()).unwrap();
            let mut rows = self.rows.lock().unwrap();
            let row = rows.iter_mut().find(|row| row["Id"] == target.remote_id).unwrap();
            row["Name"] = change["Name"].clone();
            Ok(())
        })
    }

    fn delete<'a>(&'a self, _link: &'a Link, _entity: &'a EntitySpec, target: Target<'a>) -> Answered<'a, ()> {
        Box::pin(async move {
            self.rows.lock().unwrap().retain(|row| row["Id"] != target.remote_id);
            Ok(())
        })
    }

    fn find_written<'a>(
        &'a self,
        _link: &'a Link,
        _entity: &'a EntitySpec,
        write_key: &'a str,
    ) -> Answered<'a, Option<String>> {
        Box::pin(async move {
            let rows = self.rows.lock().unwrap();
            let found = rows.iter().find(|row| row["Reference"] == write_key);
            Ok(found.map(|row| row["Id"].as_str().unwrap().to_owned()))
        })
    }
}

fn refusal(status: u16, code: &str, text: &str) -> VendorMessage {
    VendorMessage { status: Some(status), code: Some(code.to_owned()), text: text.to_owned(), field: None }
}
