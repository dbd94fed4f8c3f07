//! What a system's rows look like.

mod volatile;

pub use volatile::Volatile;
