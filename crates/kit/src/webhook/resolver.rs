//! Names looked up under a [`Guard`]: none of a name's addresses passes if one of them is refused. Because the client connects
//! to what comes out of here, a name that points elsewhere a moment later gains nothing.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::guard::Guard;

type Found = Pin<Box<dyn Future<Output = std::io::Result<Vec<IpAddr>>> + Send>>;
/// Finds the addresses of a name.
pub(crate) type Lookup = Arc<dyn Fn(String) -> Found + Send + Sync>;

/// See the module.
pub(crate) struct Guarded {
    pub(crate) guard: Guard,
    /// Whether what is sent is encrypted.
    pub(crate) secure: bool,
    /// Names that are the operator's own choice (a proxy), and are not checked.
    pub(crate) exempt: Vec<String>,
    pub(crate) lookup: Lookup,
}

/// The machine's own way to look a name up.
pub(crate) fn system() -> Lookup {
    Arc::new(|name| Box::pin(resolve(name)))
}

async fn resolve(name: String) -> std::io::Result<Vec<IpAddr>> {
    Ok(tokio::net::lookup_host((name, 0)).await?.map(|socket| socket.ip()).collect())
}

impl Resolve for Guarded {
    fn resolve(&self, name: Name) -> Resolving {
        let (guard, secure) = (self.guard.clone(), self.secure);
        let exempt = self.exempt.iter().any(|known| known.eq_ignore_ascii_case(name.as_str()));
        let found = (self.lookup)(name.as_str().to_owned());
        Box::pin(async move {
            let addresses = found.await?;
            if !exempt {
                for address in &addresses {
                    guard.check(*address, secure)?;
                }
            }
            // Port 0 stands for the URL's own.
            let sockets = addresses.into_iter().map(|address| SocketAddr::new(address, 0));
            let sockets: Addrs = Box::new(sockets);
            Ok(sockets)
        })
    }
}
