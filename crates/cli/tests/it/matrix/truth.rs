//! What the system itself says, past our connector: one line of text for each deed, before it and after it.

use serde_json::{Value, json};

use super::deeds::{Deed, Kind, What, line, requisition, vendor};
use super::lab::{Lab, Source};
use crate::tryton::Tryton;

/// A deed to be done, what the source says before it, and what it must say once it is done.
pub(crate) struct Task {
    pub(crate) deed: Deed,
    /// What to ask for.
    pub(crate) about: About,
    pub(crate) before: String,
    pub(crate) after: String,
}

pub(crate) enum About {
    /// How many have this mark.
    Marked(Kind, String),
    Vendor(String),
    Order(String),
    /// By the SKU in the one system, by both ids in the other.
    Stock(String),
}

impl Lab {
    /// Makes what the deed is about, while nothing is cut.
    pub(crate) async fn task(&self, kind: Kind, seed: &str) -> Task {
        let mark = format!("M{seed}");
        let tryton = self.system == "tryton";
        // Where an order takes a text of ours.
        let member = if tryton { "reference" } else { "vendor_reference" };
        let order = async |mark: &str| {
            let vendor = self.made(&Deed::create("vendors", vendor(&format!("Supplier {seed}")))).await;
            let mut body = json!({"vendor_remote_id": vendor, "currency": "USD", "lines": [line("SP-0001", "2"), line("SP-0002", "4")]});
            body[member] = mark.into();
            Deed::create("purchase-orders", body)
        };
        let marked = |deed: Deed| Task {
            deed,
            about: About::Marked(kind, mark.clone()),
            before: "0".to_owned(),
            after: "1".to_owned(),
        };
        match kind {
            Kind::Vendor => marked(Deed::create("vendors", vendor(&mark))),
            Kind::Order => marked(order(&mark).await),
            Kind::Item => {
                let item = json!({"sku": mark, "name": "Cartridge seal", "type": "inventory", "unit": "EA"});
                marked(Deed::create("items", item))
            }
            Kind::Requisition => marked(Deed::create("purchase-requisitions", requisition(self.system, &mark))),
            Kind::Request => marked(Deed::create("service-requests", json!({"title": mark, "type": "M1"}))),
            Kind::Work => {
                marked(Deed::create("work-orders", json!({"title": mark, "type": "YA01", "asset_code": "10000003"})))
            }
            Kind::Reading => {
                let body =
                    json!({"meter_code": "102", "value": "6.25", "read_at": "2024-01-15T08:00:00Z", "read_by": mark});
                marked(Deed::create("meter-readings", body))
            }
            Kind::Receipt => {
                let id = self.made(&order("received").await).await;
                let order = self.record("purchase-orders", &id).await;
                let line =
                    json!({"purchase_order_remote_line_id": order["lines"][0]["remote_line_id"], "quantity": "1"});
                let text = if self.system == "netsuite" { "memo" } else { "delivery_note" };
                let mut body = json!({"purchase_order_remote_id": id, "lines": [line]});
                body[text] = mark.clone().into();
                marked(Deed::create("goods-receipts", body))
            }
            Kind::ChangeVendor | Kind::DeleteVendor | Kind::Inactivate => {
                let id = self.made(&Deed::create("vendors", vendor(&mark))).await;
                let (what, after) = match kind {
                    Kind::ChangeVendor => (What::Update(json!({"name": format!("N{seed}")})), format!("N{seed} true")),
                    Kind::Inactivate => (What::Delete(Some("inactivate")), format!("{mark} false")),
                    _ => (What::Delete(None), "gone".to_owned()),
                };
                let deed = Deed::change("vendors", &id, what);
                Task { deed, about: About::Vendor(id), before: format!("{mark} true"), after }
            }
            Kind::ChangeOrder | Kind::Cancel | Kind::DeleteOrder => {
                let id = self.made(&order(&mark).await).await;
                let (what, after) = match kind {
                    Kind::ChangeOrder if tryton => {
                        (What::Update(json!({"reference": format!("U{seed}")})), format!("U{seed}: 2 4"))
                    }
                    Kind::ChangeOrder => {
                        let lines = json!([{"position": 1, "quantity": "7"}, line("SP-0009", "3")]);
                        let body = json!({"vendor_reference": format!("U{seed}"), "lines": lines});
                        (What::Update(body), format!("U{seed}: 7 4 3"))
                    }
                    Kind::Cancel => (What::Act("cancel"), format!("{mark}: 2x 4x")),
                    // Truly deleted in one system; every line marked as complete in the other.
                    _ if self.system == "netsuite" => (What::Delete(None), "gone".to_owned()),
                    _ => (What::Delete(Some("close")), format!("{mark}: 2x 4x")),
                };
                let deed = Deed::change("purchase-orders", &id, what);
                Task { deed, about: About::Order(id), before: format!("{mark}: 2 4"), after }
            }
            Kind::Adjust => {
                let (id, _) = self.level().await;
                let body = json!({"quantity": "2", "reason": mark});
                marked(Deed::change("inventory-levels", &id, What::Post("adjust", body)))
            }
            Kind::Stock => {
                let (id, sku) = self.level().await;
                let about = About::Stock(if self.system == "sap-s4hana" { sku } else { id.clone() });
                let before = self.look(&about).await;
                let now: f64 = before.parse().expect("a number");
                let after = (now + 3.0).to_string();
                let deed = Deed::change("inventory-levels", &id, What::Update(json!({"on_hand": after})));
                Task { deed, about, before, after }
            }
        }
    }

    /// What the source says about it now.
    pub(crate) async fn look(&self, about: &About) -> String {
        match &self.source {
            Source::Simulator(sim) if self.system == "netsuite" => netsuite(&sim.url, about).await,
            Source::Simulator(sim) => sap(&sim.url, about).await,
            Source::Tryton(tryton) => tryton_says(tryton, &[about]).remove(0),
        }
    }

    /// Whether the source says what the task was to bring about. The real system's own client takes seconds to start, so it is
    /// asked for all at once at the end; but for stock, which other seeds move too.
    pub(crate) async fn check(&self, task: Task, story: &str) -> Result<(), String> {
        if matches!(self.source, Source::Tryton(_)) && !matches!(task.about, About::Stock(_)) {
            self.later.lock().unwrap().push((story.to_owned(), task));
            return Ok(());
        }
        let there = self.look(&task.about).await;
        if there == task.after { Ok(()) } else { Err(differs(&there, &task.after)) }
    }

    /// What is wrong with what was put off.
    pub(crate) async fn look_at_all(&self) -> Vec<String> {
        let Source::Tryton(tryton) = &self.source else { return Vec::new() };
        let all = std::mem::take(&mut *self.later.lock().unwrap());
        let abouts: Vec<&About> = all.iter().map(|(_, task)| &task.about).collect();
        let told = tryton_says(tryton, &abouts).into_iter().zip(&all);
        let wrong = told.filter(|(there, (_, task))| *there != task.after);
        wrong.map(|(there, (story, task))| format!("{story}: {}", differs(&there, &task.after))).collect()
    }
}

fn differs(there: &str, wanted: &str) -> String {
    format!("it succeeded, but the source says `{there}` instead of `{wanted}`")
}

/// By its own client.
fn tryton_says(tryton: &Tryton, abouts: &[&About]) -> Vec<String> {
    let question = |about: &&About| match about {
        About::Marked(Kind::Vendor, mark) => json!(["parties", mark]),
        About::Marked(Kind::Receipt, mark) => json!(["shipments", mark]),
        About::Marked(Kind::Adjust, mark) => json!(["adjustments", mark]),
        About::Marked(Kind::Item, mark) => json!(["products", mark]),
        About::Marked(_, mark) => json!(["purchases", mark]),
        About::Vendor(id) => json!(["party", id]),
        About::Order(id) => json!(["purchase", id]),
        About::Stock(id) => json!(["stock", id]),
    };
    let told = tryton.client("say", &abouts.iter().map(question).collect());
    told.as_array().expect("a list").iter().map(|text| text.as_str().expect("a text").to_owned()).collect()
}

async fn got(request: reqwest::RequestBuilder) -> (u16, Value) {
    let answer = request.send().await.expect("the simulator answers");
    let status = answer.status().as_u16();
    (status, answer.json().await.unwrap_or_default())
}

/// By the services themselves, with a login of its own.
async fn sap(url: &str, about: &About) -> String {
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let user = trunnion_connectors::sap_s4hana::sim::Options::default();
    let ask = async |path: &str, query: &[(&str, &str)]| {
        let request = client.get(format!("{url}/sap/opu/odata/sap/{path}")).query(&[("$format", "json")]).query(query);
        got(request.basic_auth(&user.user, Some(&user.password))).await
    };
    match about {
        About::Marked(Kind::Reading, mark) => {
            let path = "api_measurementdocument/srvd_a2x/sap/measurementdocument/0001/MeasurementDocument";
            let filter = format!("MsmtRdngByUser eq '{mark}'");
            let request = client.get(format!("{url}/sap/opu/odata4/sap/{path}")).query(&[("$filter", filter)]);
            let (status, found) = got(request.basic_auth(&user.user, Some(&user.password))).await;
            assert_eq!(status, 200, "{found}");
            found["value"].as_array().expect("rows").len().to_string()
        }
        About::Marked(kind, mark) => {
            let (path, field) = match kind {
                Kind::Vendor => ("API_BUSINESS_PARTNER/A_BusinessPartner", "OrganizationBPName1"),
                Kind::Order => ("API_PURCHASEORDER_PROCESS_SRV/A_PurchaseOrder", "SupplierQuotationExternalID"),
                Kind::Receipt => ("API_MATERIAL_DOCUMENT_SRV/A_MaterialDocumentHeader", "ReferenceDocument"),
                Kind::Requisition => ("API_PURCHASEREQ_PROCESS_SRV/A_PurchaseRequisitionHeader", "PurReqnDescription"),
                Kind::Request => ("API_MAINTNOTIFICATION/MaintenanceNotification", "NotificationText"),
                _ => ("API_MAINTENANCEORDER;v=2/MaintenanceOrder", "MaintenanceOrderDesc"),
            };
            let (status, found) = ask(path, &[("$filter", &format!("{field} eq '{mark}'"))]).await;
            assert_eq!(status, 200, "{found}");
            found["d"]["results"].as_array().expect("results").len().to_string()
        }
        About::Vendor(id) => {
            let filter = format!("Supplier eq '{id}'");
            let query = [("$expand", "to_Supplier"), ("$filter", filter.as_str())];
            let (status, found) = ask("API_BUSINESS_PARTNER/A_BusinessPartner", &query).await;
            assert_eq!(status, 200, "{found}");
            let found = &found["d"]["results"][0];
            let active = found["to_Supplier"]["PurchasingIsBlocked"] == false;
            format!("{} {active}", found["OrganizationBPName1"].as_str().unwrap_or_default())
        }
        About::Order(id) => {
            let path = format!("API_PURCHASEORDER_PROCESS_SRV/A_PurchaseOrder('{id}')");
            let (_, found) = ask(&path, &[("$expand", "to_PurchaseOrderItem")]).await;
            let lines = found["d"]["to_PurchaseOrderItem"]["results"].as_array().expect("lines");
            let line = |line: &Value| {
                let deleted = line["PurchasingDocumentDeletionCode"].as_str().is_some_and(|code| !code.is_empty());
                let over = deleted || (line["IsCompletelyDelivered"] == true && line["IsFinallyInvoiced"] == true);
                let quantity = line["OrderQuantity"].as_str().unwrap_or_default().trim_end_matches(".000");
                format!(" {quantity}{}", if over { "x" } else { "" })
            };
            let mark = found["d"]["SupplierQuotationExternalID"].as_str().unwrap_or_default();
            format!("{mark}:{}", lines.iter().map(line).collect::<String>())
        }
        About::Stock(sku) => {
            let filter = format!("Material eq '{sku}' and Plant eq '1010' and StorageLocation eq '101A'");
            let (status, found) = ask("API_MATERIAL_STOCK_SRV/A_MatlStkInAcctMod", &[("$filter", &filter)]).await;
            assert_eq!(status, 200, "{found}");
            let rows = found["d"]["results"].as_array().expect("results");
            let free = rows.iter().filter(|row| row["InventoryStockType"] == "01");
            let each = free.map(|row| row["MatlWrhsStkQtyInMatlBaseUnit"].as_str().unwrap_or("0").parse::<f64>());
            each.map(|one| one.expect("a number")).sum::<f64>().to_string()
        }
    }
}

/// By the simulator's own SuiteQL, past its login.
async fn netsuite(url: &str, about: &About) -> String {
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    let ask = async |query: String| {
        let request = client.post(format!("{url}/_control/suiteql")).header("prefer", "transient");
        let (status, mut found) = got(request.json(&json!({"q": query}))).await;
        assert_eq!(status, 200, "{query}: {found}");
        found["items"].take().as_array().expect("items").clone()
    };
    match about {
        About::Marked(kind, mark) => {
            let query = match kind {
                Kind::Vendor => format!("SELECT id FROM vendor WHERE companyname = '{mark}'"),
                Kind::Requisition => format!("SELECT id FROM transaction WHERE type = 'PurchReq' AND memo = '{mark}'"),
                Kind::Order => format!("SELECT id FROM transaction WHERE type = 'PurchOrd' AND otherrefnum = '{mark}'"),
                _ => format!("SELECT id FROM transaction WHERE type = 'ItemRcpt' AND memo = '{mark}'"),
            };
            ask(query).await.len().to_string()
        }
        About::Vendor(id) => {
            match ask(format!("SELECT companyname, isinactive FROM vendor WHERE id = {id}")).await.first() {
                None => "gone".to_owned(),
                Some(found) => {
                    format!("{} {}", found["companyname"].as_str().unwrap_or_default(), found["isinactive"] == "F")
                }
            }
        }
        About::Order(id) => {
            let order = ask(format!("SELECT otherrefnum FROM transaction WHERE id = {id}")).await;
            let Some(order) = order.first() else { return "gone".to_owned() };
            let lines = format!(
                "SELECT quantity, isclosed FROM transactionline WHERE transaction = {id} AND mainline = 'F' AND taxline = 'F' ORDER BY linesequencenumber"
            );
            let line = |line: &Value| {
                let over = if line["isclosed"] == "T" { "x" } else { "" };
                format!(" {}{over}", line["quantity"].as_str().unwrap_or_default())
            };
            let lines: String = ask(lines).await.iter().map(line).collect();
            format!("{}:{lines}", order["otherrefnum"].as_str().unwrap_or_default())
        }
        About::Stock(id) => {
            let (item, location) = id.split_once([',', '/', ':', '|']).expect("two ids");
            let query = format!(
                "SELECT quantityonhand FROM inventoryitemlocations WHERE item = {item} AND location = {location}"
            );
            let found = ask(query).await;
            found[0]["quantityonhand"].as_str().expect("a number").to_owned()
        }
    }
}
