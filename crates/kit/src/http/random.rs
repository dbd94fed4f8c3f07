//! Randomness for jitter, nonces and token ids: unique and evenly spread, not secret, and repeatable from a seed.
//!
//! Nothing that has to be unguessable is made here; keys and tokens of our own come from the operating system.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::Error;

const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/// SplitMix64 behind an atomic counter; clones share the sequence.
#[derive(Clone, Debug)]
pub struct Random(Arc<AtomicU64>);

impl Random {
    /// Seeded once from the operating system, so that two processes do not share their nonces.
    pub fn system() -> Result<Self, Error> {
        let seed = getrandom::u64().map_err(|error| Error::Unexpected(format!("no randomness here: {error}")))?;
        Ok(Self::seeded(seed))
    }

    pub fn seeded(seed: u64) -> Self {
        Self(Arc::new(AtomicU64::new(seed)))
    }

    pub fn next(&self) -> u64 {
        const STEP: u64 = 0x9E37_79B9_7F4A_7C15;
        let mut z = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A text of letters and digits, for a nonce or a token id.
    pub fn text(&self, length: usize) -> String {
        (0..length).map(|_| char::from(ALPHABET[(self.next() % 62) as usize])).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_its_sequence_and_clones_share_one() {
        // The first two values of SplitMix64 from seed 0, as its author's reference program prints them.
        let random = Random::seeded(0);
        assert_eq!(random.next(), 0xE220_A839_7B1D_CDAF);
        assert_eq!(random.clone().next(), 0x6E78_9E6A_A1B9_65F4);
        assert_eq!(Random::seeded(7).text(20), Random::seeded(7).text(20));
        assert_ne!(random.text(20), random.text(20));
    }
}
