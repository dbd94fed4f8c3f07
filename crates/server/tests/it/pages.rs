//! The pages for people work without internet.

use crate::acme::Acme;
use crate::answers::get;
use crate::app::TestApp;

#[tokio::test(flavor = "multi_thread")]
async fn the_reference_loads_nothing_from_elsewhere() {
    let app = TestApp::start(Acme::default()).await;
    for path in ["/", "/docs"] {
        let page = app.send(get(path)).await;
        assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
        for text in ["src=\"http", "src=\"//", "href=\"http", "href=\"//", "url(http", "@import"] {
            assert!(!page.body.contains(text), "{path} has {text}");
        }
        // What the script itself might ask for elsewhere, the browser refuses.
        let policy = page.header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'") && !policy.contains("http") && !policy.contains('*'),
            "{policy}"
        );
    }
    let page = app.send(get("/docs")).await.body;
    let mut scripts = Vec::new();
    for path in page.split("src=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
        let script = app.send(get(path)).await;
        assert_eq!((script.status, script.header("content-type")), (200, "text/javascript; charset=utf-8"), "{path}");
        scripts.push(script.body);
    }
    assert_eq!(scripts.len(), 2);
    assert!(scripts[0].len() > 1_000_000 && scripts[0].contains("createApiReference"));
    assert!(scripts[1].contains("createApiReference") && scripts[1].contains("\"/openapi.json\""), "{}", scripts[1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_type_of_a_problem_is_a_page_that_explains_it() {
    let app = TestApp::start(Acme::default()).await;
    let problem = app.send(get("/api/v1/systems")).await.json();
    let page = app.send(get(problem["type"].as_str().unwrap())).await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("AUTHENTICATION_FAILED") && page.body.contains("Bearer"), "{}", page.body);
    assert_eq!(app.send(get("/problems/no-such")).await.problem().0, 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_says_that_it_is_alive_and_ready() {
    let app = TestApp::start(Acme::default()).await;
    for path in ["/healthz", "/readyz"] {
        assert_eq!(app.send(get(path)).await.ok()["status"], "ok");
    }
}
