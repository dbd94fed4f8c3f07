//! Forms of an invented connector: its schema, good answers and bad ones.

use serde_json::json;

use super::*;
use crate::spec::{AuthScheme, Limits, Protocol, ProtocolKind, System, Translations};

fn field(name: &str, kind: FormKind, required: bool, default: Option<&str>) -> FormField {
    let (label, help) = (name.to_uppercase(), format!("where {name} is found"));
    FormField {
        name: name.to_owned(),
        label,
        help,
        kind,
        required,
        default: default.map(str::to_owned),
        text: Translations::default(),
    }
}

fn method(scheme: AuthScheme, form: Vec<FormField>) -> AuthMethod {
    AuthMethod { scheme, label: "User".to_owned(), help: "Ask for one".to_owned(), text: Translations::default(), form }
}

fn spec() -> Spec {
    let basic = vec![field("username", FormKind::Text, true, None), field("password", FormKind::Secret, true, None)];
    let key = vec![
        field("client_id", FormKind::Text, true, None),
        field("certificate_id", FormKind::Text, true, None),
        field("private_key", FormKind::SecretText, true, None),
    ];
    let jwt = AuthScheme::OAuth2Jwt { token_path: "/token".to_owned(), scope: "all".to_owned() };
    Spec {
        system: System {
            id: "acme".to_owned(),
            name: "Acme".to_owned(),
            family: "erp".to_owned(),
            doc: String::new(),
            text: Translations::default(),
            verified: "simulator".to_owned(),
        },
        protocol: Protocol {
            kind: ProtocolKind::ODataV2,
            prefix: String::new(),
            custom: Vec::new(),
            locked: Vec::new(),
            prefix_v4: String::new(),
            passthrough: Vec::new(),
            query: Vec::new(),
        },
        limits: Limits::default(),
        form: vec![
            field("url", FormKind::Url, true, None),
            field("language", FormKind::Text, true, Some("EN")),
            field("plant", FormKind::Text, false, None),
        ],
        auth: vec![method(AuthScheme::Basic, basic), method(jwt, key)],
        entities: Vec::new(),
        units: Vec::new(),
        without: Vec::new(),
        inbound: None,
        revision: None,
    }
}

fn problems(given: &Value) -> Vec<String> {
    let problems = Credentials::parse(&spec(), given, false).unwrap_err();
    problems.into_iter().map(|problem| format!("{} {}", problem.pointer, problem.message)).collect()
}

#[test]
fn the_schema_says_what_the_form_needs() {
    let spec = spec();
    let schema = schema(&spec, &spec.auth[0]);
    assert_eq!(schema["title"], "User");
    assert_eq!(schema["required"], json!(["auth", "url", "username", "password"]));
    assert_eq!(schema["additionalProperties"], json!(false));
    let properties = schema["properties"].as_object().unwrap();
    assert_eq!(properties.len(), 6);
    assert_eq!(properties["auth"]["const"], "basic");
    assert_eq!((&properties["url"]["format"], &properties["url"]["x-order"]), (&json!("uri"), &json!(1)));
    assert_eq!(properties["language"]["default"], "EN");
    assert_eq!(properties["plant"].get("minLength"), None);
    assert_eq!(
        properties["password"],
        json!({
            "type": "string", "title": "PASSWORD", "description": "where password is found", "maxLength": 16_384,
            "minLength": 1, "writeOnly": true, "x-order": 5,
        })
    );
    let schema = super::schema(&spec, &spec.auth[1]);
    assert_eq!(schema["properties"]["private_key"]["x-multiline"], true);
}

#[test]
fn good_credentials_are_kept_and_sealed_as_they_were_given() {
    let given = json!({"auth": "basic", "url": " https://erp.example/base/ ", "username": "bob", "password": " p w "});
    let credentials = Credentials::parse(&spec(), &given, false).unwrap();
    assert_eq!(credentials.get("url"), Some("https://erp.example/base"));
    assert_eq!((credentials.get("language"), credentials.get("plant")), (Some("EN"), None));
    assert_eq!(credentials.secret_values(), [" p w "]);
    let settings: Vec<&str> = credentials.settings().map(|(name, _)| name).collect();
    assert_eq!(settings, ["language", "url", "username"]);
    let again = Credentials::parse(&spec(), &credentials.to_json(), false).unwrap();
    assert_eq!(again.to_json(), credentials.to_json());
    let shown = format!("{credentials:?}");
    assert!(shown.contains("bob") && shown.contains("password") && !shown.contains("p w"), "{shown}");
}

#[test]
fn everything_wrong_is_said_at_once_and_no_value_is_repeated() {
    let given = json!({"auth": "basic", "url": "erp.example", "username": "a:b", "password": "", "plant": 5, "a/b": 1});
    assert_eq!(
        problems(&given),
        [
            "/url must be an address such as https://erp.example.com: relative URL without a base",
            "/plant must be a text",
            "/username must not contain a colon",
            "/password is required",
            "/a~1b is not a field of this form",
        ]
    );
    assert_eq!(problems(&json!([])), [" must be an object"]);
    for given in [json!({}), json!({"auth": "magic"})] {
        assert_eq!(problems(&given), ["/auth must be one of: basic, oauth2_jwt"]);
    }
    let given = json!({"auth": "oauth2_jwt", "url": "https://e.example", "client_id": "c", "certificate_id": "k\n2",
        "private_key": "hush"});
    let problems = problems(&given);
    assert!(problems[0].starts_with("/certificate_id must not contain line breaks"), "{problems:?}");
    assert!(problems[1].starts_with("/private_key this is no private key"), "{problems:?}");
    assert!(!problems.concat().contains("hush"));
}

#[test]
fn addresses_are_https_or_on_this_machine_unless_http_is_allowed() {
    let check = |url: &str, allow_http| {
        let given = json!({"auth": "basic", "url": url, "username": "u", "password": "p"});
        Credentials::parse(&spec(), &given, allow_http).map_err(|problems| problems[0].message.clone()).map(|_| ())
    };
    for good in ["https://erp.example", "http://127.0.0.1:8080", "http://localhost:1/x", "http://[::1]:2"] {
        assert_eq!(check(good, false), Ok(()), "{good}");
    }
    assert_eq!(check("http://erp.example", false), Err("must begin with https://".to_owned()));
    assert_eq!(check("http://erp.example", true), Ok(()));
    for bad in [
        "ftp://erp.example",
        "https://u:p@erp.example",
        "https://erp.example/?a=1",
        "https://erp.example/#a",
        "https://",
    ] {
        assert!(check(bad, true).is_err(), "{bad}");
    }
}
