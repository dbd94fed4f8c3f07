//! The ordered log of events: of one connection, or of all that an application has; by page, by long poll and as a stream.

mod cursor;
mod list;
mod page;
mod reach;
mod stream;

pub use list::list;
pub use reach::{Reach, reach};
pub use stream::{Piece, Stream, stream};
