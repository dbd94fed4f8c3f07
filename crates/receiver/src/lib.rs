//! Receiving webhooks: who sent it is proved from the raw bytes, by data that describes the sender's scheme.
//!
//! [`verify`] holds the schemes, their check and the handshakes; it does no IO. [`inbox`] stores durably before anything is
//! acknowledged, and hands messages out once, in order per key. [`door`] is what stands between HTTP and the two.

#[cfg(feature = "inbox")]
pub mod door;
#[cfg(feature = "inbox")]
pub mod inbox;
pub mod verify;
