//! Purchase orders made on demand: order `i` is worked out from the seed and `i` alone, so a million of them cost no
//! memory.
//!
//! Creation times rise evenly with the number over the last 180 days, and a change follows its creation by at most
//! [`MAX_LAG`]; that is why a range of change times is also a range of numbers.

use super::random::Stream;
use crate::sap_s4hana::sim::node::Node;
use crate::sap_s4hana::sim::org;
use crate::sap_s4hana::sim::schema::{Entity, Family};
use crate::sap_s4hana::sim::stamp::{TICKS_PER_DAY, TICKS_PER_SECOND, day_of};
use crate::sap_s4hana::sim::value::Value;

/// The internal number range starts here.
pub(in super::super) const FIRST_ORDER: u64 = 4_500_000_000;

const SPAN: i64 = 180 * TICKS_PER_DAY;
const MAX_LAG: i64 = 20 * TICKS_PER_DAY;

/// What an order has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    Released,
    InRelease,
    Rejected,
    Held,
    OneItemDeleted,
    AllItemsDeleted,
    Delivered,
    Invoiced,
}

/// Twenty-five orders in a row show every state.
const STATES: [State; 25] = {
    use State::{AllItemsDeleted, Delivered, Held, InRelease, Invoiced, OneItemDeleted, Open, Rejected, Released};
    [
        Open,
        Delivered,
        Open,
        InRelease,
        Invoiced,
        Open,
        Released,
        Open,
        OneItemDeleted,
        Open,
        Invoiced,
        Open,
        Delivered,
        Rejected,
        Open,
        Released,
        Open,
        AllItemsDeleted,
        Open,
        InRelease,
        Invoiced,
        Open,
        Delivered,
        Held,
        Open,
    ]
};

const ITEM_NUMBERS: [&str; 5] = ["00010", "00020", "00030", "00040", "00050"];

#[derive(Clone)]
struct Supplier {
    number: String,
    terms: String,
    incoterms: String,
}

#[derive(Clone)]
struct Material {
    number: String,
    text: String,
    unit: String,
    group: String,
    /// By plant, in the order of the customizing: price in thousandths and price unit, if the plant has it.
    prices: [Option<(i64, i64)>; 3],
}

/// Makes orders.
#[derive(Clone)]
pub(in super::super) struct OrderSeed {
    seed: u64,
    records: u64,
    start: i64,
    step: i64,
    user: String,
    suppliers: [Vec<Supplier>; 2],
    materials: Vec<Material>,
    /// The materials of each plant.
    in_plant: [Vec<usize>; 3],
    columns: HeaderColumns,
    item: ItemColumns,
    line: LineColumns,
}

macro_rules! columns {
    ($name:ident of $set:literal { $($field:ident = $property:literal),* $(,)? }) => {
        /// The columns that a seeded row fills.
        #[derive(Clone, Debug)]
        pub(in super::super) struct $name {
            pub(in super::super) entity: &'static Entity,
            $(pub(in super::super) $field: usize),*
        }

        impl $name {
            pub(in super::super) fn new() -> Self {
                let entity = Family::Orders.service().entity($set).unwrap_or_else(|| unreachable!("{}", $set));
                Self { entity, $($field: entity.own_column($property)),* }
            }
        }
    };
}

columns!(HeaderColumns of "A_PurchaseOrder" {
    number = "PurchaseOrder", company = "CompanyCode", kind = "PurchaseOrderType",
    status = "PurchasingProcessingStatus", user = "CreatedByUser", created = "CreationDate",
    changed = "LastChangeDateTime", supplier = "Supplier", subtype = "PurchaseOrderSubtype", language = "Language",
    terms = "PaymentTerms", net_days = "NetPaymentDays", organization = "PurchasingOrganization",
    origin = "PurchasingDocumentOrigin", group = "PurchasingGroup", ordered = "PurchaseOrderDate",
    currency = "DocumentCurrency", rate = "ExchangeRate", incoterms = "IncotermsClassification",
    place = "IncotermsLocation1", reference = "CorrespncExternalReference", invoicing = "InvoicingParty",
    in_release = "ReleaseIsNotCompleted", held = "PurchasingCompletenessStatus", cost_object = "YY1_CostObject_PDH",
});

columns!(ItemColumns of "A_PurchaseOrderItem" {
    number = "PurchaseOrder", item = "PurchaseOrderItem", deleted = "PurchasingDocumentDeletionCode",
    text = "PurchaseOrderItemText", plant = "Plant", location = "StorageLocation", group = "MaterialGroup",
    quantity = "OrderQuantity", unit = "PurchaseOrderQuantityUnit", price_unit = "OrderPriceUnit",
    numerator = "OrderPriceUnitToOrderUnitNmrtr", denominator = "OrdPriceUnitToOrderUnitDnmntr",
    currency = "DocumentCurrency", price = "NetPriceAmount", per = "NetPriceQuantity", tax = "TaxCode",
    delivered = "IsCompletelyDelivered", invoiced = "IsFinallyInvoiced", category = "PurchaseOrderItemCategory",
    account = "AccountAssignmentCategory", receipt = "GoodsReceiptIsExpected", invoice = "InvoiceIsExpected",
    receipt_based = "InvoiceIsGoodsReceiptBased", material = "Material", product_type = "ProductType",
    machine = "YY1_Machine_PDI",
    requisition = "PurchaseRequisition", requisition_item = "PurchaseRequisitionItem",
});

columns!(LineColumns of "A_PurchaseOrderScheduleLine" {
    number = "PurchasingDocument", item = "PurchasingDocumentItem", line = "ScheduleLine",
    category = "DelivDateCategory", date = "ScheduleLineDeliveryDate", unit = "PurchaseOrderQuantityUnit",
    quantity = "ScheduleLineOrderQuantity", time = "ScheduleLineDeliveryTime", statistical = "SchedLineStscDeliveryDate",
});

impl OrderSeed {
    pub(in super::super) fn new(
        seed: u64,
        records: u64,
        start: i64,
        user: &str,
        partners: &[Node],
        products: &[Node],
    ) -> Self {
        let active = products.iter().filter(|product| !product.flag("IsMarkedForDeletion"));
        let materials: Vec<Material> = active.map(material).collect();
        let in_plant =
            [0, 1, 2].map(|plant| (0..materials.len()).filter(|&at| materials[at].prices[plant].is_some()).collect());
        Self {
            seed,
            records,
            start,
            step: SPAN / i64::try_from(records.max(1)).unwrap_or(i64::MAX),
            user: user.to_owned(),
            suppliers: org::COMPANIES.map(|(organization, ..)| suppliers(partners, organization)),
            materials,
            in_plant,
            columns: HeaderColumns::new(),
            item: ItemColumns::new(),
            line: LineColumns::new(),
        }
    }

    pub(in super::super) fn records(&self) -> u64 {
        self.records
    }

    fn created(&self, index: u64) -> i64 {
        self.start - SPAN + self.step * i64::try_from(index).unwrap_or(0)
    }

    /// When order `index` was changed last; the cheap question that every incremental read asks of every order.
    pub(in super::super) fn changed(&self, index: u64) -> i64 {
        let created = self.created(index);
        let mut random = Stream::new(self.seed, 4, index);
        // Most orders are saved once, many are changed within days, some within weeks.
        let bound = match random.next() % 10 {
            0..4 => 5 * TICKS_PER_SECOND,
            4..8 => 5 * TICKS_PER_DAY,
            _ => MAX_LAG,
        };
        created + random.within(bound.min(self.start - created).max(1))
    }

    /// The orders that may have changed at `from` or later start here.
    pub(in super::super) fn first_changed_from(&self, from: i64) -> u64 {
        self.count_before(from.saturating_sub(MAX_LAG))
    }

    /// The orders that may have changed at `to` or earlier end before this.
    pub(in super::super) fn end_changed_to(&self, to: i64) -> u64 {
        self.count_before(to.saturating_add(1))
    }

    /// How many orders were created before `time`.
    fn count_before(&self, time: i64) -> u64 {
        let since = time.saturating_sub(self.start - SPAN);
        if since <= 0 {
            return 0;
        }
        let count = (since - 1) / self.step.max(1) + 1;
        u64::try_from(count).unwrap_or(0).min(self.records)
    }

    fn state(&self, index: u64) -> State {
        let cycle = (index + self.seed) % STATES.len() as u64;
        STATES[usize::try_from(cycle).unwrap_or(0)]
    }

    /// The row of the header alone.
    pub(in super::super) fn header(&self, index: u64) -> Vec<Value> {
        self.start_of(index).0
    }

    /// The header's row, and the random stream at the point where its items begin.
    fn start_of(&self, index: u64) -> (Vec<Value>, Draft) {
        let mut random = Stream::new(self.seed, 3, index);
        let which = random.below(2);
        let (company, home_currency, _) = org::COMPANIES[which];
        let c = &self.columns;
        let state = self.state(index);
        let created = self.created(index);
        let foreign = random.below(40) == 0;
        let currency = if foreign { "JPY" } else { home_currency };
        let mut row = vec![Value::Initial; c.entity.properties.len()];
        let number = (FIRST_ORDER + index).to_string();
        row[c.number] = Value::text(number.clone());
        row[c.company] = Value::text(company);
        row[c.kind] = Value::text("NB");
        row[c.status] = Value::text(match state {
            State::InRelease => "03",
            State::Released => "05",
            State::Rejected => "08",
            State::Held => "01",
            _ => "02",
        });
        row[c.user] = Value::text(self.user.clone());
        row[c.created] = Value::Ticks(day_of(created));
        row[c.changed] = Value::Ticks(self.changed(index));
        row[c.ordered] = Value::Ticks(day_of(created));
        row[c.subtype] = Value::text("F");
        row[c.language] = Value::text("EN");
        row[c.organization] = Value::text(company);
        row[c.group] = Value::text(random.pick(&org::PURCHASING_GROUPS));
        row[c.origin] = Value::text("9");
        row[c.currency] = Value::text(currency);
        row[c.rate] = Value::text(if foreign { "0.00620" } else { "1.00000" });
        if let Some(supplier) = self.suppliers[which].get(random.below(self.suppliers[which].len())) {
            row[c.supplier] = Value::text(supplier.number.clone());
            row[c.invoicing] = Value::text(supplier.number.clone());
            row[c.terms] = Value::text(supplier.terms.clone());
            row[c.incoterms] = Value::text(supplier.incoterms.clone());
            row[c.place] = Value::text(if which == 0 { "Bochum" } else { "Cleveland" });
        }
        row[c.net_days] = Value::number(30, 0);
        if random.below(3) == 0 {
            row[c.reference] = Value::text(format!("REF-{:07}", random.within(9_999_999)));
        }
        if index.is_multiple_of(4) {
            row[c.cost_object] = Value::text(format!("CO-{:04}", index % 1_000));
        }
        if state == State::InRelease {
            row[c.in_release] = Value::Bool(true);
        }
        if state == State::Held {
            row[c.held] = Value::Bool(true);
        }
        let requisition = super::purchasing::requisition_of(index);
        (row, Draft { random, which, state, created, number, currency, foreign, requisition })
    }

    /// The whole order.
    pub(in super::super) fn order(&self, index: u64) -> Node {
        let (values, mut draft) = self.start_of(index);
        let mut order = Node { entity: self.columns.entity, values, children: vec![Vec::new(), Vec::new()] };
        let count = 1 + draft.random.below(5);
        order.children[0].reserve(count);
        for at in 0..count {
            let item = self.make_item(at, count, &mut draft);
            order.children[0].push(item);
        }
        if draft.random.below(5) == 0 {
            let note = note(&draft.number);
            order.children_mut("to_PurchaseOrderNote").push(note);
        }
        order
    }

    fn make_item(&self, at: usize, count: usize, draft: &mut Draft) -> Node {
        let i = &self.item;
        let mut node = Node::new(i.entity);
        let plants: &[usize] = if draft.which == 0 { &[0, 1] } else { &[2] };
        let plant_at = draft.random.pick(plants);
        let plant = org::PLANTS[plant_at].0;
        let row = &mut node.values;
        row[i.number] = Value::text(draft.number.clone());
        row[i.item] = Value::text(ITEM_NUMBERS[at]);
        row[i.plant] = Value::text(plant);
        let (_, location) = org::STORAGE_LOCATIONS[plant_at * 2 + draft.random.below(2)];
        if let Some(requisition) = &draft.requisition {
            row[i.requisition] = Value::text(requisition.clone());
            row[i.requisition_item] = Value::text(ITEM_NUMBERS[at]);
        }
        row[i.category] = Value::text("0");
        if at == 0 {
            row[i.machine] = Value::text(format!("PRESS-{plant}"));
        }
        row[i.product_type] = Value::text("1");
        row[i.currency] = Value::text(draft.currency);
        row[i.tax] = Value::text("V1");
        for flag in [i.receipt, i.invoice, i.receipt_based] {
            row[flag] = Value::Bool(true);
        }
        row[i.numerator] = Value::number(1, 0);
        row[i.denominator] = Value::number(1, 0);
        let here = &self.in_plant[plant_at];
        let material = here.get(draft.random.below(here.len())).and_then(|&at| self.materials.get(at));
        let priced = material.and_then(|material| material.prices[plant_at].map(|price| (material, price)));
        let is_text = draft.random.below(10) == 0;
        let (unit, price, per) = match priced {
            Some((material, (price, per))) if !is_text => {
                row[i.material] = Value::text(material.number.clone());
                row[i.text] = Value::text(material.text.clone());
                row[i.group] = Value::text(material.group.clone());
                row[i.location] = Value::text(location);
                (material.unit.clone(), price, per)
            }
            _ => {
                row[i.text] = Value::text("Calibration of measuring equipment");
                row[i.group] = Value::text("S001");
                row[i.account] = Value::text("K");
                ("AU".to_owned(), 250_000, 1)
            }
        };
        row[i.price] = Value::number(draft.price(price), 3);
        row[i.per] = Value::number(per, 0);
        let quantity = (1 + draft.random.within(200)) * if per == 100 { 100_000 } else { 1_000 };
        row[i.quantity] = Value::number(quantity, 3);
        row[i.price_unit] = Value::text(unit.clone());
        row[i.unit] = Value::text(unit.clone());
        let deleted = match draft.state {
            State::AllItemsDeleted => true,
            State::OneItemDeleted => at + 1 == count && count > 1,
            _ => false,
        };
        if deleted {
            row[i.deleted] = Value::text("L");
        }
        if matches!(draft.state, State::Delivered | State::Invoiced) {
            row[i.delivered] = Value::Bool(true);
        }
        if draft.state == State::Invoiced {
            row[i.invoiced] = Value::Bool(true);
        }
        if row[i.account] != Value::Initial {
            let account = account(ITEM_NUMBERS[at], quantity, draft);
            node.children_mut("to_AccountAssignment").push(account);
        }
        let delivery = day_of(draft.created) + (7 + draft.random.within(38)) * TICKS_PER_DAY;
        // Every sixth item comes in two deliveries.
        let parts = if draft.random.below(6) == 0 && quantity >= 2_000 { 2 } else { 1 };
        let first = if parts == 2 { quantity / 2_000 * 1_000 } else { quantity };
        for part in 0..parts {
            let part_quantity = if part == 0 { first } else { quantity - first };
            let day = delivery + i64::from(part) * 14 * TICKS_PER_DAY;
            let line = self.make_line(&draft.number, ITEM_NUMBERS[at], part, day, part_quantity, &unit);
            node.children_mut("to_ScheduleLine").push(line);
        }
        node
    }

    fn make_line(&self, number: &str, item: &'static str, part: i32, day: i64, quantity: i64, unit: &str) -> Node {
        let l = &self.line;
        let mut node = Node::new(l.entity);
        let row = &mut node.values;
        row[l.number] = Value::text(number.to_owned());
        row[l.item] = Value::text(item);
        row[l.line] = Value::text(if part == 0 { "0001" } else { "0002" });
        row[l.category] = Value::text("1");
        row[l.date] = Value::Ticks(day);
        row[l.statistical] = Value::Ticks(day);
        row[l.time] = Value::Time(0);
        row[l.unit] = Value::text(unit.to_owned());
        row[l.quantity] = Value::number(quantity, 3);
        node
    }
}

struct Draft {
    random: Stream,
    which: usize,
    state: State,
    created: i64,
    number: String,
    currency: &'static str,
    foreign: bool,
    requisition: Option<String>,
}

impl Draft {
    /// A price near the material's, in whole cents or whole yen.
    fn price(&mut self, price: i64) -> i64 {
        let near = price * (950 + self.random.within(101)) / 1_000;
        if self.foreign { (near / 1_000 + 1) * 160_000 } else { (near / 10).max(1) * 10 }
    }
}

fn account(item: &'static str, quantity: i64, draft: &mut Draft) -> Node {
    let set = "A_PurOrdAccountAssignment";
    let entity = Family::Orders.service().entity(set).unwrap_or_else(|| unreachable!("{set}"));
    let mut node = Node::new(entity);
    node.set_text("PurchaseOrder", draft.number.clone());
    node.set_text("PurchaseOrderItem", item);
    node.set_text("AccountAssignmentNumber", "01");
    node.set_text("PurchaseOrderQuantityUnit", "AU");
    node.set("Quantity", Value::number(quantity, 3));
    node.set_text("DocumentCurrency", draft.currency);
    node.set_text("GLAccount", "61008000");
    node.set_text("CostCenter", format!("10101{:03}", 301 + draft.random.below(40)));
    node.set_text("ControllingArea", "A000");
    node
}

fn note(number: &str) -> Node {
    let set = "A_PurchaseOrderNote";
    let entity = Family::Orders.service().entity(set).unwrap_or_else(|| unreachable!("{set}"));
    let mut node = Node::new(entity);
    node.set_text("PurchaseOrder", number.to_owned());
    node.set_text("TextObjectType", "F01");
    node.set_text("Language", "EN");
    node.set_text("PlainLongText", "Please confirm the delivery date in writing.");
    node
}

fn suppliers(partners: &[Node], organization: &str) -> Vec<Supplier> {
    let all = partners.iter().flat_map(|partner| partner.children("to_Supplier"));
    let active = all.filter(|supplier| {
        !["PurchasingIsBlocked", "PostingIsBlocked", "DeletionIndicator"].iter().any(|block| supplier.flag(block))
    });
    let rows = active.flat_map(|supplier| supplier.children("to_SupplierPurchasingOrg"));
    rows.filter(|row| row.text("PurchasingOrganization") == organization)
        .map(|row| Supplier {
            number: row.text("Supplier").to_owned(),
            terms: row.text("PaymentTerms").to_owned(),
            incoterms: row.text("IncotermsClassification").to_owned(),
        })
        .collect()
}

fn material(product: &Node) -> Material {
    let text = product.children("to_Description").iter().find(|row| row.text("Language") == "EN");
    let price_in = |plant: &str| {
        let row = product.children("to_Valuation").iter().find(|row| row.text("ValuationArea") == plant)?;
        match (row.get("MovingAveragePrice"), row.get("PriceUnitQty")) {
            (Value::Number(price), Value::Number(per)) => Some((price.units, per.units)),
            _ => None,
        }
    };
    Material {
        number: product.text("Product").to_owned(),
        text: text.map_or("", |row| row.text("ProductDescription")).to_owned(),
        unit: product.text("BaseUnit").to_owned(),
        group: product.text("ProductGroup").to_owned(),
        prices: org::PLANTS.map(|(plant, _)| price_in(plant)),
    }
}
