//! Free ports on the loopback interface.

use std::net::{Ipv4Addr, TcpListener};

use anyhow::Context as _;

/// A port that was free a moment ago; servers that choose their own port and tell it are not what we start here.
pub(crate) fn free() -> anyhow::Result<u16> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).context("no free port on 127.0.0.1")?;
    Ok(listener.local_addr()?.port())
}
