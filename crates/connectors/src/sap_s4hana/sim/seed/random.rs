//! Repeatable randomness: every row has its own stream, so that any row can be made without the ones before it.

/// SplitMix64, started from a seed, a table and a row.
#[derive(Clone, Debug)]
pub(super) struct Stream(u64);

impl Stream {
    pub(super) fn new(seed: u64, table: u64, row: u64) -> Self {
        let mut stream = Self(seed ^ table.wrapping_mul(0xA24B_AED4_963E_E407));
        stream.0 = stream.next() ^ row.wrapping_mul(0x9FB2_1C65_1E98_DF25);
        stream
    }

    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to, not including, `bound` (at least 1).
    pub(super) fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(bound.max(1)).unwrap_or(1)).unwrap_or(0)
    }

    /// The same for a length of time or an amount.
    pub(super) fn within(&mut self, bound: i64) -> i64 {
        i64::try_from(self.next() % u64::try_from(bound.max(1)).unwrap_or(1)).unwrap_or(0)
    }

    pub(super) fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }
}
