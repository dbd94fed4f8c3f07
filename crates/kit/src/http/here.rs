//! Whether an address leads to this very machine, where nobody on the way can listen.

use url::{Host, Url};

pub fn is_this_machine(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[test]
fn only_names_and_addresses_of_this_machine_are() {
    let is = |text: &str| is_this_machine(&text.parse().unwrap());
    for here in ["http://localhost:1/x", "http://127.9.9.9", "http://[::1]:8/"] {
        assert!(is(here), "{here}");
    }
    for elsewhere in ["http://localhost.example", "http://10.0.0.1", "http://[::2]", "http://128.0.0.1", "data:x"] {
        assert!(!is(elsewhere), "{elsewhere}");
    }
}
