//! `trunnion connectors`: a broken folder is told what is broken, file and line.

use std::process::Output;

use crate::process::command;

const BROKEN: &str = r#"[system]
id = "acme"
name = "Acme ERP"
family = "erp"
doc = "An ERP"
verified = "simulator"

[protocol]
kind = "odata_v2"

[form.url]
label = "Address"
help = "Ask your administrator"
kind = "url"

[auth.basic]
label = "User"
help = "A technical user"
[auth.basic.form.username]
label = "User name"
help = "As in the login page"
[auth.basic.form.password]
label = "Password"
help = "As in the login page"
kind = "secret"

[entity.vendor]
remote_modified = { at = "Changed" }
source = { set = "Vendors", key = "Id" }
sync = { strategy = "watermark", modified = "Changed" }
[entity.vendor.fields]
nmae = { at = "Name" }
active = { at = "Since", as = "date" }
phone = { at = "Phone", as = "fon" }
email = { at = "Mail", wirte = "create" }

[entity.item]
remote_modified = { at = "Changed" }
source = { set = "Items", key = "Id" }
sync = { strategy = "watermark", modified = "Changed" }
[entity.item.fields]
name = { at = "Name" }
active = { at = "Blocked", as = "present", write = "create" }
"#;

fn check(text: &str) -> (Output, String) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("connector.toml"), text).unwrap();
    let output = command(folder.path()).args(["connectors", "check", "."]).output().unwrap();
    let printed = String::from_utf8(output.stdout.clone()).unwrap();
    (output, printed)
}

#[test]
fn check_names_file_line_and_problem_of_every_mistake() {
    let (output, printed) = check(BROKEN);
    assert_eq!(output.status.code(), Some(1), "{printed}");
    for (anchor, problem) in [
        ("nmae =", "unknown unified field `nmae`"),
        ("[entity.vendor]", "does not map the required field `name`"),
        ("active = { at = \"Since\"", "`active` is true or false, but `as = \"date\"`"),
        ("phone =", "unknown conversion `fon`"),
        ("active = { at = \"Blocked\"", "`active` is read only"),
        ("email =", "unknown key `wirte`"),
    ] {
        let line = BROKEN.lines().position(|line| line.starts_with(anchor)).unwrap() + 1;
        let expected = format!("connector.toml:{line}: ");
        assert!(
            printed.lines().any(|found| found.contains(&expected) && found.contains(problem)),
            "{problem} at {line}:\n{printed}"
        );
    }
    assert!(printed.contains("6 findings"), "{printed}");
}

#[test]
fn check_is_content_with_every_connector_of_the_binary() {
    let folders = concat!(env!("CARGO_MANIFEST_DIR"), "/../connectors/src");
    let mut checked = 0;
    for folder in std::fs::read_dir(folders).unwrap().map(|entry| entry.unwrap().path()) {
        if let Ok(text) = std::fs::read_to_string(folder.join("connector.toml")) {
            let (output, printed) = check(&text);
            assert!(output.status.success() && printed.starts_with("ok "), "{}: {printed}", folder.display());
            checked += 1;
        }
    }
    assert_eq!(checked, 3);
}

#[test]
fn list_and_show_say_what_can_be_connected() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let output = command(folder.path()).args(arguments).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let (code, table, _) = run(&["connectors", "list"]);
    assert_eq!(code, Some(0));
    assert!(["sap-s4hana", "netsuite", "tryton", "real system"].iter().all(|part| table.contains(part)), "{table}");
    let (_, json, _) = run(&["connectors", "list", "--json"]);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&json).unwrap().as_array().unwrap().len(), 3);
    let (code, _, error) = run(&["connectors", "show", "sap"]);
    assert!(code == Some(1) && error.contains("there are: sap-s4hana, netsuite, tryton"), "{error}");
}
