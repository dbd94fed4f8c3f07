//! A source of rows of a wanted size: it answers the one list that is measured, in the shape of the simulator's answers,
//! and says that all others are empty, and that it has no newer version of the protocol.
//!
//! The simulator's orders are as large as real ones, some 5 KB. How the costs go with the size of a row needs smaller ones
//! too: orders of one line, filled up by a field that is mapped to nothing.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::json;

/// The first order's number.
const FIRST: u64 = 4_500_000_000;
/// No request line or header is longer.
const LONGEST: u64 = 64 << 10;
const EMPTY: &str = r#"{"d":{"results":[]}}"#;

/// What every connection shares.
struct Orders {
    records: u64,
    bytes: usize,
    page: usize,
    /// Path and query of each request, as the simulator's log has them.
    asked: Mutex<Vec<(String, String)>>,
}

/// Answers on a free port until the process ends; tells the address.
pub(super) fn start(records: usize, bytes: usize, page: usize) -> anyhow::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let url = format!("http://{}", listener.local_addr()?);
    let orders = Arc::new(Orders { records: records as u64, bytes, page, asked: Mutex::default() });
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let orders = orders.clone();
            // A client that goes away ends its own conversation only.
            std::thread::spawn(move || orders.converse(stream).ok());
        }
    });
    Ok(url)
}

impl Orders {
    fn converse(&self, mut stream: TcpStream) -> std::io::Result<()> {
        stream.set_nodelay(true)?;
        let mut lines = BufReader::new(stream.try_clone()?);
        while let Some(target) = target(&mut lines)? {
            // Neither version 4 nor a description of fields is offered.
            let missing = target.contains("/odata4/") || target.ends_with("/$metadata");
            let (status, body) =
                if missing { ("404 Not Found", "{}".to_owned()) } else { ("200 OK", self.answer(&target)) };
            let head = format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: ");
            stream.write_all(format!("{head}{}\r\n\r\n", body.len()).as_bytes())?;
            stream.write_all(body.as_bytes())?;
        }
        Ok(())
    }

    fn answer(&self, target: &str) -> String {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        if path == "/_control/requests" {
            let all = asked.iter().map(|(path, query)| json!({"path": path, "query": query}));
            return all.collect::<serde_json::Value>().to_string();
        }
        if !path.ends_with("/A_PurchaseOrder") {
            return EMPTY.to_owned();
        }
        // The first is all that anybody asks the log for.
        if asked.len() < 16 {
            asked.push((path.to_owned(), query.to_owned()));
        }
        drop(asked);
        let number = |text: &str| text.split(|c: char| !c.is_ascii_digit()).next()?.parse::<u64>().ok();
        let after = query.split_once("PurchaseOrder%20gt%20%27").and_then(|(_, rest)| number(rest));
        let top = query.split_once("$top=").and_then(|(_, rest)| number(rest)).unwrap_or(u64::MAX);
        let begin = after.map_or(FIRST, |after| after + 1);
        let end = (FIRST + self.records).min(begin.saturating_add(top.min(self.page as u64)));
        self.list(begin..end)
    }

    fn list(&self, numbers: std::ops::Range<u64>) -> String {
        let mut body = String::from(r#"{"d":{"results":["#);
        for (place, number) in numbers.enumerate() {
            if place > 0 {
                body.push(',');
            }
            self.order(number, &mut body);
        }
        body + "]}}"
    }

    fn order(&self, number: u64, out: &mut String) {
        let start = out.len();
        // Writing to a String cannot fail.
        let _infallible = write!(
            out,
            r#"{{"PurchaseOrder":"{number}","CompanyCode":"1010","Supplier":"{}","DocumentCurrency":"EUR","PurchaseOrderDate":"/Date(1767225600000)/","CreationDate":"/Date(1767225600000)/","LastChangeDateTime":"/Date({}+0000)/","PurchasingGroup":"001","PaymentTerms":"0004","PurchasingProcessingStatus":"05","PurchasingCompletenessStatus":true,"ReleaseIsNotCompleted":false,"PurchasingDocumentDeletionCode":"","to_PurchaseOrderItem":{{"results":[{{"PurchaseOrderItem":"10","Material":"TG{}","PurchaseOrderItemText":"Trading good","OrderQuantity":"{}","PurchaseOrderQuantityUnit":"PC","NetPriceAmount":"12.50","NetPriceQuantity":"1","IsCompletelyDelivered":false,"IsFinallyInvoiced":false,"PurchasingDocumentDeletionCode":"","to_ScheduleLine":{{"results":[{{"ScheduleLineDeliveryDate":"/Date(1769904000000)/"}}]}}}}]}},"Text":""#,
            17_300_000 + number % 1_000,
            1_767_225_600_000 + number % 1_000_000,
            number % 500,
            1 + number % 90,
        );
        let missing = self.bytes.saturating_sub(out.len() - start + 2);
        out.extend(std::iter::repeat_n('x', missing));
        out.push_str("\"}");
    }
}

/// What the next request asks for, or nothing if there is none. Requests have no body.
fn target(lines: &mut BufReader<TcpStream>) -> std::io::Result<Option<String>> {
    use std::io::Read as _;

    let mut line = || -> std::io::Result<String> {
        let mut line = String::new();
        lines.by_ref().take(LONGEST).read_line(&mut line)?;
        Ok(line)
    };
    let first = line()?;
    while line()?.len() > 2 {}
    Ok(first.split(' ').nth(1).map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use super::super::http::Client;
    use super::*;

    #[test]
    fn pages_follow_each_other_to_the_end_and_rows_have_the_wanted_size() {
        let mut client = Client::connect(&start(5, 1_200, 2).unwrap(), "").unwrap();
        let (mut sizes, mut after) = (Vec::new(), String::new());
        for _ in 0..4 {
            let path = format!("/s/A_PurchaseOrder?$orderby=PurchaseOrder&$top=1000{after}");
            let page = client.json("GET", &path, None, 200).unwrap();
            let rows = page["d"]["results"].as_array().unwrap();
            sizes.push(rows.len());
            if let Some(last) = rows.last() {
                assert_eq!(last.to_string().len(), 1_200);
                let key = last["PurchaseOrder"].as_str().unwrap();
                after = format!("&$filter=%28PurchaseOrder%20gt%20%27{key}%27%29");
            }
        }
        assert_eq!(sizes, [2, 2, 1, 0]);
        assert_eq!(client.json("GET", "/s/A_Product?$top=1", None, 200).unwrap(), json!({"d": {"results": []}}));
        client.json("GET", "/sap/opu/odata4/sap/s/PurchaseOrder?$top=1", None, 404).unwrap();
        let log = client.json("GET", "/_control/requests", None, 200).unwrap();
        assert_eq!(log[0]["query"], "$orderby=PurchaseOrder&$top=1000");
    }
}
