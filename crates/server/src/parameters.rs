//! Query parameters that a route does not know are refused, so that a typing error is not silently ignored. What a route
//! knows is what the OpenAPI document says of it: there is no second list, and no undocumented parameter.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::{MatchedPath, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use crate::problem::Problem;

/// The names of the query parameters of each operation, by method and route (`get /api/v1/events`).
pub(crate) type Known = Arc<HashMap<String, Vec<String>>>;

pub(crate) fn known(document: &Value) -> Known {
    let mut known = HashMap::new();
    for (path, item) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in item.as_object().into_iter().flatten() {
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let queries = parameters.filter(|parameter| parameter["in"] == "query");
            let names = queries.filter_map(|parameter| parameter["name"].as_str()).map(str::to_owned).collect();
            known.insert(format!("{method} {path}"), names);
        }
    }
    Arc::new(known)
}

pub(crate) async fn refuse_unknown(State(known): State<Known>, request: Request, next: Next) -> Response {
    match unknown_parameter(&known, &request) {
        Some(problem) => problem.into_response(),
        None => next.run(request).await,
    }
}

fn unknown_parameter(known: &Known, request: &Request) -> Option<Problem> {
    let path = request.extensions().get::<MatchedPath>()?;
    let known = known.get(&format!("{} {}", request.method().as_str().to_ascii_lowercase(), path.as_str()))?;
    let given = axum::extract::Query::<Vec<(String, String)>>::try_from_uri(request.uri()).ok()?;
    let (name, _) = given.0.iter().find(|(name, _)| !known.iter().any(|known| is(known, name)))?;
    let message = match known.is_empty() {
        true => "is not a parameter of this route, which has none".to_owned(),
        false => format!("is not a parameter of this route; it knows {}", known.join(", ")),
    };
    Some(Problem::parameter(name, message))
}

/// The parameter itself, or a member of the one that is an object (`filter[status]`).
fn is(known: &str, given: &str) -> bool {
    if known == "filter" { given.starts_with("filter[") } else { given == known }
}
