//! The page in a frame of the application's own page: the scripts for both sides, and the last page, which hands over the code.

use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};
use trunnion_engine::services::link::{Arrival, Form, Visit};

use super::html::escape;
use super::page::Page;
use super::scene::Scene;

/// The script of the page itself, where it is framed.
pub(crate) const SCRIPT: &str = "/connect/frame.js";
/// The name of the window in which customers consent. Systems let themselves be put into no frame, and in a frame no cookie of
/// ours would be kept.
const WINDOW: &str = "trunnion-consent";

/// `/connect/frame.js`
pub(crate) async fn script() -> Response {
    javascript(include_str!("frame.js"))
}

/// `/connect.js`: for the application's page.
pub(crate) async fn opener() -> Response {
    javascript(include_str!("connect.js"))
}

fn javascript(text: &'static str) -> Response {
    let headers: [(HeaderName, HeaderValue); 4] = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/javascript; charset=utf-8")),
        (header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600")),
        (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (HeaderName::from_static("cross-origin-resource-policy"), HeaderValue::from_static("cross-origin")),
    ];
    (headers, text).into_response()
}

/// In the head of the page.
pub(super) fn tag(scene: &Scene) -> String {
    match scene.is_framed() {
        true => format!("<script src=\"{SCRIPT}\" defer></script>\n"),
        false => String::new(),
    }
}

/// More attributes of the form: where it leads, and for whom the page listens.
pub(super) fn attributes(scene: &Scene, visit: &Visit, form: &Form) -> String {
    let Some(origin) = scene.way.frame.as_deref().filter(|_| form.consents) else { return String::new() };
    format!(" target=\"{WINDOW}\" data-session=\"{}\" data-to=\"{}\"", escape(&visit.id()), escape(origin))
}

/// The end, without a redirect: the script hands the code to the page that waits for it.
pub(super) fn arrived(scene: &Scene, arrival: &Arrival) -> Page {
    let texts = scene.texts;
    let data = [
        ("to", scene.way.frame.as_ref()),
        ("session", Some(&arrival.session)),
        ("code", Some(&arrival.code)),
        ("state", arrival.state.as_ref()),
        ("address", Some(&arrival.address)),
    ];
    let data = data.into_iter().filter_map(|(name, value)| Some(format!(" data-{name}=\"{}\"", escape(value?))));
    let content = format!(
        "<h1>{}</h1>\n<p role=\"status\">{}</p>\n<div id=\"arrived\"{} hidden></div>\n\
         <noscript><p><a href=\"{}\" target=\"_top\">{}</a></p></noscript>\n",
        escape(texts.arrived),
        escape(texts.arrived_note),
        data.collect::<String>(),
        escape(&arrival.address),
        escape(texts.continue_button)
    );
    Page { here: None, ..Page::new(scene, StatusCode::OK, texts.arrived, content) }
}
