//! Measuring points and what is read at them: version 4 of the protocol only, floats as numbers, counters that go on.

use serde_json::json;

use super::*;

const POINTS: &str = "/sap/opu/odata4/sap/api_measuringpoint/srvd_a2x/sap/measuringpoint/0001";
const DOCUMENTS: &str = "/sap/opu/odata4/sap/api_measurementdocument/srvd_a2x/sap/measurementdocument/0001";

impl Bench {
    async fn asked(&self, service: &str, rest: &str) -> Answer {
        self.send("GET", &format!("{service}/{rest}"), &[], None).await
    }

    async fn measured(&self, body: &Json) -> Answer {
        let token = [("x-csrf-token", self.token.as_str())];
        self.send("POST", &format!("{DOCUMENTS}/MeasurementDocument"), &token, Some(body)).await
    }
}

/// The last document of a point that was not taken back.
async fn last(bench: &Bench, point: &str) -> Json {
    let query =
        format!("MeasurementDocument?$filter=MeasuringPoint%20eq%20'{point}'&$orderby=MsmtRdngDate%20desc&$top=1");
    bench.asked(DOCUMENTS, &query).await.json()["value"][0].clone()
}

fn texts(answer: &Answer) -> Vec<String> {
    assert_eq!(answer.status, 400, "{}", answer.body);
    let json = answer.json();
    json["error"]["details"].as_array().unwrap().iter().map(|one| one["message"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn points_and_documents_are_at_addresses_of_version_4_only() {
    let bench = Bench::start(1).await;
    let points = bench.asked(POINTS, "MeasuringPoint?$count=true").await.json();
    assert_eq!((&points["@odata.count"], points["value"].as_array().unwrap().len()), (&json!(18), 18));
    let one = bench.asked(POINTS, "MeasuringPoint('104')").await.json();
    assert_eq!(one["Equipment"], "10000004");
    assert_eq!(one["CounterOverflowRdngThreshold"].as_f64(), Some(36_000_000.0), "{one}");
    assert_eq!((&one["MeasuringPointDecimalPlaces"], &one["LastChangeDate"]), (&json!(1), &Json::Null));
    for service_name in ["API_MEASURINGPOINT", "API_MEASUREMENTDOCUMENT"] {
        assert_eq!(bench.get(service_name, "").await.status, 404);
    }
    let other = bench.asked(POINTS, "MeasurementDocument").await;
    assert_eq!(
        (
            other.status,
            other.json()["error"]["innererror"]["ErrorDetails"]["@SAP__common.Application"]["ServiceId"].clone()
        ),
        (404, json!("MEASURINGPOINT"))
    );
}

#[tokio::test]
async fn a_float_is_a_number_whatever_is_asked_of_decimals_and_a_large_one_has_an_exponent() {
    let bench = Bench::start(1).await;
    let accept = [("accept", "application/json;IEEE754Compatible=true")];
    let answer = bench.send("GET", &format!("{DOCUMENTS}/MeasurementDocument('10001')"), &accept, None).await;
    assert!(answer.body.contains("\"MeasurementReadingInEntryUoM\":4200,"), "{}", answer.body);
    assert!(answer.body.contains("\"MeasurementCounterReading\":1.512E7,"), "{}", answer.body);
}

#[tokio::test]
async fn a_counter_goes_on_and_its_difference_and_total_are_worked_out_in_the_si_unit() {
    let bench = Bench::logged_on(1).await;
    let before = last(&bench, "101").await;
    let value = before["MeasurementReadingInEntryUoM"].as_f64().unwrap() + 1.5;
    let body =
        json!({"MeasuringPoint": "101", "MeasurementReadingInEntryUoM": value, "MeasurementDocumentText": "By hand"});
    let answer = bench.measured(&body).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    let made = answer.json();
    assert_eq!((&made["MeasurementReadingEntryUoM"], &made["MsmtDocumentSIUnitOfMeasure"]), (&json!("H"), &json!("S")));
    assert_eq!(made["MsmtCounterReadingDifference"], json!(5_400));
    assert_eq!((&made["MsmtRdngDate"], &made["MsmtRdngByUser"]), (&json!("2026-03-02"), &json!("TRUNNION")));
    assert_eq!(made["MeasurementReadingDateTime"], "2026-03-02T09:30:00Z");
    let key = made["MeasurementDocument"].as_str().unwrap();
    let kept = bench.asked(DOCUMENTS, &format!("MeasurementDocument('{key}')")).await.json();
    assert_eq!(kept["MeasurementDocumentText"], "By hand");

    let backwards = json!({"MeasuringPoint": "101", "MeasurementReadingInEntryUoM": value - 0.5});
    assert_eq!(
        texts(&bench.measured(&backwards).await),
        ["The counter reading of 101 does not go on from the one before"]
    );
    // What is taken back counts no more.
    assert_eq!(bench.control(&format!("reverse_measurement?id={key}")).await, 204);
    assert_eq!(bench.measured(&backwards).await.status, 201);
    // And where the counter overflows, a lower reading is one of the next turn.
    let over = bench.measured(&json!({"MeasuringPoint": "104", "MeasurementReadingInEntryUoM": 12})).await.json();
    let of_last_turn = 10_000.0 - (4_200.0 + 5.0 * 168.0);
    assert_eq!(over["MsmtCounterReadingDifference"].as_f64(), Some((of_last_turn + 12.0) * 3_600.0));
}

#[tokio::test]
async fn a_reading_in_another_unit_of_the_dimension_is_converted_and_one_of_another_dimension_refused() {
    let bench = Bench::logged_on(1).await;
    let of = |unit: &str, value: f64| json!({"MeasuringPoint": "103", "MeasurementReadingInEntryUoM": value, "MeasurementReadingEntryUoM": unit});
    let made = bench.measured(&of("GC", 61.5)).await.json();
    assert_eq!((&made["MeasurementReading"], &made["MsmtDocumentSIUnitOfMeasure"]), (&json!(334.65), &json!("K")));
    assert_eq!(texts(&bench.measured(&of("BAR", 2.0)).await), ["Unit BAR cannot be converted into K"]);
}

#[tokio::test]
async fn what_is_no_reading_is_refused_and_nothing_is_stored() {
    let bench = Bench::logged_on(1).await;
    let count = async || bench.asked(DOCUMENTS, "MeasurementDocument/$count").await.body;
    let before = count().await;
    for (body, said) in [
        (json!({"MeasurementReadingInEntryUoM": 1}), "Enter a measuring point"),
        (json!({"MeasuringPoint": "999", "MeasurementReadingInEntryUoM": 1}), "Measuring point 999 does not exist"),
        (json!({"MeasuringPoint": "115", "MeasurementReadingInEntryUoM": 1}), "Measuring point 115 is inactive"),
        (
            json!({"MeasuringPoint": "102", "MeasurementReadingInEntryUoM": 7, "MsmtRdngDate": "2026-03-02", "MsmtRdngTime": "09:30:01"}),
            "The measurement date and time are in the future",
        ),
        (
            json!({"MeasuringPoint": "102", "MeasurementReadingInEntryUoM": 7, "MsmtValuationCode": "GOOD"}),
            "Valuation code GOOD is not in the code group of 102",
        ),
    ] {
        assert_eq!(texts(&bench.measured(&body).await), [said], "{body}");
    }
    let as_text = bench.measured(&json!({"MeasuringPoint": "102", "MeasurementReadingInEntryUoM": "7"})).await;
    assert_eq!(as_text.status, 400, "a float is no text: {}", as_text.body);
    let unknown = bench.measured(&json!({"MeasuringPoint": "102", "Reading": 7})).await;
    assert!(
        unknown.body.contains("Property 'Reading' is invalid for type MeasurementDocumentType"),
        "{}",
        unknown.body
    );
    let tokenless = bench
        .send("POST", &format!("{DOCUMENTS}/MeasurementDocument"), &[], Some(&json!({"MeasuringPoint": "102"})))
        .await;
    assert_eq!(tokenless.status, 403);
    assert_eq!(count().await, before);
}
