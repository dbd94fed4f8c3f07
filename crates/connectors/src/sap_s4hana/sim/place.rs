//! Which service a path leads into, and how that service refuses.

use axum::response::Response;

use super::errors::Refusal;
use super::schema::Family;
use super::server::App;
use super::v4::{self, Below};

/// Where in which service a path leads.
#[derive(Clone)]
pub(super) enum Place {
    /// Name, version, and the path below its root.
    V2 { name: String, version: String, path: String },
    /// None: into one that there is not.
    V4(Option<Below>),
}

impl Place {
    pub(super) fn of(app: &App, path: &str) -> Option<Self> {
        if let Some((name, version, path)) = service_and_path(path) {
            return Some(Self::V2 { name, version, path });
        }
        let below = v4::below(path)?;
        Some(Self::V4(below.filter(|below| app.offers(below.service.family))))
    }

    /// Another path below the same root.
    pub(super) fn at(&self, other: &str) -> Self {
        match self {
            Self::V2 { name, version, .. } => {
                Self::V2 { name: name.clone(), version: version.clone(), path: other.to_owned() }
            }
            Self::V4(below) => {
                Self::V4(below.as_ref().map(|below| Below { service: below.service, path: other.to_owned() }))
            }
        }
    }

    pub(super) fn is_v4(&self) -> bool {
        matches!(self, Self::V4(_))
    }

    pub(super) fn is_batch(&self) -> bool {
        matches!(self, Self::V2 { path, .. } | Self::V4(Some(Below { path, .. })) if path == "$batch")
    }

    pub(super) fn refuse(&self, app: &App, refusal: Refusal) -> Response {
        match self {
            Self::V2 { name, version, .. } => {
                app.refuse(Family::by_service(name, version).unwrap_or(Family::Orders), refusal)
            }
            Self::V4(below) => app.refuse_v4(below.as_ref().map(|below| below.service), refusal),
        }
    }
}

/// The service's name, its version in four digits (`;v=2` is `0002`), and the path below its root.
fn service_and_path(path: &str) -> Option<(String, String, String)> {
    let mut segments = path.splitn(7, '/');
    let prefix = ["", "sap", "opu", "odata", "sap"];
    if !prefix.iter().all(|wanted| segments.next().is_some_and(|segment| segment.eq_ignore_ascii_case(wanted))) {
        return None;
    }
    let service = segments.next().filter(|name| !name.is_empty())?;
    let (name, parameters) = service.split_once(';').unwrap_or((service, ""));
    let version = parameters.strip_prefix("v=").unwrap_or("1");
    Some((name.to_owned(), format!("{version:0>4}"), segments.next().unwrap_or_default().to_owned()))
}
