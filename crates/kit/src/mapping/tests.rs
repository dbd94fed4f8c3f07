//! The mapping in both directions: rows in and records out, bodies in and requests out.

use serde_json::{Map, Value, json};
use trunnion_model::catalog::entity;
use trunnion_model::ids::{ConnectionId, RecordId};
use trunnion_model::record::Incoming;
use trunnion_model::time::{Clock, rfc3339_micros};

use super::{Change, FieldProblem, MapError, Mapper, Standing, WriteContext, to_change, to_vendor};
use crate::json::{Node, Object, parse};
use crate::spec::{EntitySpec, Spec, load};

const DECLARATION: &str = r#"
[system]
id = "acme"
name = "Acme"
family = "erp"
doc = "An ERP"
verified = "simulator"
[protocol]
kind = "odata_v2"
[form.url]
label = "Address"
help = "Any"
kind = "url"
[form.company]
label = "company"
help = "Any"
required = false
[form.client]
label = "client"
help = "Any"
required = false
[form.plant]
label = "plant"
help = "Any"
required = false
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

[units]
EA = ["PC", "ST"]

[entity.vendor]
source = { set = "Vendors", key = "Id" }
sync = { strategy = "watermark", modified = "Changed" }
remote_modified = { at = "Changed", as = "odata_instant" }
remote_created = { at = "Created" }
deleted = "Gone"
[entity.vendor.fields]
code = { at = "Id" }
name = { at = "Name/0/Text" }
active = { at = "Blocked", as = "not" }
[entity.vendor.group.address]
at = "Places/0"
[entity.vendor.group.address.fields]
city = { at = "City" }
country = { at = "Land/Code" }

[entity.item]
source = { set = "Items", key = "Id" }
sync = { strategy = "snapshot" }
[entity.item.fields]
name = { at = "Name" }
type = { at = "Type", words = { "M" = "inventory", "D" = "service" } }

[entity.purchase_order]
source = { set = "Orders", key = "Id" }
sync = { strategy = "snapshot" }
[entity.purchase_order.create]
write_key = "Header/Ref"
[entity.purchase_order.create.constants]
"Kind" = "NB"
"Version" = "1"
"Text" = "text:1"
"Final" = "false"
[entity.purchase_order.create.settings]
"Company/Code" = "company"
"Client" = "client?"
[entity.purchase_order.update]
locked_in = ["cancelled"]
because = "it is over"
[entity.purchase_order.fields]
number = { at = "Id" }
status = { at = "Status", words = { "O" = "approved", "X" = "cancelled" } }
vendor_id = { at = "Vendor", to = "Vendor/id", write = "create", required = true }
vendor_code = { at = "VendorCode" }
location_id = { at = "Plant", write = "create" }
currency = { at = "Currency", write = "create", required = true }
ordered_on = { at = "Date", as = "odata_date", write = "create" }
memo = { at = "Memo", write = "always", max_length = 5 }
reference = { at = "Reference", write = "update", locked_in = ["remote:S"] }
[entity.purchase_order.group.lines]
at = "Lines"
to = "Order/Lines"
write = "always"
[entity.purchase_order.group.lines.constants]
"Per" = "1"
[entity.purchase_order.group.lines.settings]
"Plant" = "plant?"
[entity.purchase_order.group.lines.fields]
position = { as = "position" }
item_id = { at = "Item", write = "create", required = true }
quantity = { at = "Quantity", write = "create", required = true }
unit = { at = "Unit", write = "create" }
unit_price = { at = "Price", as = "number", write = "always", precision = 20, with = { "PricePer" = "1" } }
"#;

fn spec() -> Spec {
    load("acme/connector.toml", DECLARATION).unwrap_or_else(|findings| panic!("{findings:#?}"))
}

fn declared<'s>(spec: &'s Spec, name: &str) -> &'s EntitySpec {
    spec.entities.iter().find(|entity| entity.entity.name == name).unwrap()
}

/// The record of a row, in the connection that is given back with it.
fn try_read(name: &str, row: &str) -> (ConnectionId, Result<Incoming, MapError>) {
    let spec = spec();
    let connection = ConnectionId::new(&Clock::system());
    let offered = |name: &str| spec.entities.iter().any(|entity| entity.entity.name == name);
    let mapper = Mapper::new(declared(&spec, name), connection, &offered, None);
    (connection, mapper.read(&mut parse(row).unwrap()))
}

fn read_volatile(volatile: &str, name: &str, row: &str) -> Incoming {
    let text = DECLARATION.replace("key = \"Id\" }", &format!("key = \"Id\", volatile = [{volatile}] }}"));
    let spec = load("acme/connector.toml", &text).unwrap_or_else(|findings| panic!("{findings:#?}"));
    let connection = ConnectionId::parse("con_00000000000000000000000000").unwrap();
    Mapper::new(declared(&spec, name), connection, &|_| true, None).read(&mut parse(row).unwrap()).unwrap()
}

fn read(name: &str, row: &str) -> Incoming {
    try_read(name, row).1.unwrap()
}

fn id(connection: ConnectionId, name: &str, remote_id: &str) -> String {
    let entity = entity(name).unwrap();
    RecordId::of(connection, entity, remote_id).text(entity)
}

#[test]
fn a_row_becomes_sorted_json_with_its_envelope_beside_it() {
    let row = r#"{"Id":"17","Name":[{"Text":"Müller \"Guss\""}],"Blocked":false,"Gone":true,"Extra":1,
        "Changed":"/Date(1769853600123+0000)/","Created":"2026-01-30 08:00:00",
        "Places":{"results":[{"City":"Köln","Land":{"Code":"DE"}},{"City":"Bonn"}]}}"#;
    let record = read("vendor", row);
    assert_eq!(
        record.data,
        r#"{"active":true,"address":{"city":"Köln","country":"DE"},"code":"17","custom_fields":{},"name":"Müller \"Guss\""}"#
    );
    assert_eq!((record.remote_id.as_str(), record.display.as_str()), ("17", "Müller \"Guss\""));
    assert_eq!((record.natural_key.as_deref(), record.deleted), (Some("17"), true));
    assert_eq!(record.remote_modified_at.map(rfc3339_micros).as_deref(), Some("2026-01-31T10:00:00.123000Z"));
    assert_eq!(record.remote_created_at.map(rfc3339_micros).as_deref(), Some("2026-01-30T08:00:00.000000Z"));
    assert_eq!(record.raw, row);
}

#[test]
fn what_the_row_does_not_have_is_left_out() {
    for row in [
        r#"{"Id":17}"#,
        r#"{"Id":17,"Name":[],"Blocked":null,"Places":[],"Changed":"","Created":null,"Gone":false}"#,
        r#"{"Id":17,"Name":[{"Text":""}],"Places":[{"City":"","Land":null}]}"#,
    ] {
        let record = read("vendor", row);
        assert_eq!(record.data, r#"{"code":"17","custom_fields":{}}"#, "{row}");
        assert_eq!(record.display, "17", "{row}");
        assert_eq!((record.remote_modified_at, record.remote_created_at, record.deleted), (None, None, false), "{row}");
    }
}

#[test]
fn references_have_our_id_where_the_target_is_offered_and_the_remote_one_always() {
    let row = r#"{"Id":"1","Status":"O","Vendor":"17","VendorCode":"M1","Plant":"P9","Currency":"EUR","Lines":[]}"#;
    let (connection, record) = try_read("purchase_order", row);
    let data: Value = serde_json::from_str(&record.unwrap().data).unwrap();
    assert_eq!(data["vendor_id"], id(connection, "vendor", "17"));
    assert_eq!((&data["vendor_remote_id"], &data["vendor_code"]), (&json!("17"), &json!("M1")));
    // The declaration has no locations.
    assert_eq!((data.get("location_id"), &data["location_remote_id"]), (None, &json!("P9")));
    let (_, nested) = try_read("purchase_order", r#"{"Id":"1","Status":"O","Vendor":{"id":"17"}}"#);
    assert!(nested.unwrap().data.contains(r#""vendor_remote_id":"17""#));
}

#[test]
fn lines_keep_their_order_and_numbers_stay_exact() {
    let row = r#"{"Id":"1","Lines":{"results":[
        {"Item":"A","Quantity":"12.500","Unit":"ST","Price":12345678901234567.10},
        {"Item":"B","Quantity":"1e3","Unit":"KAN","Price":-0.0}]}}"#;
    let (connection, record) = try_read("purchase_order", row);
    let data: Value = serde_json::from_str(&record.unwrap().data).unwrap();
    let line = |item: &str, position: i64, quantity: &str, unit: &str, remote_unit: &str, price: &str| {
        json!({
            "item_id": id(connection, "item", item), "item_remote_id": item, "position": position,
            "quantity": quantity, "unit": unit, "remote_unit": remote_unit, "unit_price": price,
        })
    };
    // A unit that nobody declared passes as it is.
    let lines =
        json!([line("A", 1, "12.5", "EA", "ST", "12345678901234567.1"), line("B", 2, "1000", "KAN", "KAN", "0"),]);
    assert_eq!(data["lines"], lines);
}

#[test]
fn a_word_that_nobody_declared_is_unknown_where_there_is_such_a_word_and_else_only_remote() {
    let order = read("purchase_order", r#"{"Id":"1","Status":"Z"}"#).data;
    assert!(order.contains(r#""remote_status":"Z","status":"unknown""#), "{order}");
    let known = read("purchase_order", r#"{"Id":"1","Status":"X"}"#).data;
    assert!(known.contains(r#""remote_status":"X","status":"cancelled""#), "{known}");
    let item = read("item", r#"{"Id":"1","Name":"n","Type":"Z"}"#).data;
    assert_eq!(item, r#"{"custom_fields":{},"name":"n","remote_type":"Z"}"#);
}

#[test]
fn a_row_that_cannot_be_mapped_says_which_where_and_why() {
    for (row, error) in [
        (r#"{"Status":"O"}"#, "purchase_order ?: Id: the row has no key"),
        (r#"{"Id":"1","Date":"tomorrow"}"#, "purchase_order 1: ordered_on: `\"tomorrow\"` is no odata_date"),
        (
            r#"{"Id":"1","Lines":[{"Quantity":"1"},{"Quantity":"two"}]}"#,
            "purchase_order 1: lines/1/quantity: `\"two\"` is no decimal",
        ),
    ] {
        assert_eq!(try_read("purchase_order", row).1.unwrap_err().to_string(), error, "{row}");
    }
}

#[test]
fn a_hook_sees_each_row_before_the_mapping_and_leaves_no_trace_in_the_raw_form() {
    fn hook(entity: &str, row: &mut Object<'_>) {
        row.set("Name", Node::text(format!("{entity} of the hook")));
    }
    let spec = spec();
    let connection = ConnectionId::new(&Clock::system());
    let mapper = Mapper::new(declared(&spec, "item"), connection, &|_| false, Some(hook));
    let record = mapper.read(&mut parse(r#"{"Id":"1"}"#).unwrap()).unwrap();
    assert_eq!((record.display.as_str(), record.raw.as_str()), ("item of the hook", r#"{"Id":"1"}"#));
    assert_eq!(record.data, r#"{"custom_fields":{},"name":"item of the hook"}"#);
}

fn written(body: &Value, settings: &[(&str, &str)]) -> Result<String, Vec<FieldProblem>> {
    let spec = spec();
    let spec = declared(&spec, "purchase_order");
    let members: Map<String, Value> = body.as_object().unwrap().clone();
    let setting = |name: &str| settings.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    let cx = WriteContext { setting: &setting, write_key: "K-1" };
    to_vendor(spec, spec.create.as_ref().unwrap(), &members, &cx).map(|node| node.to_json())
}

fn body() -> Value {
    json!({
        "vendor_remote_id": "17", "currency": "EUR", "ordered_on": "2026-01-31", "memo": null,
        "lines": [
            {"item_remote_id": "A", "quantity": "12.50", "unit": "EA", "unit_price": "3.10"},
            {"item_remote_id": "B", "quantity": 2},
        ],
    })
}

#[test]
fn a_body_becomes_the_vendors_request_with_constants_settings_and_write_key() {
    let sent = written(&body(), &[("company", "1010"), ("plant", "P9"), ("other", "x")]).unwrap();
    let sent: Value = serde_json::from_str(&sent).unwrap();
    let lines = json!([
        {"Per": 1, "Plant": "P9", "Item": "A", "Quantity": "12.5", "Unit": "PC", "Price": 3.1},
        {"Per": 1, "Plant": "P9", "Item": "B", "Quantity": "2"},
    ]);
    assert_eq!(
        sent,
        json!({
            "Kind": "NB", "Version": 1, "Text": "1", "Final": false, "Company": {"Code": "1010"},
            "Vendor": {"id": "17"}, "Currency": "EUR", "Date": "/Date(1769817600000)/",
            "Header": {"Ref": "K-1"}, "Order": {"Lines": lines},
        })
    );
}

#[test]
fn a_price_is_written_with_its_own_digits() {
    let mut body = body();
    body["lines"] = json!([{"item_remote_id": "A", "quantity": "1", "unit_price": "12345678901234567.12345678901"}]);
    let sent = written(&body, &[("company", "1010")]).unwrap();
    assert!(sent.contains(r#""Price":12345678901234567.12345678901"#), "{sent}");
}

#[test]
fn all_problems_are_told_together_each_with_its_pointer() {
    let body = json!({
        "currency": 7, "ordered_on": "31.01.2026", "memo": "longer", "status": "approved", "colour": "red",
        "lines": [
            {"item_remote_id": "A", "quantity": 1.5},
            "B",
            {"quantity": "two", "amount": "1", "unit": true},
        ],
    });
    let problems = written(&body, &[]).unwrap_err();
    let mut told: Vec<String> =
        problems.iter().map(|problem| format!("{}: {}", problem.pointer, problem.message)).collect();
    told.sort();
    let expected = [
        "/colour: no such field",
        "/currency: must be a string",
        "/lines/0/quantity: must be a decimal number as a string",
        "/lines/1: must be an object",
        "/lines/2/amount: this system does not let it be written",
        "/lines/2/item_remote_id: this system requires it",
        "/lines/2/quantity: must be a decimal number as a string",
        "/lines/2/unit: must be a string",
        "/memo: must not be longer than 5 characters",
        "/ordered_on: must be a date",
        "/status: this system does not let it be written",
        "/vendor_remote_id: this system requires it",
        ": the connection has no `company`",
    ];
    assert_eq!(told.len(), expected.len(), "{told:#?}");
    for (told, expected) in told.iter().zip(expected) {
        assert!(told.starts_with(expected), "{told}; expected {expected}");
    }
}

#[test]
fn a_list_that_is_required_must_be_a_list_with_something_in_it() {
    for (lines, message) in [
        (Value::Null, "this system requires it"),
        (json!([]), "must have at least one item"),
        (json!({"item_remote_id": "A"}), "must be an array"),
    ] {
        let mut body = body();
        body["lines"] = lines;
        let problems = written(&body, &[("company", "1010")]).unwrap_err();
        let told: Vec<_> =
            problems.iter().map(|problem| (problem.pointer.as_str(), problem.message.as_str())).collect();
        assert_eq!(told, [("/lines", message)]);
    }
}

fn change(body: Value, standing: Standing<'_>) -> Result<Change, Vec<FieldProblem>> {
    let spec = spec();
    let Value::Object(body) = body else { panic!("an object") };
    let cx = WriteContext { setting: &|name| Some(name.to_owned()), write_key: "" };
    to_change(declared(&spec, "purchase_order"), &body, standing, &cx)
}

const APPROVED: Standing<'static> = Standing { status: Some("approved"), remote_status: Some("O") };

#[test]
fn an_update_holds_what_changes_and_nothing_else() {
    let body = json!({"memo": null, "reference": "R1", "lines": [
        {"remote_line_id": "10", "unit_price": "2.50"},
        {"item_remote_id": "7", "quantity": "1"},
    ]});
    let change = change(body, APPROVED).unwrap();
    assert_eq!(change.header.to_json(), r#"{"Memo":null,"Reference":"R1"}"#);
    let lines: Vec<_> = change.lists[0].edits.iter().map(|edit| (edit.line.as_deref(), edit.body.to_json())).collect();
    assert_eq!(
        lines,
        [
            (Some("10"), r#"{"Price":2.5,"PricePer":1}"#.to_owned()),
            (None, r#"{"Per":1,"Plant":"plant","Item":"7","Quantity":"1"}"#.to_owned()),
        ]
    );
}

#[test]
fn what_an_update_may_not_touch_is_told_with_the_reason_all_at_once() {
    let body = json!({"currency": "EUR", "number": "1", "nonsense": 1, "memo": "too long", "reference": "R",
        "lines": [{"remote_line_id": "10", "quantity": "1", "unit_price": "1.000000000000000000005"}, {"quantity": "1"}]});
    let sent = Standing { remote_status: Some("S"), ..APPROVED };
    let mut told: Vec<String> = change(body, sent)
        .unwrap_err()
        .into_iter()
        .map(|FieldProblem { pointer, message }| format!("{pointer} {message}"))
        .collect();
    told.sort();
    let once = "this system lets it be written only when the record is created";
    assert_eq!(
        told,
        [
            format!("/currency {once}"),
            format!("/lines/0/quantity {once}"),
            "/lines/0/unit_price must not have more than 20 decimal places".to_owned(),
            "/lines/1/item_remote_id this system requires it".to_owned(),
            "/memo must not be longer than 5 characters".to_owned(),
            "/nonsense no such field".to_owned(),
            "/number this system does not let it be written".to_owned(),
            "/reference cannot be changed while the status is `approved`".to_owned(),
        ]
    );
    let over = Standing { status: Some("cancelled"), remote_status: None };
    let told = change(json!({"memo": "x"}), over).unwrap_err();
    assert_eq!(told[0].message, "cannot be changed while the status is `cancelled`: it is over");
}

#[test]
fn neither_the_order_of_members_nor_how_a_number_was_written_makes_another_record() {
    let one = r#"{"Id":7,"Vendor":1,"Memo":100,"Status":"O","Lines":[{"Item":"5","Quantity":1,"Price":100}]}"#;
    let one = read_volatile("", "purchase_order", one);
    for same in [
        r#"{"Lines":[{"Price":1e2,"Quantity":1.0,"Item":"5"}],"Status":"O","Memo":1E+2,"Vendor":1.0,"Id":7.00}"#,
        r#"{"Id":"7","Status":"O","Vendor":"1","Lines":[{"Item":5,"Quantity":"1.00","Price":"100.0"}],"Memo":"100"}"#,
    ] {
        let other = read_volatile("", "purchase_order", same);
        assert_eq!((&other.data, &other.remote_id, other.id), (&one.data, &one.remote_id, one.id), "{same}");
        assert_eq!(other.content_hash(), one.content_hash(), "{same}");
    }
    let other = r#"{"Id":7,"Vendor":1,"Memo":100,"Status":"O","Lines":[{"Item":"5","Quantity":1,"Price":10}]}"#;
    assert_ne!(read_volatile("", "purchase_order", other).content_hash(), one.content_hash());
    let text = r#"{"Id":"007","Vendor":"1.0","Status":"O","Lines":[]}"#;
    let text = read_volatile("", "purchase_order", text);
    assert_eq!(
        (text.remote_id.as_str(), text.data.contains(r#""vendor_remote_id":"1.0""#)),
        ("007", true),
        "no numbers"
    );
}

#[test]
fn what_is_volatile_does_not_count_wherever_it_stands_and_whether_it_is_there_or_not() {
    let volatile = r#""Currency", "Memo", "Lines/Price", "__metadata", "Status""#;
    let read = |row: &str| read_volatile(volatile, "purchase_order", row);
    let row = |more: &str, price: &str, name: &str| {
        format!(
            r#"{{{more}"Id":"7","Vendor":"1","Lines":{{"results":[{{"No":1{price},"Quantity":"2"}}]}},"Text":"{name}"}}"#
        )
    };
    let one =
        read(&row(r#""Currency":"EUR","Memo":"a","Status":"O","__metadata":{"etag":"1"},"#, r#","Price":5"#, "x"));
    for same in [
        row("", "", "x"),
        row(r#""Memo":"b","#, "", "x"),
        row(
            r#""Currency":"USD","Status":"X","__metadata":{"etag":"2"},"#,
            r#","Price":6,"__metadata":{"uri":"?"}"#,
            "x",
        ),
    ] {
        let other = read(&same);
        assert_eq!((other.content_hash(), other.raw_hash()), (one.content_hash(), one.raw_hash()), "{same}");
    }
    assert!(one.data.contains(r#""currency":"EUR""#), "it is in the record all the same");
    let ends =
        [1, 2].map(|n| read(&row("", "", "x").replace("\"x\"}", &format!("\"x\",\"Memo\":{n} , \"Status\":{n}}}"))));
    assert_eq!(ends[0].raw_hash(), ends[1].raw_hash(), "several at the end");
    // A name with an escape is found by another way, which compares with itself.
    let [first, second] = ["1", "2"].map(|etag| read(&row(&format!(r#""M\u0065mo":1,"__metadata":{etag},"#), "", "x")));
    assert_eq!(first.raw_hash(), second.raw_hash());
    let other = read(&row("", "", "y"));
    assert_eq!(other.content_hash(), one.content_hash());
    assert_ne!(other.raw_hash(), one.raw_hash(), "the raw form changed");
    assert_ne!(read(&row(r#""VendorCode":"V","#, "", "x")).content_hash(), one.content_hash());
    let steady = |row: &str| read_volatile("", "purchase_order", row);
    assert_ne!(steady(&row(r#""Memo":"b","#, "", "x")).content_hash(), steady(&row("", "", "x")).content_hash());
}
