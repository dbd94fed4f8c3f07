//! Batches: changesets whole or not at all, the reads behind them, and what is refused.

use serde_json::json;

use super::{Answer, Bench, ORDER, service};

const V4: &str = "/sap/opu/odata4/sap/api_purchaseorder_2/srvd_a2x/sap/purchaseorder/0001";

/// `METHOD path`, its headers and a body.
type Asked<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str);

fn http((line, headers, body): &Asked<'_>) -> String {
    let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    format!(
        "Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n\r\n{line} HTTP/1.1\r\n\
         Content-Type: application/json\r\n{headers}\r\n{body}\r\n"
    )
}

/// A batch of one changeset, followed by reads.
async fn batch(bench: &Bench, root: &str, changes: &[Asked<'_>], reads: &[&str]) -> Answer {
    let mut body = String::from("--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n");
    for change in changes {
        body.push_str(&format!("--c\r\n{}", http(change)));
    }
    body.push_str("--c--\r\n");
    for read in reads {
        body.push_str(&format!("--b\r\n{}", http(&(read, &[], ""))));
    }
    body.push_str("--b--\r\n");
    let request = bench.http.post(format!("{}{root}/$batch", bench.sim.url));
    let request = request.header("authorization", &bench.authorization).header("cookie", &bench.cookies);
    let request = request.header("x-csrf-token", &bench.token).header("content-type", "multipart/mixed; boundary=b");
    Answer::of(request.body(body).send().await.unwrap()).await
}

fn statuses(answer: &Answer) -> Vec<&str> {
    answer.body.lines().filter_map(|line| line.strip_prefix("HTTP/1.1 ")).map(|rest| &rest[..3]).collect()
}

#[tokio::test]
async fn a_changeset_is_done_whole_and_the_reads_behind_it_show_that() {
    for (root, set, status) in [(service(ORDER), "A_PurchaseOrder", 202), (V4.to_owned(), "PurchaseOrder", 200)] {
        let bench = Bench::logged_on(20).await;
        let at = [format!("PATCH {set}('4500000003')"), format!("PATCH {set}('4500000004')")];
        let body = json!({"CorrespncInternalReference": "together"}).to_string();
        let any = [("If-Match", "*")];
        let reads = [format!("GET {set}('4500000004')?$select=CorrespncInternalReference")];
        let reads: Vec<&str> = reads.iter().map(String::as_str).collect();
        let answer = batch(&bench, &root, &[(&at[0], &any, &body), (&at[1], &any, &body)], &reads).await;
        assert_eq!(answer.status, status, "{}", answer.body);
        let changed = if status == 202 { "204" } else { "200" };
        assert_eq!(statuses(&answer), [changed, changed, "200"], "{}", answer.body);
        assert!(answer.body.rsplit("HTTP/1.1").next().unwrap().contains("\"together\""), "{}", answer.body);
        assert!(answer.header("content-type").unwrap().starts_with("multipart/mixed; boundary="));
    }
}

#[tokio::test]
async fn a_changeset_of_which_one_part_is_refused_changes_nothing_and_answers_once() {
    let bench = Bench::logged_on(20).await;
    let root = service(ORDER);
    let before = bench.get(ORDER, "A_PurchaseOrder('4500000003')").await.d();
    let body = json!({"CorrespncInternalReference": "half"}).to_string();
    let any = [("If-Match", "*")];
    let wrong = json!({"PaymentTerms": "ZZZZ"}).to_string();
    let changes: [Asked<'_>; 2] =
        [("PATCH A_PurchaseOrder('4500000003')", &any, &body), ("PATCH A_PurchaseOrder('4500000004')", &any, &wrong)];
    let answer = batch(&bench, &root, &changes, &["GET A_PurchaseOrder/$count"]).await;
    assert_eq!(statuses(&answer), ["400", "200"], "{}", answer.body);
    assert!(answer.body.contains("Terms of payment ZZZZ are not defined"));
    assert_eq!(bench.get(ORDER, "A_PurchaseOrder('4500000003')").await.d(), before);
}

#[tokio::test]
async fn a_batch_needs_the_token_and_is_refused_whole_where_it_cannot_be_read() {
    let mut bench = Bench::logged_on(5).await;
    let read = ["GET A_PurchaseOrder/$count"];
    let body = json!({"CorrespncInternalReference": "x"}).to_string();
    let any = [("If-Match", "*")];
    let change: [Asked<'_>; 1] = [("PATCH A_PurchaseOrder('4500000003')", &any, &body)];
    let root = service(ORDER);
    assert_eq!(statuses(&batch(&bench, &root, &change, &read).await), ["204", "200"]);
    let reads_among_changes: [Asked<'_>; 1] = [("GET A_PurchaseOrder", &[], "")];
    assert_eq!(batch(&bench, &root, &reads_among_changes, &read).await.status, 400);
    bench.token = "wrong".to_owned();
    let refused = batch(&bench, &root, &change, &read).await;
    assert_eq!((refused.status, refused.header("x-csrf-token")), (403, Some("Required")));
}
