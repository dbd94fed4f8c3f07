//! Pages for people: the landing page, the API reference and the explanations of problems. Nothing on them comes from
//! elsewhere, and the content security policy holds browsers to that.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderName, header};

use crate::extract::Segment;
use crate::problem::{self, Problem};

/// Where the document is served.
pub(crate) const OPENAPI: &str = "/openapi.json";

/// Only what this server serves: not even the script's own fonts, telemetry or proxy could be asked for elsewhere.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; \
                      img-src 'self' data:; font-src 'self' data:; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

/// `/`
pub(crate) async fn landing() -> Response {
    html(LANDING.to_owned())
}

/// `/docs`: the reference, drawn from the document by a script that is part of this binary.
pub(crate) async fn docs() -> Response {
    html(DOCS.to_owned())
}

/// `/docs/start.js`
pub(crate) async fn start() -> Response {
    let configuration = serde_json::json!({
        "url": OPENAPI,
        "withDefaultFonts": false,
        "telemetry": false,
        "agent": {"disabled": true},
        "mcp": {"disabled": true},
        "hideClientButton": true,
        "showDeveloperTools": "never",
        "persistAuth": false,
        "metaData": {"title": "Trunnion API"},
    });
    javascript(format!("Scalar.createApiReference('#app', {configuration});\n"))
}

/// `/docs/scalar.js`
pub(crate) async fn script() -> Result<Response, Problem> {
    let asset = scalar_api_reference::get_asset("scalar.js");
    let asset = asset.ok_or_else(|| Problem::internal("the script of /docs is not in this binary"))?;
    Ok(javascript(asset))
}

/// `/openapi.json`
pub(crate) async fn openapi(State(document): State<Bytes>) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], document).into_response()
}

/// `/problems/{code}`: what the `type` of a problem points to.
pub(crate) async fn explanation(Segment(slug): Segment) -> Result<String, Problem> {
    problem::page(&slug).ok_or_else(|| Problem::not_found("problem"))
}

fn javascript(text: impl IntoResponse) -> Response {
    let headers =
        [(header::CONTENT_TYPE, "text/javascript; charset=utf-8"), (header::CACHE_CONTROL, "public, max-age=86400")];
    (headers, text).into_response()
}

fn html(text: String) -> Response {
    let headers: [(HeaderName, &str); 4] = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    (headers, text).into_response()
}

const DOCS: &str = "<!doctype html>
<html lang=\"en\">
<head>
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">
<title>Trunnion API</title>
</head>
<body>
<div id=\"app\"></div>
<script src=\"/docs/scalar.js\"></script>
<script src=\"/docs/start.js\"></script>
</body>
</html>
";

const LANDING: &str = "<!doctype html>
<html lang=\"en\">
<head>
<meta charset=\"utf-8\">
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">
<title>Trunnion</title>
<style>
body { font: 17px/1.6 system-ui, sans-serif; max-width: 40rem; margin: 12vh auto; padding: 0 1.5rem; color: #1d2733; }
h1 { font-size: 2rem; margin: 0; letter-spacing: -0.02em; }
code { font: 0.9em ui-monospace, monospace; background: #eef1f4; padding: 0.1em 0.35em; border-radius: 4px; }
a { color: #0b62a8; }
@media (prefers-color-scheme: dark) {
  body { background: #12171d; color: #dfe6ee; } code { background: #222b35; } a { color: #7cbcf2; }
}
</style>
</head>
<body>
<h1>Trunnion</h1>
<p>One API for every ERP, CMMS and WMS. This server is running.</p>
<ul>
<li><a href=\"/docs\">API reference</a>, to read and to try</li>
<li><a href=\"/openapi.json\">OpenAPI document</a>, for code generators</li>
<li><a href=\"/readyz\">Ready?</a> and <a href=\"/healthz\">alive?</a></li>
</ul>
<p>The first call: <code>curl -H \"Authorization: Bearer $KEY\" http://localhost:8080/api/v1/systems</code></p>
</body>
</html>
";
