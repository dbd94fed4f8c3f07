//! The house rules, as tests. Nothing depends on this crate and it has no code outside tests.
//!
//! Each rule is a function from data to findings, with a test of its own on a bad example; `rules` runs them all over
//! the checkout. A finding names file, line and what to do.

#[cfg(test)]
mod edges;
#[cfg(test)]
mod finding;
#[cfg(test)]
mod homes;
#[cfg(test)]
mod rules;
#[cfg(test)]
mod shape;
#[cfg(test)]
mod sources;
#[cfg(test)]
mod words;
