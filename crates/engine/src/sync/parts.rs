//! A page in parts: none of them much larger than asked for, and no row apart from another one of the same record.

use std::iter::Peekable;
use std::vec::IntoIter;

use trunnion_model::record::Incoming;

/// What of a page is not stored yet.
pub(super) struct Rows(Peekable<IntoIter<Incoming>>);

impl Rows {
    pub(super) fn new(mut rows: Vec<Incoming>) -> Self {
        // Stable: of the rows of one record, the last one counts. The store writes in this order anyway.
        rows.sort_by_cached_key(|row| row.id.0.as_u128());
        Self(rows.into_iter().peekable())
    }

    pub(super) fn is_empty(&mut self) -> bool {
        self.0.peek().is_none()
    }

    /// The next ones, of `bytes` together or one row more.
    pub(super) fn next(&mut self, bytes: usize) -> Vec<Incoming> {
        let (mut part, mut taken): (Vec<Incoming>, usize) = (Vec::new(), 0);
        while let Some(row) =
            self.0.next_if(|next| taken <= bytes || part.last().is_some_and(|last| last.id == next.id))
        {
            taken += size(&row);
            part.push(row);
        }
        part
    }
}

fn size(row: &Incoming) -> usize {
    row.raw.len() + row.data.len()
}

#[cfg(test)]
mod tests {
    use trunnion_model::ids::RecordId;

    use super::*;

    fn row(id: u128, data: &str) -> Incoming {
        let (id, remote_id) = (RecordId(uuid::Uuid::from_u128(id)), id.to_string());
        Incoming { deleted: false, data: data.to_owned(), raw: String::new(), ..Incoming::gone(id, remote_id) }
    }

    #[test]
    fn parts_are_small_lose_nothing_and_keep_the_rows_of_one_record_together_in_their_order() {
        let told = [(3, "ccc"), (1, "old"), (2, "bbbb"), (1, "new"), (4, "d")];
        let mut rows = Rows::new(told.map(|(id, data)| row(id, data)).to_vec());
        let mut parts = Vec::new();
        while !rows.is_empty() {
            parts.push(rows.next(2).into_iter().map(|row| row.data).collect::<Vec<_>>());
        }
        assert_eq!(parts, [vec!["old", "new"], vec!["bbbb"], vec!["ccc"], vec!["d"]]);
    }

    #[test]
    fn a_page_without_rows_is_one_empty_part() {
        let mut rows = Rows::new(Vec::new());
        assert_eq!(rows.next(2).len(), 0);
        assert!(rows.is_empty());
    }
}
