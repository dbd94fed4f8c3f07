//! A broken declaration is told what is broken, with the line.

use super::load;

const GOOD: &str = r#"
[system]
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

[units]
EA = ["PC", "ST"]

[entity.vendor]
remote_modified = { at = "Changed" }
source = { set = "Vendors", key = "Id" }
sync = { strategy = "watermark", modified = "Changed", overlap = "2m" }
[entity.vendor.create]
write_key = "ExtRef"
[entity.vendor.fields]
name = { at = "Name", write = "create", required = true, max_length = 10 }
active = { at = "Blocked", as = "not" }

[entity.work_order]
source = { set = "Orders", key = "Id" }
sync = { strategy = "snapshot" }
[entity.work_order.update]
locked_in = ["closed"]
[entity.work_order.delete]
record = true
[entity.work_order.delete.mode.close]
status = "closed"
[entity.work_order.move.release]
from = ["open", "remote:PREL"]
to = "in_progress"
call = "Release"
[entity.work_order.fields]
title = { at = "Title", write = "always", locked_in = ["completed"] }
status = { at = "Status", words = { "C" = "open" } }
"#;

fn findings(text: &str) -> Vec<String> {
    load("acme/connector.toml", text).unwrap_err().iter().map(ToString::to_string).collect()
}

#[test]
fn a_good_declaration_is_read() {
    let spec = load("acme/connector.toml", GOOD).unwrap_or_else(|findings| panic!("{findings:#?}"));
    assert_eq!(spec.entities[0].fields.len(), 2);
    assert_eq!(spec.units, [("PC".to_owned(), "EA".to_owned()), ("ST".to_owned(), "EA".to_owned())]);
    assert_eq!(spec.auth[0].form[1].name, "password");
}

#[test]
fn each_kind_of_mistake_is_a_finding_with_file_and_line() {
    for (from, to, anchor, part) in [
        ("name = { at = \"Name\"", "nmae = { at = \"Name\"", "nmae", "unknown unified field `nmae`"),
        (
            "name = { at = \"Name\", write = \"create\", required = true, max_length = 10 }\n",
            "",
            "[entity.vendor]",
            "does not map the required field `name`",
        ),
        ("as = \"not\"", "as = \"date\"", "active =", "`active` is true or false, but `as = \"date\"`"),
        ("as = \"not\"", "as = \"nicht\"", "active =", "unknown conversion `nicht`"),
        ("as = \"not\"", "as = \"present\", write = \"create\"", "active =", "`active` is read only"),
        ("as = \"not\"", "ass = \"not\"", "active =", "unknown key `ass`"),
        ("family = \"erp\"", "family = \"crm\"", "[system]", "family `crm`"),
        ("[entity.vendor]", "[entity.vender]", "[entity.vender]", "unknown entity `vender`"),
        ("strategy = \"watermark\"", "strategy = \"guess\"", "sync =", "unknown strategy `guess`"),
        ("remote_modified = { at = \"Changed\" }\n", "", "[entity.vendor]", "needs `remote_modified`"),
        ("[auth.basic.form.password]", "[auth.basic.form.pass]", "", "needs a form field `password`"),
        ("max_length = 10", "max_length = \"ten\"", "name = { at", "must be a whole number"),
        (
            "locked_in = [\"closed\"]",
            "locked_in = [\"shut\"]",
            "[entity.work_order.update]",
            "`shut` is no status of work_order",
        ),
        ("[\"completed\"]", "[\"complete\"]", "title =", "`complete` is no status"),
        (
            "[entity.work_order.update]\nlocked_in = [\"closed\"]\n",
            "",
            "[entity.work_order]",
            "needs [entity.work_order.update]",
        ),
        ("mode.close", "mode.shred", "[entity.work_order.delete.mode", "unknown mode `shred`"),
        ("status = \"closed\"\n", "", "[entity.work_order.delete.mode", "either `status` or `set`"),
        ("call = \"Release\"\n", "", "[entity.work_order.move", "needs exactly one of call"),
        (
            "call = \"Release\"\n",
            "call = \"R\"\ndelete_lines = true\n",
            "[entity.work_order.move",
            "needs exactly one of call",
        ),
        ("from = [\"open\", \"remote:PREL\"]\n", "", "[entity.work_order.move", "needs `from`"),
        (
            "locked_in = [\"closed\"]",
            "locked_in = [\"closed\"]\nours = true",
            "[entity.work_order.update]",
            "needs `locked_in` and `because`",
        ),
        ("as = \"not\"", "as = \"not\", required_because = \"so\"", "active =", "`active` is not required"),
        ("id = \"acme\"", "id = acme", "id = acme", "string"),
    ] {
        assert!(GOOD.contains(from), "{from}");
        let broken = GOOD.replacen(from, to, 1);
        let line = broken.lines().position(|line| line.starts_with(anchor)).unwrap() + 1;
        let found = findings(&broken);
        assert!(
            found
                .iter()
                .any(|finding| finding.starts_with(&format!("acme/connector.toml:{line}:")) && finding.contains(part)),
            "expected line {line}: {part}; got {found:#?}"
        );
    }
}

#[test]
fn translations_stand_beside_the_texts_and_other_keys_among_them_are_found() {
    let german = GOOD.replacen("label = \"Address\"", "label = \"Address\"\ntext.de.label = \"Adresse\"", 1);
    let spec = load("acme", &german).unwrap();
    assert_eq!(spec.form[0].text.get("de", "label"), Some("Adresse"));
    assert_eq!((spec.form[0].text.get("de", "help"), spec.form[0].text.get("fr", "label")), (None, None));
    for (wrong, problem) in [
        ("text.german.label = \"x\"", "`german` is no language"),
        ("text.de.kind = \"x\"", "unknown key `kind` in [form.url.text.de]"),
        ("text.de = \"x\"", "must be a table"),
    ] {
        let text = GOOD.replacen("label = \"Address\"", &format!("label = \"Address\"\n{wrong}"), 1);
        let findings = load("acme", &text).unwrap_err();
        assert!(findings.iter().any(|finding| finding.problem.contains(problem)), "{findings:?}");
    }
}

#[test]
fn what_subscribing_needs_is_in_the_form_and_can_be_left_out() {
    const INBOUND: &str = r#"
[form.queue]
label = "Queue"
help = "Ask your administrator"
required = false
[inbound]
scheme = "standard"
secret = "standard"
kind = "json:type"
help = "Any"
[inbound.subscription]
needs = ["queue"]
[inbound.entity.vendor]
kinds = "vendor"
id = "json:id"
"#;
    let spec = load("acme.toml", &format!("{GOOD}{INBOUND}")).unwrap();
    let inbound = spec.inbound.as_ref().unwrap();
    assert_eq!(inbound.lacking(|_| false), Some(vec!["queue"]));
    assert_eq!(inbound.lacking(|name| name == "queue"), Some(Vec::new()));
    let by_hand =
        load("acme.toml", &format!("{GOOD}{}", INBOUND.replace("[inbound.subscription]\nneeds = [\"queue\"]", "")));
    assert_eq!(by_hand.unwrap().inbound.unwrap().lacking(|_| true), None);
    for (name, problem) in [("topic", "`topic` is in no [form.…]"), ("url", "`url` must be optional")] {
        let found = findings(&format!("{GOOD}{}", INBOUND.replace("[\"queue\"]", &format!("[\"{name}\"]"))));
        assert!(found.len() == 1 && found[0].contains(problem), "{found:?}");
    }
}

#[test]
fn another_version_of_the_protocol_says_what_it_calls_otherwise_and_nothing_that_is_not_declared() {
    let with = |tables: &str| GOOD.replace("[entity.vendor.create]", &format!("{tables}\n[entity.vendor.create]"));
    let at = "[entity.vendor.source.odata_v4]\nservice = \"new\"\nset = \"Vendor\"\n";
    let inline = "source = { set = \"Vendors\", key = \"Id\" }";
    let table = |text: String| {
        let own = "[entity.vendor.source]\nset = \"Vendors\"\nkey = \"Id\"\nfilter = \"Kind eq 'V'\"\n";
        text.replace(inline, "").replace("[entity.vendor.create]", &format!("{own}[entity.vendor.create]"))
    };
    let good = with(&format!("{at}filter = \"Type eq 'V'\"\nnames = {{ \"Name\" = \"Title\" }}"));
    let good = table(good).replace("kind = \"odata_v2\"", "kind = \"odata_v2\"\nprefix_v4 = \"/new\"");
    let spec = load("acme.toml", &good).unwrap();
    let v4 = spec.entities[0].source.v4.as_ref().unwrap();
    assert_eq!((v4.set.as_str(), v4.names.path("Name")), ("Vendor", "Title".to_owned()));

    let bad = with(&format!("{at}names = {{ \"Nome\" = \"Title\" }}\nrows = {{ \"Lines\" = \"Line\" }}"));
    let found = findings(&table(bad)).join("\n");
    for problem in [
        "`Nome` is called otherwise, but nothing there is declared",
        "`Line` is no set with its keys",
        "needs its own",
        "version 4 of a source needs `prefix_v4` in [protocol]",
    ] {
        assert!(found.contains(problem), "{problem}: {found}");
    }
    let named = "[entity.work_order.source]\nset = \"Orders\"\nkey = \"Id\"\n[entity.work_order.source.odata_v4]\nset = \"Order\"\nservice = \"new\"\n[entity.work_order.update]";
    let moved =
        GOOD.replace("source = { set = \"Orders\", key = \"Id\" }\n", "").replace("[entity.work_order.update]", named);
    assert!(
        findings(&moved).join("\n").contains("a move by `call` is not made over version 4"),
        "{:?}",
        findings(&moved)
    );
    let only = GOOD.replace("odata_v2", "odata_v4");
    assert_eq!(load("acme.toml", &only).unwrap().entities[0].source.v4.as_ref().unwrap().set, "Vendors");
}

#[test]
fn a_source_may_have_version_4_only_beside_others_of_version_2() {
    let own = |more: &str| {
        let source = format!(
            "[entity.vendor.source]\nprotocol = \"odata_v4\"\nservice = \"new\"\nset = \"Vendors\"\nkey = \"Id\"\n{more}\n"
        );
        let text = GOOD.replace("source = { set = \"Vendors\", key = \"Id\" }", "");
        text.replace("[entity.vendor.create]", &format!("{source}[entity.vendor.create]"))
    };
    let with_prefix = |text: String| text.replace("kind = \"odata_v2\"", "kind = \"odata_v2\"\nprefix_v4 = \"/new\"");
    let spec = load("acme.toml", &with_prefix(own(""))).unwrap();
    let v4 = |name: &str| spec.entities.iter().find(|one| one.entity.name == name).unwrap().source.v4.clone();
    let only = v4("vendor").unwrap();
    assert_eq!((only.only, only.service.as_str(), only.set.as_str()), (true, "new", "Vendors"));
    assert!(v4("work_order").is_none());

    let found = |text: String| findings(&text).join("\n");
    assert!(found(own("")).contains("version 4 of a source needs `prefix_v4`"));
    let other = with_prefix(own("")).replace("protocol = \"odata_v4\"", "protocol = \"json_rpc\"");
    assert!(found(other).contains("`protocol = \"json_rpc\"` of a source"));
    let twice = with_prefix(own("[entity.vendor.source.odata_v4]\nset = \"Vendor\"\nservice = \"new\""));
    assert!(found(twice).contains("declare it in its own names"));
}
