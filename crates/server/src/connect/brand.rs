//! What the integrator gave to be shown: the logo and the colour as files of this server, so that the page's policy need not name
//! anybody else's, and the lines of HTML that use them.

use axum::response::{IntoResponse, Response};
use http::{HeaderName, StatusCode, header};
use trunnion_engine::services::branding::{self, Accent, logo_path};
use trunnion_engine::services::link::Brand;

use super::html::{escape, filled};
use super::languages::{self, Texts};
use super::page::Page;
use super::scene::Scene;
use crate::auth::Anybody;
use crate::extract::Segment;
use crate::problem::Problem;

/// A logo's address is that of its content, which never changes.
const FOREVER: &str = "public, max-age=31536000, immutable";
/// Whoever opens an image by itself, an SVG above all, gets one that can do nothing.
const IMAGE_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; sandbox";

/// `/connect/logo/{hash}`
pub(crate) async fn logo(anybody: Anybody, Segment(hash): Segment) -> Result<Response, Problem> {
    let found = branding::logo(anybody.engine(), &hash).await?.ok_or_else(|| Problem::not_found("logo"))?;
    let headers: [(HeaderName, String); 4] = [
        (header::CONTENT_TYPE, found.media_type),
        (header::CACHE_CONTROL, FOREVER.to_owned()),
        (header::CONTENT_SECURITY_POLICY, IMAGE_POLICY.to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    Ok((headers, found.image).into_response())
}

/// `/connect/accent/{rrggbb}.css`: a style sheet that sets one colour. It depends on nothing but its address.
pub(crate) async fn accent(Segment(file): Segment) -> Response {
    let colour = file.strip_suffix(".css").and_then(|digits| Accent::parse(&format!("#{digits}")).ok());
    let Some(Accent { light, dark }) = colour else { return StatusCode::NOT_FOUND.into_response() };
    let sheet = format!(
        ":root {{ --link: {light}; --go: {light}; --go-ink: #fff; }}\n\
         @media (prefers-color-scheme: dark) {{\n  :root {{ --link: {dark}; --go: {dark}; --go-ink: #0d1a26; }}\n}}\n"
    );
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, FOREVER)], sheet).into_response()
}

/// In the head of the page.
pub(super) fn sheet(brand: &Brand) -> String {
    let digits = brand.accent.as_deref().and_then(|colour| colour.strip_prefix('#'));
    digits.map_or(String::new(), |digits| {
        format!("<link rel=\"stylesheet\" href=\"/connect/accent/{}.css\">\n", escape(digits))
    })
}

/// Above the content: the logo, and the way to other languages.
pub(super) fn head(page: &Page) -> String {
    let brand = &page.scene.brand;
    let logo = brand.logo.as_deref().map_or(String::new(), |hash| {
        let (path, name) = (escape(&logo_path(hash)), escape(&brand.name));
        format!("<img class=\"logo\" src=\"{path}\" alt=\"{name}\">\n")
    });
    let switch = page.here.as_deref().map_or(String::new(), |here| switch(&page.scene, here));
    if logo.is_empty() && switch.is_empty() { String::new() } else { format!("<header>\n{logo}{switch}</header>\n") }
}

/// Each language is named in itself.
fn switch(scene: &Scene, here: &[(&str, String)]) -> String {
    let entry = |texts: &&Texts| {
        let (code, name) = (texts.code, escape(texts.name));
        if code == scene.texts.code {
            return format!("<li><span lang=\"{code}\" aria-current=\"true\">{name}</span></li>\n");
        }
        let here = here.iter().map(|(name, value)| (*name, value.as_str()));
        let to = scene.to(&here.chain([("lang", code)]).collect::<Vec<_>>());
        format!("<li><a href=\"{to}\" lang=\"{code}\" hreflang=\"{code}\">{name}</a></li>\n")
    };
    let entries: String = languages::ALL.iter().map(entry).collect();
    let label = escape(scene.texts.languages);
    format!("<nav aria-label=\"{label}\"><ul class=\"languages\">\n{entries}</ul></nav>\n")
}

/// Below it. The policy opens in a window of its own, so that nothing typed is lost.
pub(super) fn foot(scene: &Scene) -> String {
    scene.brand.privacy_url.as_deref().map_or(String::new(), |url| {
        let words = filled(scene.texts.privacy, &[("application", &escape(&scene.brand.name))]);
        let url = escape(url);
        format!("<footer><a href=\"{url}\" target=\"_blank\" rel=\"noopener noreferrer\">{words}</a></footer>\n")
    })
}
