//! Where an event is sent: the endpoint's address, in which `{connection_id}` stands for the event's connection.
//!
//! So one endpoint gives each connection an address of its own. Only path and query may hold it: whose events they are must
//! not decide to which host they go.

const PLACE: &str = "{connection_id}";
/// In the place of a connection's id, for events that are about none.
pub(super) const NO_CONNECTION: &str = "none";

/// The address for the events of one connection.
pub(super) fn fill(url: &str, connection: &str) -> String {
    url.replace(PLACE, connection)
}

/// The address with an example in it, or what is wrong with its placeholders.
pub(crate) fn problem(url: &str) -> Result<String, &'static str> {
    let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = after_scheme.split(['/', '?', '#']).next().unwrap_or_default();
    if host.contains('{') {
        return Err("can have {connection_id} in its path and its query only");
    }
    let filled = fill(url, NO_CONNECTION);
    if filled.contains(['{', '}']) {
        return Err("has a placeholder that is not known; {connection_id} is");
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connections_id_stands_in_path_and_query_and_nowhere_else() {
        let url = "https://hooks.example/{connection_id}/in?c={connection_id}";
        assert_eq!(fill(url, "con_1"), "https://hooks.example/con_1/in?c=con_1");
        assert_eq!(problem(url).as_deref(), Ok("https://hooks.example/none/in?c=none"));
        for wrong in ["https://{connection_id}.example/", "https://h.example/{customer}", "https://h.example/}"] {
            assert!(problem(wrong).is_err(), "{wrong}");
        }
    }
}
