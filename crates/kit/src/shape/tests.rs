//! Rows in, findings out.

use trunnion_model::drift::{DriftKind, Finding};
use trunnion_model::ids::ConnectionId;
use trunnion_model::time::Clock;

use super::{Over, Watch};
use crate::json::parse;
use crate::mapping::{MapError, Mapper};
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

[entity.item]
[entity.item.source]
set = "Items"
key = "Id"
also = ["Later"]
volatile = ["__metadata", "Lines/Age"]
[entity.item.sync]
strategy = "snapshot"
[entity.item.fields]
name = { at = "Name" }
type = { at = "Type", words = { "M" = "inventory", "D" = "service" } }
"#;

const FIRST: Option<Over> = Some(Over { first: true, complete: true });
const LATER: Option<Over> = Some(Over { first: false, complete: false });

struct House {
    spec: Spec,
    mapper: Mapper,
}

impl House {
    fn new() -> Self {
        let spec = load("acme/connector.toml", DECLARATION).unwrap_or_else(|findings| panic!("{findings:#?}"));
        let mapper = Mapper::new(&spec.entities[0], ConnectionId::new(&Clock::system()), &|_| true, None);
        Self { spec, mapper }
    }

    fn entity(&self) -> &EntitySpec {
        &self.spec.entities[0]
    }

    fn watch(&self, known: Option<&str>) -> Watch {
        Watch::new(self.entity(), known, Vec::new(), false)
    }

    fn read(&self, watch: &mut Watch, row: &str) -> Result<String, MapError> {
        watch.read(&self.mapper, &mut parse(row).unwrap()).map(|incoming| incoming.data)
    }

    /// What a first sync of these rows leaves.
    fn learned(&self, rows: &[&str]) -> String {
        let mut watch = self.watch(None);
        for row in rows {
            self.read(&mut watch, row).unwrap();
        }
        assert_eq!(watch.news(), [], "a first sync is told nothing of");
        watch.end(FIRST).known.unwrap()
    }

    /// What the next run finds in these rows, as `kind field value before>now remote_id`.
    fn found(&self, known: &str, rows: &[&str]) -> Vec<String> {
        let mut watch = self.watch(Some(known));
        for row in rows {
            self.read(&mut watch, row).unwrap();
        }
        watch.news().iter().map(said).collect()
    }
}

fn said(finding: &Finding) -> String {
    let Finding { kind, field, value, type_before, type_now, remote_id } = finding;
    let id = remote_id.as_deref().unwrap_or("-");
    format!("{} {field} {value} {type_before}>{type_now} {id}", kind.as_str())
}

const ROW: &str = r#"{"Id":"1","Name":"Bolt","Type":"M","Size":{"Width":3,"Unit":null},"Tags":[],
    "Lines":{"results":[{"No":1,"Text":"a"},{"No":2}]},"__metadata":{"uri":"x"}}"#;

#[test]
fn a_row_as_all_others_is_no_finding_whatever_the_order_and_changes_nothing_that_is_kept() {
    let house = House::new();
    let known = house.learned(&[ROW]);
    let other = r#"{"__metadata":{"etag":"y","deep":{"er":1}},"Lines":{"results":[{"Text":null,"No":9,"Age":4}]},"Type":"D",
        "Size":null,"Name":null,"Id":"2"}"#;
    let mut watch = house.watch(Some(&known));
    for row in [ROW, other, ROW] {
        house.read(&mut watch, row).unwrap();
    }
    assert_eq!(watch.news(), []);
    assert_eq!(watch.end(LATER).known, None, "nothing to write");
}

#[test]
fn new_and_retyped_fields_are_found_once_with_their_place_their_types_and_their_record() {
    let house = House::new();
    let known = house.learned(&[ROW]);
    let row = r#"{"Id":"7","Name":"Nut","Type":"M","Colour":"red","Size":{"Width":"3","Unit":null,"Depth":1},"Tags":["x"],
        "Lines":[{"No":1,"Text":"a","Price":{"amount":"1"}},{"No":true,"Price":null}]}"#;
    assert_eq!(
        house.found(&known, &[row, row, ROW]),
        [
            "new_field Colour  >string 7",
            "retyped_field Size/Width string number>string 7",
            "new_field Size/Depth  >number 7",
            "new_field Lines/Price  >object 7",
            "retyped_field Lines/No boolean number>boolean 7",
        ]
    );
}

#[test]
fn what_was_null_before_or_was_asked_for_is_learned_and_then_known() {
    let house = House::new();
    let known = house.learned(&[ROW]);
    let mut watch = house.watch(Some(&known));
    house.read(&mut watch, r#"{"Id":"1","Later":1,"Size":{"Unit":"mm"}}"#).unwrap();
    assert_eq!(watch.news(), []);
    let known = watch.end(LATER).known.unwrap();
    let again = house.found(&known, &[r#"{"Id":"1","Later":"x","Size":{"Unit":7}}"#]);
    assert_eq!(again, ["retyped_field Later string number>string 1", "retyped_field Size/Unit number string>number 1"]);
}

#[test]
fn a_word_without_one_of_ours_is_found_from_the_first_row_on() {
    let house = House::new();
    let mut watch = house.watch(None);
    for row in
        [r#"{"Id":"1","Type":"M"}"#, r#"{"Id":"2","Type":"Z"}"#, r#"{"Id":"3","Type":"Z"}"#, r#"{"Id":"4","Type":""}"#]
    {
        house.read(&mut watch, row).unwrap();
    }
    let found: Vec<String> = watch.news().iter().map(said).collect();
    assert_eq!(found, ["unmapped_value type Z > 2"]);
    let counts = watch.end(FIRST).counts;
    assert_eq!(counts, [(DriftKind::UnmappedValue, "type".to_owned(), "Z".to_owned(), 1)]);
}

#[test]
fn a_field_vanished_only_if_nearly_all_had_it_and_enough_rows_lack_it() {
    let house = House::new();
    let with = r#"{"Id":"1","Name":"Bolt","Old":1,"Size":{"Width":1}}"#;
    let without = r#"{"Id":"1","Name":"Bolt","Size":null}"#;
    let known = house.learned(&[with, with]);
    let run = |known: &str, rows: usize, complete: bool| {
        let mut watch = house.watch(Some(known));
        for _ in 0..rows {
            house.read(&mut watch, without).unwrap();
        }
        let ended = watch.end(Some(Over { first: false, complete }));
        let fields: Vec<String> = ended.vanished.iter().map(said).collect();
        (fields, ended.known)
    };
    assert_eq!(run(&known, 19, true).0, [""; 0], "too few for a complete reading");
    let gone = ["vanished_field Old  number> -"];
    let (found, after) = run(&known, 20, true);
    assert_eq!(found, gone);
    assert_eq!(run(&after.unwrap(), 60, true).0, [""; 0], "told once");
    let (found, after) = run(&known, 30, false);
    assert_eq!(found, [""; 0], "some rows may lack it");
    let after = after.unwrap();
    assert_eq!(run(&after, 20, false).0, gone, "fifty one after the other");
    let mut watch = house.watch(Some(&after));
    house.read(&mut watch, with).unwrap();
    assert_eq!(run(&watch.end(LATER).known.unwrap(), 20, false).0, [""; 0], "it was seen in between");

    let known = house.learned(&[with, without, without]);
    assert_eq!(run(&known, 100, true).0, [""; 0], "many lacked it from the beginning");
}

#[test]
fn a_strict_watch_refuses_what_nobody_accepted_and_lets_pass_what_somebody_did() {
    let house = House::new();
    let known = house.learned(&[ROW]);
    let rows = [
        r#"{"Id":"1","Name":"a","New":{"Inner":1}}"#,
        r#"{"Id":"1","Name":"a","Tags":"none"}"#,
        r#"{"Id":"1","Name":"a","Type":"Z"}"#,
    ];
    let strict = |findings: &[Finding], accepted: bool| {
        let findings = findings.iter().map(|finding| (finding.clone(), accepted)).collect();
        Watch::new(house.entity(), Some(&known), findings, true)
    };
    let mut watch = strict(&[], false);
    assert!(house.read(&mut watch, ROW).is_ok());
    let refused = rows.map(|row| house.read(&mut watch, row).unwrap_err().to_string());
    assert_eq!(
        refused,
        [
            "item 1: New: schema drift: a new field (object)",
            "item 1: Tags: schema drift: string, and not array as before",
            "item 1: type: schema drift: `Z` has no word of ours",
        ]
    );
    let findings = watch.news();
    assert_eq!(findings.len(), 3);
    let mut next = strict(&findings, false);
    assert!(rows.iter().all(|row| house.read(&mut next, row).is_err()), "also by the next run");
    assert_eq!(next.news(), [], "which tells nothing twice");

    let mut after = strict(&findings, true);
    for row in rows {
        house.read(&mut after, row).unwrap();
    }
    assert_eq!(after.news(), [], "what is in an accepted field is learned");
    let kept = after.end(LATER).known.unwrap();
    let findings = findings.into_iter().map(|finding| (finding, true)).collect();
    let mut later = Watch::new(house.entity(), Some(&kept), findings, true);
    house.read(&mut later, rows[0]).unwrap();
    assert!(house.read(&mut later, r#"{"Id":"1","New":{"Inner":"x"}}"#).is_err());
}

#[test]
fn data_in_the_place_of_names_does_not_grow_what_is_kept_without_end() {
    let house = House::new();
    let row = |from: usize| {
        let members: Vec<String> = (from..from + 900).map(|number| format!("\"k{number}\":1")).collect();
        format!("{{\"Id\":\"1\",{}}}", members.join(","))
    };
    let known = house.learned(&[&row(0), &row(900), &row(1_800)]);
    assert!(known.len() < 40_000, "{}", known.len());
    let deep = format!("{{\"Id\":\"1\",\"a\":{}1{}}}", "{\"b\":".repeat(40), "}".repeat(40));
    assert!(house.learned(&[&deep]).len() < 500);
    let known = house.learned(&[ROW]);
    assert_eq!(house.found(&known, &[&row(0), &row(900)]).len(), 500);
}
