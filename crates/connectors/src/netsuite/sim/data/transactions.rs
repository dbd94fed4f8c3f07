//! The kinds of transactions: they share one table and one space of ids, in which each has a range of its own.

use super::order::STATUSES;
use super::purchasing::{BILL_STATUSES, REQUISITION_STATUSES};
use super::schema::Family;

/// One kind.
#[derive(Debug)]
pub(in super::super) struct Transactions {
    pub family: Family,
    /// Its ids begin here and end where the next kind's begin.
    pub first: u64,
    /// `transaction.type`, `transaction.recordtype`, and what people call it.
    pub code: &'static str,
    pub record_type: &'static str,
    pub label: &'static str,
    pub statuses: &'static [(&'static str, &'static str)],
}

/// In the order of their ids. Orders are computed; the others are kept.
pub(in super::super) static KINDS: [Transactions; 4] = [
    kind(Family::PurchaseOrder, 0, ("PurchOrd", "purchaseorder", "Purchase Order"), STATUSES),
    kind(Family::Receipt, 50_000_000, ("ItemRcpt", "itemreceipt", "Item Receipt"), &[]),
    kind(Family::Requisition, 60_000_000, ("PurchReq", "purchaserequisition", "Requisition"), REQUISITION_STATUSES),
    kind(Family::Bill, 70_000_000, ("VendBill", "vendorbill", "Bill"), BILL_STATUSES),
];

const fn kind(
    family: Family,
    first: u64,
    (code, record_type, label): (&'static str, &'static str, &'static str),
    statuses: &'static [(&'static str, &'static str)],
) -> Transactions {
    Transactions { family, first, code, record_type, label, statuses }
}

impl Transactions {
    /// The kind of the transaction with that id.
    pub(in super::super) fn of(id: u64) -> &'static Self {
        KINDS.iter().rev().find(|kind| kind.first <= id).unwrap_or(&KINDS[0])
    }

    /// Its first and its last id, by the code or the record type.
    pub(in super::super) fn range(name: &str) -> Option<(u64, u64)> {
        let at = KINDS.iter().position(|kind| kind.code == name || kind.record_type == name)?;
        Some((KINDS[at].first, KINDS.get(at + 1).map_or(u64::MAX, |next| next.first - 1)))
    }

    pub(in super::super) fn first_of(family: Family) -> u64 {
        KINDS.iter().find(|kind| kind.family == family).map_or(1, |kind| kind.first)
    }

    pub(in super::super) fn status_label(&self, letter: &str) -> &'static str {
        self.statuses.iter().find(|(id, _)| *id == letter).map_or("Undefined", |(_, label)| label)
    }
}
