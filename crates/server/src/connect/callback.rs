//! The way to a system's own page, where the customer consents, and back.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, header};
use trunnion_engine::services::link::{self, Back, Brand, Returned, Submitted, Way};

use super::framed::arrived;
use super::page::Page;
use super::routes::see;
use super::scene::Scene;
use super::view;
use crate::auth::Anybody;
use crate::extract::{Pairs, Query};
use crate::problem::Problem;

/// Where systems send customers back to: the same for all of them, to be registered there.
pub(crate) const CALLBACK: &str = "/link/callback";

/// Proves that it is the same browser that comes back.
const COOKIE: &str = "trunnion_consent";
/// As long as a consent is waited for.
const COOKIE_SECONDS: u32 = 30 * 60;

/// Browsers hold what follows a form to the page's policy, and the system's host is not known when that is written. So this
/// is a page that moves on by itself.
pub(super) fn leave(page: Page, browser: &str, base: &str) -> Result<Response, Problem> {
    let secure = if base.starts_with("https://") { "; Secure" } else { "" };
    let cookie =
        format!("{COOKIE}={browser}; Path={CALLBACK}; Max-Age={COOKIE_SECONDS}; HttpOnly; SameSite=Lax{secure}");
    let cookie = HeaderValue::try_from(cookie).map_err(|_| Problem::internal("a cookie is no header value"))?;
    let mut response = page.into_response();
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(response)
}

/// `GET /link/callback?code=…&state=…`
pub(crate) async fn returned(
    anybody: Anybody,
    headers: HeaderMap,
    Query(query): Query<Pairs>,
) -> Result<Response, Problem> {
    let given = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
    let back = Back {
        state: given("state").unwrap_or_default(),
        code: given("code"),
        error: given("error"),
        browser: cookie(&headers).unwrap_or_default(),
    };
    let page = match link::returned(anybody.engine(), &back).await? {
        Returned::Submitted { outcome, again, brand, way } => {
            let again = again + &way.query();
            let scene = Scene::new(&headers, way, brand);
            match outcome {
                Submitted::Refused(refusal) => view::returned(&scene, &refusal, &again),
                Submitted::Closed(why) => Page { here: None, ..view::closed(&scene, why) },
                Submitted::Done(arrival) if scene.is_framed() => arrived(&scene, &arrival),
                Submitted::Done(arrival) => return see(arrival.address),
                Submitted::Consent { .. } | Submitted::Busy => return see(again),
            }
        }
        Returned::Closed { why, brand, way } => {
            Page { here: None, ..view::closed(&Scene::new(&headers, way, brand), why) }
        }
        Returned::Unknown => view::nobody_waits(&Scene::new(&headers, Way::default(), Brand::default())),
    };
    Ok(page.into_response())
}

fn cookie(headers: &HeaderMap) -> Option<String> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|line| line.split(';')).find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        (name == COOKIE).then(|| value.to_owned())
    })
}
