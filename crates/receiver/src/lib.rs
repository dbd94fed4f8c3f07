//! Receiving webhooks: who sent it is proved from the raw bytes, by data that describes the sender's scheme.
//!
//! [`verify`] holds the schemes, their check and the handshakes; it does no IO.

pub mod verify;
