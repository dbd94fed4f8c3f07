//! The routes of the page: look at it, submit it.
//!
//! The address holds the session's secret, so a foreign site cannot guess where to send a form; browsers that tell where a
//! form came from are believed on top of that.

use axum::response::{IntoResponse, Response};
use axum::{Extension, Form};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use trunnion_engine::services::link::{self, Answers, Refusal, Submitted, Why};

use super::framed::arrived;
use super::page::Page;
use super::{callback, view};
use crate::auth::Guest;
use crate::extract::{Pairs, Query};
use crate::problem::Problem;
use crate::router::PublicUrl;

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The prefix of a connector's fields in the form.
const FIELD: &str = "f.";
/// And of what the session offers to choose.
pub(super) const CHOICE: &str = "c.";

/// `GET /link/{secret}`
pub(crate) async fn show(guest: Guest, Query(query): Query<Pairs>) -> Page {
    let given = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    let language = guest.scene.texts.code;
    match link::form(&guest.engine, &guest.visit, given("system"), given("auth"), language) {
        Some(form) => view::form(&guest.scene, &guest.visit, &form, None, StatusCode::OK),
        None => choice(&guest, given("q").unwrap_or_default()),
    }
}

fn choice(guest: &Guest, text: &str) -> Page {
    let systems = link::systems(&guest.engine, text, guest.scene.texts.code);
    view::choice(&guest.scene, &guest.visit, &systems, text)
}

/// `POST /link/{secret}`: success leads back to the application, with the code.
pub(crate) async fn submit(
    guest: Guest,
    Extension(public): Extension<PublicUrl>,
    headers: HeaderMap,
    Form(pairs): Form<Pairs>,
) -> Result<Response, Problem> {
    if is_foreign(&headers) {
        return Ok(view::foreign(&guest.scene).into_response());
    }
    let answers = Answers { way: guest.scene.way.clone(), ..answers(pairs) };
    let base = public.base(&headers)?;
    let page = match link::submit(&guest.engine, &guest.visit, &guest.secret, &answers, &base).await? {
        Submitted::Done(arrival) if guest.scene.is_framed() => arrived(&guest.scene, &arrival),
        Submitted::Done(arrival) => return see(arrival.address),
        Submitted::Consent { address, browser } => {
            return callback::leave(view::leaving(&guest.scene, &address), &browser, &base);
        }
        Submitted::Refused(refusal) => again(&guest, &answers, &refusal, StatusCode::UNPROCESSABLE_ENTITY),
        Submitted::Busy => again(&guest, &answers, &Why::Busy.into(), StatusCode::CONFLICT),
        Submitted::Closed(why) => view::closed(&guest.scene, why),
    };
    Ok(page.into_response())
}

pub(super) fn see(address: String) -> Result<Response, Problem> {
    let location =
        HeaderValue::try_from(address).map_err(|_| Problem::internal("a redirect address is no header value"))?;
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response())
}

/// `/connect.css`
pub(crate) async fn style() -> Response {
    let headers = [(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "public, max-age=3600")];
    (headers, include_str!("style.css")).into_response()
}

/// The form as it was filled in, but for the secrets.
fn again(guest: &Guest, answers: &Answers, refusal: &Refusal, status: StatusCode) -> Page {
    let (system, auth) = (answers.system.as_deref(), answers.auth.as_deref());
    let Some(mut form) = link::form(&guest.engine, &guest.visit, system, auth, guest.scene.texts.code) else {
        return choice(guest, "");
    };
    form.offers = link::offers(&guest.visit, &answers.chosen);
    for field in &mut form.fields {
        let given = answers.values.iter().find(|(name, _)| *name == field.name);
        if let Some((_, value)) = given.filter(|_| matches!(field.kind, link::FieldKind::Url | link::FieldKind::Text)) {
            field.value.clone_from(value);
        }
    }
    view::form(&guest.scene, &guest.visit, &form, Some(refusal), status)
}

fn answers(pairs: Pairs) -> Answers {
    let mut answers = Answers::default();
    for (name, value) in pairs {
        match (name.as_str(), name.strip_prefix(FIELD), name.strip_prefix(CHOICE)) {
            ("system", ..) => answers.system = Some(value),
            ("auth", ..) => answers.auth = Some(value),
            (_, Some(field), _) => answers.values.push((field.to_owned(), value)),
            (_, _, Some(subject)) => answers.chosen.push((subject.to_owned(), value)),
            _ => {}
        }
    }
    answers
}

fn is_foreign(headers: &HeaderMap) -> bool {
    let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(site) = text(&FETCH_SITE) {
        return site != "same-origin" && site != "none";
    }
    match (text(&header::ORIGIN), text(&header::HOST)) {
        (None, _) => false,
        (Some(origin), host) => origin.split_once("://").map(|(_, host)| host) != host,
    }
}

#[test]
fn a_form_from_another_site_is_told_by_what_the_browser_says() {
    let foreign = |pairs: &[(&'static str, &'static str)]| {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        is_foreign(&headers)
    };
    assert!(!foreign(&[("sec-fetch-site", "same-origin")]));
    assert!(foreign(&[("sec-fetch-site", "cross-site")]));
    assert!(foreign(&[("sec-fetch-site", "same-site")]));
    assert!(!foreign(&[("origin", "https://connect.example"), ("host", "connect.example")]));
    assert!(foreign(&[("origin", "https://evil.example"), ("host", "connect.example")]));
    assert!(foreign(&[("origin", "null"), ("host", "connect.example")]));
    assert!(!foreign(&[]), "not a browser; it knows the secret");
}
