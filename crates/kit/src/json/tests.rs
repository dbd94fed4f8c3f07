//! Our reader agrees with `serde_json` on what is JSON and on what it says; numbers stay as they were written.

use super::{Node, parse, rows};

fn same_as_serde(text: &str) {
    let ours = parse(text).map(|node| serde_json::from_str::<serde_json::Value>(&node.to_json()).unwrap());
    let theirs = serde_json::from_str::<serde_json::Value>(text);
    match (ours, theirs) {
        (Ok(ours), Ok(theirs)) => assert_eq!(ours, theirs, "{text}"),
        (Err(_), Err(_)) => {}
        (ours, theirs) => panic!("{text}: ours {ours:?}, serde_json {theirs:?}"),
    }
}

#[test]
fn it_agrees_with_serde_json() {
    for text in [
        "{}",
        "[]",
        "null",
        " [ 1 , 2.50 , -0 , 1e5 , 1E-2 ] ",
        r#"{"a":{"b":[{"c":"d"}]},"e":""}"#,
        r#""\u00fc\n\t\\\"\/\ud83d\ude00""#,
        r#"{"a":1,"a":2}"#,
        "\"Ø “x”\"",
        "",
        "{",
        "[1,]",
        "{\"a\"}",
        "{\"a\":}",
        "{,}",
        "01",
        "1.",
        ".5",
        "-",
        "+1",
        "tru",
        "nul",
        "\"a",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\ud83d\"",
        "\"\\ud83dx\"",
        "\"\\ud83d\\u0041\"",
        "[1] 2",
        "\"a\nb\"",
        "[1 2]",
        "{\"a\" 1}",
        "\u{feff}1",
        "\"\\u+123\"",
    ] {
        same_as_serde(text);
    }
}

#[test]
fn every_cut_of_a_document_is_refused_without_a_panic() {
    let whole = r#"{"d":{"results":[{"a":"x\u00e4\n","b":-12.50e+1,"c":[true,false,null]}]}}"#;
    for (at, _) in whole.char_indices() {
        same_as_serde(&whole[..at]);
    }
}

#[test]
fn numbers_and_raw_text_stay_as_they_were_written() {
    let text = r#"{"rows": [ {"price" : 12.500, "big":12345678901234567890.123456789} ]}"#;
    let tree = parse(text).unwrap();
    let row = &tree.get("rows").unwrap().items().unwrap()[0];
    assert_eq!(row.get("price"), Some(&Node::number("12.500")));
    assert_eq!(row.get("big").unwrap().as_text(), Some("12345678901234567890.123456789"));
    assert_eq!(row.as_object().unwrap().raw(), r#"{"price" : 12.500, "big":12345678901234567890.123456789}"#);
}

#[test]
fn depth_is_bounded() {
    let deep = "[".repeat(100_000);
    assert_eq!(parse(&deep).unwrap_err().problem, "nested too deeply");
}

#[test]
fn a_changed_object_is_written_anew() {
    let mut tree = parse(r#"{ "a": 1 }"#).unwrap();
    tree.as_object_mut().unwrap().set("b", Node::text("x"));
    assert_eq!(tree.to_json(), r#"{"a":1,"b":"x"}"#);
}

#[test]
fn rows_are_found_without_being_read() {
    let text =
        r#" {"x":[1,{"d":"]}"}],"d" : {"__count":"2","results": [ {"a":"}\"]{","b":[1,[2]]} , {"c":{}},7 ] },"y":1}"#;
    assert_eq!(rows(text, "d/results").unwrap(), [r#"{"a":"}\"]{","b":[1,[2]]}"#, r#"{"c":{}}"#, "7 "]);
    assert_eq!(rows(r#"{"d":{"a":1}}"#, "d").unwrap(), [r#"{"a":1}"#]);
    assert_eq!(rows("[]", "").unwrap(), Vec::<&str>::new());
    assert_eq!(rows(r#"{"d":{"results":[ ]}}"#, "d/results").unwrap(), Vec::<&str>::new());
    for broken in [
        "",
        "{",
        r#"{"e":1}"#,
        r#"{"d":{"results":7}}"#,
        r#"{"d":{"results":[{"a":1}"#,
        r#"{"d":{"results":[{"a":"1]}}"#,
        r#"{"d":{"results":[{}{}]}}"#,
    ] {
        assert!(rows(broken, "d/results").is_err(), "{broken}");
    }
    for (at, _) in text.char_indices() {
        // Whatever is cut off, nothing panics, and what is found is part of the text.
        let _cut = rows(&text[..at], "d/results");
    }
}
