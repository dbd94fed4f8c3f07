//! SuiteQL: the bulk and incremental read path.

use std::time::Instant;

use super::*;

#[tokio::test]
async fn the_prefer_header_is_mandatory() {
    let sandbox = Sandbox::new().await;
    let body = json!({ "q": "SELECT id FROM vendor" }).to_string();
    let request = sandbox.request("POST", "/query/v1/suiteql").header("content-type", "application/json").body(body);
    assert_eq!(answer(request).await.error(), "400 INVALID_REQUEST Prefer");
}

#[tokio::test]
async fn values_are_texts_names_are_lower_case_and_nulls_are_left_out() {
    let sandbox = Sandbox::new().await;
    let id = sandbox.create("purchaseOrder", order()).await;
    let q = "SELECT t.ID, t.TranId, t.externalid, BUILTIN.DF(t.status) status_text, t.status, BUILTIN.DF(t.currency) AS \"Cur\", \
             t.trandate, t.lastmodifieddate, TO_CHAR(t.lastmodifieddate,'YYYY-MM-DD\"T\"HH24:MI:SS') lm, t.foreigntotal, t.memo \
             FROM transaction t WHERE t.type='PurchOrd' AND t.id = ?";
    let answer = sandbox.query("", q, json!([id])).await.body;
    let row = json!({
        "links": [], "id": id, "tranid": "PO1201", "status_text": "Purchase Order : Pending Receipt", "status": "B",
        "cur": "US Dollar", "trandate": "3/1/2026", "lastmodifieddate": "3/2/2026", "lm": "2026-03-02T10:00:00",
        "foreigntotal": "37.77", "memo": "made in a test",
    });
    assert_eq!(answer["items"], json!([row]));
    assert_eq!((&answer["count"], &answer["totalResults"], &answer["hasMore"]), (&json!(1), &json!(1), &json!(false)));
}

#[tokio::test]
async fn an_order_shows_its_main_line_its_items_and_its_tax() {
    let sandbox = Sandbox::new().await;
    let mut body = order();
    body["item"]["items"][0]["taxRate1"] = json!(10);
    let id = sandbox.create("purchaseOrder", body).await;
    let q = "SELECT l.linesequencenumber n, l.mainline m, l.taxline x, l.item, l.quantity q, l.rate, l.foreignamount a, \
             BUILTIN.DF(l.units) u, l.isclosed c, l.expectedreceiptdate d FROM transactionline l WHERE l.transaction = ? \
             ORDER BY l.transaction, l.linesequencenumber";
    let rows = sandbox.rows(q, json!([id])).await;
    assert_eq!(
        rows,
        [
            json!({ "n": "0", "m": "T", "x": "F", "a": "41.52", "c": "F" }),
            json!({ "n": "1", "m": "F", "x": "F", "item": "1001", "q": "3", "rate": "12.505", "a": "37.52", "u": "EA", "c": "F", "d": "3/20/2026" }),
            json!({ "n": "2", "m": "F", "x": "F", "item": "1002", "q": "2.5", "rate": "0.1", "a": "0.25", "u": "EA", "c": "F" }),
            json!({ "n": "3", "m": "F", "x": "T", "a": "3.75", "c": "F" }),
        ]
    );
    sandbox.control("POST", "negative_quantities?on=true").await;
    let q = "SELECT quantity q, ABS(quantity) a FROM transactionline WHERE transaction = ? AND mainline = 'F' AND taxline = 'F'";
    let rows = sandbox.rows(q, json!([id])).await;
    assert_eq!(rows, [json!({ "q": "-3", "a": "3" }), json!({ "q": "-2.5", "a": "2.5" })]);
    let keys = sandbox.rows("SELECT uniquekey FROM transactionline", json!([])).await;
    let mut different: Vec<&str> = keys.iter().map(|row| row["uniquekey"].as_str().unwrap()).collect();
    different.sort_unstable();
    different.dedup();
    assert_eq!(different.len(), keys.len());
}

#[tokio::test]
async fn conditions_joins_and_orders_mean_what_sql_says() {
    let sandbox = Sandbox::new().await;
    let first = async |q: &str, params: Value| {
        let rows = sandbox.rows(q, params).await;
        rows.iter().map(|row| row["v"].as_str().unwrap_or("-").to_owned()).collect::<Vec<_>>().join(" ")
    };
    let items = "SELECT itemid v FROM item WHERE";
    for (condition, params, expected) in [
        ("itemid = 'SP-0001' OR itemid = 'SP-0002' AND cost < 10", json!([]), "SP-0001"),
        ("(itemid = 'SP-0001' OR itemid = 'SP-0002') AND NOT cost < 10", json!([]), "SP-0002"),
        ("itemid IN ('SP-0003', ?) AND isinactive = 'F'", json!(["SP-0004"]), "SP-0003 SP-0004"),
        ("itemid LIKE 'SP-00_2' ORDER BY cost DESC", json!([]), "SP-0002 SP-0012"),
        ("itemid LIKE 'SP-%' AND cost BETWEEN 70 AND ? ORDER BY itemid DESC", json!([90]), "SP-0009 SP-0005"),
        ("manufacturer IS NOT NULL AND mpn LIKE 'SKF%' ORDER BY 1", json!([]), "SP-0001 SP-0002"),
        (
            "manufacturer <> 'SKF' AND manufacturer != 'NTN' AND itemid <= 'SP-0005' AND itemid >= 'SP-0001'",
            json!([]),
            "SP-0004 SP-0005",
        ),
        ("itemid LIKE 'SP-%' ORDER BY cost FETCH FIRST 2 ROWS ONLY", json!([]), "SP-0004 SP-0001"),
    ] {
        assert_eq!(first(&format!("{items} {condition}"), params).await, expected, "{condition}");
    }
    let q = "SELECT l.transaction || '' FROM transactionline l";
    assert_eq!(sandbox.query("", q, json!([])).await.status, 400);
    let inner = "SELECT v.entityid v FROM transaction t INNER JOIN vendor v ON v.id = t.entity WHERE t.id = 20001";
    let entity = first(inner, json!([])).await;
    let direct = first("SELECT BUILTIN.DF(entity) v FROM transaction WHERE id = 20001", json!([])).await;
    assert_eq!(entity, direct);
    let left = "SELECT s.name v, NVL(p.name, 'none') parent FROM subsidiary s LEFT JOIN subsidiary p ON p.id = s.parent ORDER BY s.id";
    let rows = sandbox.rows(left, json!([])).await;
    assert_eq!(rows[0], json!({ "v": "Gantry Works", "parent": "none" }));
    assert_eq!(rows[1]["parent"], "Gantry Works");
    let lines = "SELECT COUNT(*) v FROM transaction t JOIN transactionline l ON t.id = l.transaction WHERE t.id IN (20001, 20002) AND l.mainline = 'T'";
    assert_eq!(first(lines, json!([])).await, "2");
    let letter = first("SELECT status v FROM transaction WHERE id = 20001", json!([])).await;
    let q = "SELECT id v FROM transaction WHERE status = ? AND id = 20001";
    assert_eq!(first(q, json!([format!("PurchOrd:{letter}")])).await, "20001");
}

#[tokio::test]
async fn wrong_queries_are_refused_with_a_reason() {
    let sandbox = Sandbox::new().await;
    for (q, params, reason) in [
        ("SELECT nope FROM vendor", json!([]), "Field 'nope'"),
        ("SELECT id FROM nowhere", json!([]), "Record 'nowhere'"),
        ("SELECT id FROM vendor WHERE", json!([]), "ends too early"),
        ("SELECT id FROM vendor WHERE id = ?", json!([]), "1 parameters"),
        ("SELECT id FROM vendor GROUP BY id", json!([]), "unexpected GROUP"),
        ("SELECT DISTINCT id FROM vendor", json!([]), "DISTINCT"),
        ("SELECT SOUNDEX(id) FROM vendor", json!([]), "SOUNDEX"),
        ("SELECT id FROM vendor v JOIN currency c ON c.id = v.currency", json!([]), "ambiguous"),
        ("SELECT id FROM transaction WHERE trandate > '2026-01-01'", json!([]), "date format"),
        (
            "SELECT id FROM transaction WHERE lastmodifieddate > TO_TIMESTAMP(?, 'YYYY-MM-DD')",
            json!(["x"]),
            "does not have the format",
        ),
        ("SELECT id FROM vendor WHERE name = 'x", json!([]), "not closed"),
        ("DELETE FROM vendor", json!([]), "SELECT is missing"),
    ] {
        let refused = sandbox.query("", q, params).await;
        assert_eq!(refused.error(), "400 INVALID_REQUEST -", "{q}: {}", refused.body);
        let detail = refused.body["o:errorDetails"][0]["detail"].as_str().unwrap().to_owned();
        assert!(detail.contains(reason), "{q}: {detail}");
    }
    let many = vec!["1"; 1_001].join(",");
    let q = format!("SELECT id FROM vendor WHERE id IN ({many})");
    assert!(sandbox.query("", &q, json!([])).await.body.to_string().contains("maximum number of expressions"));
}

#[tokio::test]
async fn instants_are_shown_and_read_in_the_users_time_zone() {
    let sandbox = Sandbox::new().await;
    let id = sandbox.create("purchaseOrder", order()).await;
    let q = "SELECT TO_CHAR(lastmodifieddate, 'YYYY-MM-DD HH24:MI:SS') lm FROM transaction WHERE id = ? \
             AND lastmodifieddate = TO_TIMESTAMP(?, 'YYYY-MM-DD HH24:MI:SS')";
    assert_eq!(sandbox.rows(q, json!([id, "2026-03-02 10:00:00"])).await.len(), 1);
    assert_eq!(sandbox.control("POST", "user_time_zone?minutes=-480").await.status, 204);
    assert!(sandbox.rows(q, json!([id, "2026-03-02 10:00:00"])).await.is_empty());
    assert_eq!(sandbox.rows(q, json!([id, "2026-03-02 02:00:00"])).await, [json!({ "lm": "2026-03-02 02:00:00" })]);
    // The record service goes on in UTC.
    assert_eq!(sandbox.get(&format!("/record/v1/purchaseOrder/{id}")).await.body["lastModifiedDate"], NOW);
}

#[tokio::test]
async fn the_same_seed_gives_the_same_account_and_another_one_another() {
    let q = "SELECT tranid, entity, foreigntotal, status, TO_CHAR(lastmodifieddate, 'YYYY-MM-DD HH24:MI:SS') lm FROM transaction WHERE type = 'PurchOrd' ORDER BY id";
    let mut accounts = Vec::new();
    for seed in [5, 5, 6] {
        let sandbox = Sandbox::with(Options { seed, ..Options::default() }).await;
        accounts.push(sandbox.rows(q, json!([])).await);
    }
    assert_eq!(accounts[0], accounts[1]);
    assert_ne!(accounts[0], accounts[2]);
    assert_eq!(accounts[0].len(), 200);
}

#[tokio::test]
async fn what_a_query_shows_is_what_the_record_shows() {
    let sandbox = Sandbox::new().await;
    let q = "SELECT id, tranid, foreigntotal, exchangerate, TO_CHAR(trandate, 'YYYY-MM-DD') d, status, entity, \
             TO_CHAR(createddate, 'YYYY-MM-DD\"T\"HH24:MI:SS') c, TO_CHAR(lastmodifieddate, 'YYYY-MM-DD\"T\"HH24:MI:SS') m FROM transaction WHERE type = 'PurchOrd'";
    for row in sandbox.rows(q, json!([])).await.iter().step_by(23) {
        let id = row["id"].as_str().unwrap();
        let record = sandbox.get(&format!("/record/v1/purchaseOrder/{id}?expandSubResources=true")).await.body;
        assert_eq!(
            (&record["tranId"], &record["tranDate"], &record["status"]["id"]),
            (&row["tranid"], &row["d"], &row["status"])
        );
        assert_eq!(record["entity"]["id"], row["entity"]);
        assert_eq!(record["total"].as_f64(), row["foreigntotal"].as_str().unwrap().parse().ok());
        for (field, column) in [("createdDate", "c"), ("lastModifiedDate", "m")] {
            assert_eq!(record[field].as_str().unwrap(), format!("{}Z", row[column].as_str().unwrap()));
        }
        let lines = sandbox.rows("SELECT rate, quantity, foreignamount FROM transactionline WHERE transaction = ? AND mainline = 'F' AND taxline = 'F'", json!([id])).await;
        let items = record["item"]["items"].as_array().unwrap();
        assert_eq!(items.len(), lines.len());
        for (item, line) in items.iter().zip(&lines) {
            for (field, column) in [("rate", "rate"), ("quantity", "quantity"), ("amount", "foreignamount")] {
                assert_eq!(item[field].as_f64(), line[column].as_str().unwrap().parse().ok(), "{field} of {id}");
            }
        }
    }
}

#[tokio::test]
async fn keyset_pages_by_id_and_by_change_time_reach_every_order_once() {
    let sandbox = Sandbox::with(Options { records: 2_500, ..Options::default() }).await;
    let since = "2025-12-01 00:00:00";
    let count = "SELECT COUNT(*) n FROM transaction WHERE type='PurchOrd' AND lastmodifieddate >= TO_TIMESTAMP(?, 'YYYY-MM-DD HH24:MI:SS')";
    let expected: usize = sandbox.rows(count, json!([since])).await[0]["n"].as_str().unwrap().parse().unwrap();
    assert!(expected > 1_200 && expected < 2_500);
    let by_id = "SELECT t.id FROM transaction t WHERE t.type='PurchOrd' \
                 AND t.lastmodifieddate >= TO_TIMESTAMP(?, 'YYYY-MM-DD HH24:MI:SS') AND t.id > ? ORDER BY t.id";
    let (mut seen, mut last) = (Vec::new(), "0".to_owned());
    loop {
        let answer = sandbox.query("?limit=400", by_id, json!([since, last])).await.body;
        assert_eq!(answer["totalResults"], expected - seen.len());
        let ids = answer["items"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned());
        seen.extend(ids);
        if answer["hasMore"] == false {
            break;
        }
        last.clone_from(seen.last().unwrap());
    }
    assert_eq!(seen.len(), expected);
    assert!(seen.windows(2).all(|pair| pair[0].parse::<u64>().unwrap() < pair[1].parse::<u64>().unwrap()));
    let by_time = "SELECT t.id, TO_CHAR(t.lastmodifieddate, 'YYYY-MM-DD HH24:MI:SS') lm FROM transaction t WHERE t.type='PurchOrd' \
                   AND (t.lastmodifieddate > TO_TIMESTAMP(?, 'YYYY-MM-DD HH24:MI:SS') OR (t.lastmodifieddate = \
                   TO_TIMESTAMP(?, 'YYYY-MM-DD HH24:MI:SS') AND t.id > ?)) ORDER BY t.lastmodifieddate, t.id";
    let (mut by_change, mut at, mut id) = (Vec::new(), since.to_owned(), "0".to_owned());
    loop {
        let answer = sandbox.query("?limit=400", by_time, json!([at, at, id])).await.body;
        let rows = answer["items"].as_array().unwrap();
        by_change.extend(rows.iter().map(|row| row["id"].as_str().unwrap().to_owned()));
        if answer["hasMore"] == false {
            break;
        }
        at = rows.last().unwrap()["lm"].as_str().unwrap().to_owned();
        id = rows.last().unwrap()["id"].as_str().unwrap().to_owned();
    }
    by_change.sort();
    seen.sort();
    assert_eq!(by_change, seen);
}

#[tokio::test]
async fn a_million_orders_cost_a_page_no_more_than_its_own_rows() {
    let sandbox = Sandbox::with(Options { records: 1_000_000, ..Options::default() }).await;
    let started = Instant::now();
    let by_id = "SELECT t.id, t.tranid, t.entity FROM transaction t WHERE t.type='PurchOrd' AND t.id > ? ORDER BY t.id";
    let page = sandbox.query("?limit=1000", by_id, json!(["700000"])).await.body;
    assert_eq!(
        (&page["count"], &page["totalResults"], &page["hasMore"]),
        (&json!(1_000), &json!(100_000), &json!(true))
    );
    let ids: Vec<&str> = page["items"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap()).collect();
    let by_list = format!(
        "SELECT l.transaction, l.linesequencenumber n, l.item FROM transactionline l WHERE l.transaction IN ({}) ORDER BY l.transaction, l.linesequencenumber",
        ids.join(",")
    );
    let by_range = "SELECT l.transaction, l.linesequencenumber n, l.item FROM transactionline l WHERE l.transaction >= ? AND l.transaction <= ? ORDER BY l.transaction, l.linesequencenumber";
    let listed = sandbox.query("", &by_list, json!([])).await.body;
    let ranged = sandbox.query("", by_range, json!([ids[0], ids[999]])).await.body;
    assert_eq!(listed["items"], ranged["items"]);
    assert!(listed["totalResults"].as_u64().unwrap() > 3_000);
    // A scan of all orders would take minutes without optimisation.
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
}

#[tokio::test]
async fn no_query_shows_more_than_a_hundred_thousand_rows() {
    let sandbox = Sandbox::with(Options { records: 100_700, ..Options::default() }).await;
    let page = sandbox.query("?limit=1000&offset=99000", "SELECT id FROM transaction", json!([])).await.body;
    assert_eq!(
        (&page["count"], &page["totalResults"], &page["hasMore"]),
        (&json!(1_000), &json!(100_000), &json!(false))
    );
    let beyond = sandbox.query("?limit=1000&offset=100000", "SELECT id FROM transaction", json!([])).await;
    assert_eq!(beyond.error(), "400 INVALID_REQUEST offset");
}
