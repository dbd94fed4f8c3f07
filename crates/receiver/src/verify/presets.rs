//! The schemes of well-known senders, as their documentation or their own libraries define them.

use super::handshake::Handshake;
use super::place::Place;
use super::scheme::{Algorithm, Encoding, Entry, Form, KeyForm, Proof, Scheme, Signed};
use super::template::Template;

impl Scheme {
    /// By name, for configurations.
    pub fn preset(name: &str) -> Option<Self> {
        Some(match name {
            "standard" => Self::standard(),
            "stripe" => Self::stripe(),
            "github" => Self::github(),
            "shopify" => Self::shopify(),
            "frappe" => Self::frappe(),
            "maintainx" => Self::maintainx(),
            "cloudevents" => Self::cloudevents(Proof::Basic),
            _ => return None,
        })
    }

    pub const PRESETS: [&str; 7] = ["standard", "stripe", "github", "shopify", "frappe", "maintainx", "cloudevents"];

    /// Standard Webhooks 1.0, symmetric (`whsec_…`) and asymmetric (`whpk_…`).
    pub fn standard() -> Self {
        let entry = |label: &str, algorithm, prefix: &str| Entry {
            label: label.to_owned(),
            algorithm,
            encoding: Encoding::Base64,
            key: KeyForm::Base64 { prefix: prefix.to_owned() },
        };
        let entries = vec![entry("v1", Algorithm::HmacSha256, "whsec_"), entry("v1a", Algorithm::Ed25519, "whpk_")];
        let signed = Signed {
            time: Some(Place::header("webhook-timestamp")),
            ..signed("webhook-signature", Form::Versioned, entries, Template::with_id_and_time())
        };
        Self::of(Proof::Signed(signed), &[&[Place::header("webhook-id")]])
    }

    pub fn stripe() -> Self {
        let entries = vec![hmac("v1", Encoding::Hex)];
        let signed = Signed {
            time: Some(Place::Pair("t".to_owned())),
            ..signed("stripe-signature", Form::Pairs, entries, Template::with_time())
        };
        Self::of(Proof::Signed(signed), &[&[Place::json("id")]])
    }

    pub fn github() -> Self {
        let signed = signed("x-hub-signature-256", Form::Plain, vec![hmac("sha256=", Encoding::Hex)], Template::body());
        Self::of(Proof::Signed(signed), &[&[Place::header("x-github-delivery")]])
    }

    pub fn shopify() -> Self {
        let signed = signed("x-shopify-hmac-sha256", Form::Plain, vec![hmac("", Encoding::Base64)], Template::body());
        let ids = [&[Place::header("x-shopify-event-id")][..], &[Place::header("x-shopify-webhook-id")]];
        Self::of(Proof::Signed(signed), &ids)
    }

    pub fn frappe() -> Self {
        let entries = vec![hmac("", Encoding::Base64)];
        Self::of(Proof::Signed(signed("x-frappe-webhook-signature", Form::Plain, entries, Template::body())), &[])
    }

    pub fn maintainx() -> Self {
        let entries = vec![hmac("v1", Encoding::Hex)];
        let signed = Signed {
            time: Some(Place::Pair("t".to_owned())),
            ..signed("x-maintainx-webhook-body-signature", Form::Pairs, entries, Template::with_time())
        };
        Self::of(Proof::Signed(signed), &[])
    }

    /// CloudEvents over HTTP, in either mode, with the handshake against abuse.
    pub fn cloudevents(proof: Proof) -> Self {
        let binary = [Place::header("ce-source"), Place::header("ce-id")];
        let structured = [Place::json("source"), Place::json("id")];
        let scheme = Self::of(proof, &[&binary, &structured]);
        Self { handshakes: vec![Handshake::CloudEvents], ..scheme }
    }

    fn of(proof: Proof, ids: &[&[Place]]) -> Self {
        Self { proof, id: ids.iter().map(|id| id.to_vec()).collect(), handshakes: Vec::new() }
    }
}

fn hmac(label: &str, encoding: Encoding) -> Entry {
    Entry { label: label.to_owned(), algorithm: Algorithm::HmacSha256, encoding, key: KeyForm::Text }
}

fn signed(header: &str, form: Form, entries: Vec<Entry>, content: Template) -> Signed {
    Signed { at: Place::header(header), form, entries, content, time: None, tolerance_seconds: 300 }
}
