//! A page as an answer: the frame around its content, and the headers that hold the browser to it.

use axum::response::{IntoResponse, Response};
use http::{HeaderName, HeaderValue, StatusCode, header};

use super::html::escape;
use super::scene::Scene;
use super::{brand, framed};
use crate::problem::Finished;

/// Where the style sheet is served.
pub(crate) const STYLE: &str = "/connect.css";

/// What is shown, with which status.
#[derive(Clone)]
pub(crate) struct Page {
    pub(super) status: StatusCode,
    pub(super) title: String,
    /// HTML.
    pub(super) content: String,
    /// Where the form may lead, beside this server: browsers hold the redirect after a form to it too.
    pub(super) leads_to: Option<String>,
    /// Where the browser goes on by itself, without a script.
    pub(super) moves_to: Option<String>,
    /// Who reads it.
    pub(super) scene: Scene,
    /// The parameters of its address, where it can be asked for again in another language.
    pub(super) here: Option<Vec<(&'static str, String)>>,
}

impl Page {
    pub(super) fn new(scene: &Scene, status: StatusCode, title: &str, content: String) -> Self {
        let (title, here) = (title.to_owned(), Some(Vec::new()));
        Self { status, title, content, leads_to: None, moves_to: None, scene: scene.clone(), here }
    }
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        let scene = &self.scene;
        let origins = scene.brand.frame_origins.join(" ");
        let policy = format!(
            "default-src 'none'; style-src 'self'; {}{}base-uri 'none'; frame-ancestors {}; form-action 'self' {}",
            if scene.brand.logo.is_some() { "img-src 'self'; " } else { "" },
            if scene.is_framed() { "script-src 'self'; " } else { "" },
            if origins.is_empty() { "'none'" } else { &origins },
            self.leads_to.as_deref().unwrap_or_default()
        );
        // Our own words and origins as the URL standard writes them: always ASCII.
        let policy = HeaderValue::try_from(policy.trim_end())
            .unwrap_or(HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"));
        let title = escape(&self.title);
        let moves = self.moves_to.as_deref().map_or(String::new(), |address| {
            format!("<meta http-equiv=\"refresh\" content=\"0; url={}\">\n", escape(address))
        });
        let document = format!(
            "<!doctype html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n<title>{title}</title>\n{moves}\
             <link rel=\"stylesheet\" href=\"{STYLE}\">\n{}{}</head>\n<body>\n{}<main>\n{}</main>\n{}</body>\n</html>\n",
            self.scene.texts.code,
            brand::sheet(&self.scene.brand),
            framed::tag(&self.scene),
            brand::head(&self),
            self.content,
            brand::foot(&self.scene),
        );
        let headers: [(HeaderName, HeaderValue); 5] = [
            (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
            (header::CONTENT_SECURITY_POLICY, policy),
            (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
            // The address holds the session's secret: no other site may learn it.
            (header::REFERRER_POLICY, HeaderValue::from_static("same-origin")),
            (HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex")),
        ];
        let mut response = (self.status, headers, document).into_response();
        response.extensions_mut().insert(Finished);
        response
    }
}
