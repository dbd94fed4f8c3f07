//! Logon, lock, sessions and CSRF tokens.

use serde_json::json;

use super::*;

#[tokio::test]
async fn every_wrong_credential_gets_the_same_html_page() {
    let bench = Bench::start(5).await;
    let root = service(ORDER);
    let mut pages = Vec::new();
    for authorization in [basic("TRUNNION", "wrong"), basic("NOBODY", "Welcome1!"), "Bearer x".to_owned()] {
        let answer =
            bench.send("GET", &root, &[("authorization", &authorization), ("accept", "application/json")], None).await;
        assert_eq!(answer.status, 401);
        assert_eq!(
            answer.header("www-authenticate"),
            Some("Basic realm=\"SAP NetWeaver Application Server [SIM/100]\"")
        );
        assert!(answer.header("content-type").unwrap().starts_with("text/html"));
        pages.push(answer.body);
    }
    bench.sim.control.expire_credentials(true);
    pages.push(bench.send("GET", &root, &[], None).await.body);
    assert!(pages.iter().all(|page| *page == pages[0] && page.contains("Logon failed")));
    bench.sim.control.expire_credentials(false);
    assert_eq!(bench.send("GET", &root, &[], None).await.status, 200);
}

#[tokio::test]
async fn five_wrong_passwords_lock_the_user_until_somebody_unlocks() {
    let bench = Bench::start(5).await;
    let root = service(ORDER);
    let wrong = basic("TRUNNION", "wrong");
    let try_wrong = async || bench.send("GET", &root, &[("authorization", &wrong)], None).await.status;
    for _ in 0..4 {
        assert_eq!(try_wrong().await, 401);
    }
    assert_eq!(bench.send("GET", &root, &[], None).await.status, 200, "the fifth is right, and sets the count back");
    for _ in 0..5 {
        assert_eq!(try_wrong().await, 401);
    }
    assert_eq!(bench.send("GET", &root, &[], None).await.status, 401, "locked");
    bench.sim.control.move_clock_ahead(Duration::from_secs(86_400));
    assert_eq!(bench.send("GET", &root, &[], None).await.status, 401, "still locked the next day");
    assert_eq!(bench.control("unlock").await, 204);
    assert_eq!(bench.send("GET", &root, &[], None).await.status, 200);
}

#[tokio::test]
async fn a_modifying_call_needs_the_token_of_its_own_session() {
    let mut bench = Bench::logged_on(5).await;
    let path = format!("{}/A_PurchaseOrder", service(ORDER));
    let (token, cookies) = (bench.token.clone(), bench.cookies.clone());
    assert!(cookies.contains("SAP_SESSIONID_SIM_100=") && cookies.contains("sap-usercontext=sap-client=100"));
    let body = json!({});
    let required = |answer: &Answer| {
        assert_eq!((answer.status, answer.header("x-csrf-token")), (403, Some("Required")));
        assert!(answer.header("content-type").unwrap().starts_with("text/plain"));
        assert_eq!(answer.body, "CSRF token validation failed");
    };
    required(&bench.send("POST", &path, &[], Some(&body)).await);
    required(&bench.send("POST", &path, &[("x-csrf-token", "wrong")], Some(&body)).await);
    required(&bench.send("POST", &path, &[("x-csrf-token", &token), ("cookie", "")], Some(&body)).await);
    bench.cookies = String::new();
    bench.fetch().await;
    assert_ne!(bench.token, token);
    required(&bench.send("POST", &path, &[("x-csrf-token", &token)], Some(&body)).await);
    assert_eq!(bench.send("POST", &path, &[("x-csrf-token", &bench.token)], Some(&body)).await.status, 400);
}

#[tokio::test]
async fn a_session_lives_thirty_idle_minutes_and_a_fetch_keeps_its_token() {
    let mut bench = Bench::logged_on(5).await;
    let token = bench.token.clone();
    bench.sim.control.move_clock_ahead(Duration::from_secs(29 * 60));
    bench.fetch().await;
    assert_eq!(bench.token, token);
    bench.sim.control.move_clock_ahead(Duration::from_secs(29 * 60));
    assert_eq!(bench.post(ORDER, "A_PurchaseOrder", &json!({})).await.status, 400, "used in between");
    bench.sim.control.move_clock_ahead(Duration::from_secs(31 * 60));
    assert_eq!(bench.post(ORDER, "A_PurchaseOrder", &json!({})).await.status, 403);
    bench.fetch().await;
    assert_ne!(bench.token, token);
}

#[tokio::test]
async fn the_client_of_the_query_names_the_session() {
    let bench = Bench::start(5).await;
    let path = format!("{}/?sap-client=200&$format=json", service(ORDER));
    let answer = bench.send("GET", &path, &[("x-csrf-token", "fetch")], None).await;
    assert_eq!(answer.status, 200);
    assert!(
        answer
            .headers
            .get_all("set-cookie")
            .iter()
            .any(|cookie| cookie.to_str().unwrap().starts_with("SAP_SESSIONID_SIM_200="))
    );
}

#[tokio::test]
async fn control_functions_are_not_part_of_the_simulated_system() {
    let bench = Bench::start(5).await;
    assert_eq!(bench.control("fault?spec=503:next=1").await, 204);
    assert_eq!(bench.get(ORDER, "A_PurchaseOrder/$count").await.status, 503);
    assert_eq!(bench.get(ORDER, "A_PurchaseOrder/$count").await.body, "5");
    assert_eq!(bench.sim.control.requests().len(), 2);
}

#[tokio::test]
async fn after_a_password_reset_the_old_one_and_the_open_sessions_are_refused() {
    let bench = Bench::logged_on(5).await;
    let root = service(ORDER);
    assert_eq!(bench.control("password?new=Autumn-2026").await, 204);
    assert_eq!(bench.send("GET", &root, &[("cookie", &bench.cookies)], None).await.status, 401);
    let new = basic("TRUNNION", "Autumn-2026");
    assert_eq!(bench.send("GET", &root, &[("authorization", &new)], None).await.status, 200);
}
