//! The way to a system's own page, where the customer consents, and back.

use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use trunnion_engine::services::link::{self, Back, Returned, Submitted};

use super::page::Page;
use super::routes::see;
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
        Returned::Submitted { outcome: Submitted::Done(address), .. } => return see(address),
        Returned::Submitted { outcome: Submitted::Refused(refusal), again, brand } => {
            view::returned(&refusal, &again).branded(&brand)
        }
        Returned::Submitted { outcome: Submitted::Closed(why), brand, .. } | Returned::Closed(why, brand) => {
            view::closed(why).branded(&brand)
        }
        Returned::Submitted { again, .. } => return see(again),
        Returned::Unknown => view::notice(
            StatusCode::BAD_REQUEST,
            "Nobody waits for this",
            "It took too long, was done already, or began in another browser. Open the link that you were sent again.",
        ),
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
