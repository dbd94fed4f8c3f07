//! In which language somebody reads, and what the page carries from address to address: there are no cookies.

use http::{HeaderMap, header};
use trunnion_engine::services::link::{Brand, Way};

use super::html::{escape, query};
use super::languages::{self, Texts};

#[derive(Clone)]
pub(crate) struct Scene {
    pub(super) texts: &'static Texts,
    pub(super) way: Way,
    pub(super) brand: Brand,
}

impl Scene {
    /// The language is the one that the customer switched to, or the session's, or the browser's, or the application's, or
    /// English: the first that there is.
    pub(crate) fn new(headers: &HeaderMap, mut way: Way, brand: Brand) -> Self {
        way.lang = way.lang.filter(|code| languages::named(code).is_some());
        // Nobody else is told the code, and nobody else's page can show this one.
        way.frame = way.frame.filter(|origin| brand.frame_origins.contains(origin));
        let known = |code: &Option<String>| code.as_deref().and_then(languages::named);
        let texts = known(&way.lang)
            .or_else(|| known(&brand.session_language))
            .or_else(|| asked_for(headers))
            .or_else(|| known(&brand.language));
        Self { texts: texts.unwrap_or(languages::ALL[0]), way, brand }
    }

    /// As a guest's request says.
    pub(crate) fn of(headers: &HeaderMap, pairs: &[(String, String)], brand: Brand) -> Self {
        let given = |name: &str| pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone());
        Self::new(headers, Way { lang: given("lang"), frame: given("frame") }, brand)
    }

    /// The page waits in somebody's frame for the end, and has a script for that.
    pub(super) fn is_framed(&self) -> bool {
        self.way.frame.is_some()
    }

    /// An address on the same page, for an attribute: these parameters, and what is carried.
    pub(super) fn to(&self, pairs: &[(&str, &str)]) -> String {
        let carried = self.way.pairs().into_iter().filter(|(name, _)| !pairs.iter().any(|(own, _)| own == name));
        let all = pairs.iter().copied().chain(carried);
        let all: Vec<String> = all.map(|(name, value)| format!("{name}={}", query(value))).collect();
        escape(&format!("?{}", all.join("&")))
    }

    /// What is carried, in a form whose address has no query of its own.
    pub(super) fn hidden(&self) -> String {
        let input = |(name, value): (&str, &str)| {
            format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">\n", escape(value))
        };
        self.way.pairs().into_iter().map(input).collect()
    }
}

/// The language of the page that the browser likes best (RFC 9110, 12.5.4).
fn asked_for(headers: &HeaderMap) -> Option<&'static Texts> {
    let values = headers.get_all(header::ACCEPT_LANGUAGE).iter().filter_map(|value| value.to_str().ok());
    let ranges = values.flat_map(|value| value.split(',')).filter_map(|range| {
        let (tag, weight) = range.split_once(';').unwrap_or((range, ""));
        let weight = weight.trim().strip_prefix("q=").map_or(Some(1.0), |weight| weight.parse::<f32>().ok())?;
        let main = tag.trim().split('-').next()?.to_ascii_lowercase();
        (weight > 0.0).then(|| languages::named(&main).map(|texts| (weight, texts)))?
    });
    // The first of equals.
    let best = |best: Option<(f32, &'static Texts)>, next: (f32, &'static Texts)| match best {
        Some(best) if best.0 >= next.0 => Some(best),
        _ => Some(next),
    };
    ranges.fold(None, best).map(|(_, texts)| texts)
}

#[test]
fn the_language_is_what_the_customer_chose_then_the_sessions_then_the_browsers() {
    let scene = |accept: &'static str, lang: &str, session: Option<&str>, usual: Option<&str>| {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_LANGUAGE, http::HeaderValue::from_static(accept));
        let text = |code: Option<&str>| code.map(str::to_owned);
        let brand = Brand { session_language: text(session), language: text(usual), ..Brand::default() };
        Scene::of(&headers, &[("lang".to_owned(), lang.to_owned())], brand).texts.code
    };
    assert_eq!(scene("", "", None, None), "en");
    assert_eq!(scene("de-AT,de;q=0.9,en;q=0.8", "", None, None), "de");
    assert_eq!(scene("fr, en;q=0.5, de;q=0.7", "", None, None), "de");
    assert_eq!(scene("de;q=0, *;q=0.1", "", None, None), "en");
    assert_eq!(scene("fr", "", None, Some("de")), "de");
    assert_eq!(scene("en", "", None, Some("de")), "en");
    assert_eq!(scene("en", "", Some("de"), None), "de");
    assert_eq!(scene("de", "en", Some("de"), Some("de")), "en");
    assert_eq!(scene("de", "xx", None, None), "de");
}
