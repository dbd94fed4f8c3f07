//! The chapters of the document, and who may call the operations of each.

/// Who is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    /// No token.
    Anybody,
    /// An application key.
    Application,
    /// A connection token, or an application key with the header `Trunnion-Connection`.
    Connection,
    /// As before, or an application key alone: then it is about all connections.
    Log,
}

pub(crate) const SYSTEMS: &str = "Systems";
pub(crate) const CONNECTIONS: &str = "Connections";
pub(crate) const LINKS: &str = "Connect page";
pub(crate) const OAUTH: &str = "Exchange of codes";
pub(crate) const CONNECTION: &str = "The connection itself";
pub(crate) const SYNCS: &str = "Syncs";
pub(crate) const EVENTS: &str = "Events";
pub(crate) const OPERATIONS: &str = "Operations";
pub(crate) const WEBHOOKS: &str = "Webhooks";
pub(crate) const ALERTS: &str = "Alerts";
pub(crate) const AUDIT: &str = "Audit";
pub(crate) const HEALTH: &str = "Health";

/// In the order in which somebody new needs them; one chapter per entity stands between the last two.
pub(crate) const TAGS: &[(&str, Who, &str)] = &[
    (SYSTEMS, Who::Application, "What can be connected, and what each system can do."),
    (CONNECTIONS, Who::Application, "One customer's link to one system: made, checked, renewed and removed here."),
    (
        LINKS,
        Who::Application,
        "Your customer connects a system on a page of this server, and shows you no credentials.",
    ),
    (OAUTH, Who::Anybody, "The end of a link session. Who calls proves it with what the call holds."),
    (CONNECTION, Who::Connection, "What a connection token is good for."),
    (SYNCS, Who::Connection, "How far the data of a connection is, and runs on demand."),
    (EVENTS, Who::Log, "The ordered log of what changed: of one connection, or of all of an application."),
    (OPERATIONS, Who::Connection, "What became of writes."),
    (WEBHOOKS, Who::Application, "Events sent to you, signed; and what became of them."),
    (ALERTS, Who::Application, "Rules about connections, and whom to tell when they hold."),
    (AUDIT, Who::Application, "Who did what."),
    (HEALTH, Who::Anybody, "For load balancers and orchestrators."),
];

/// Who may call the operations of the chapter `tag`; a chapter that is not listed is an entity's.
pub(crate) fn who(tag: &str) -> Who {
    TAGS.iter().find(|(name, ..)| *name == tag).map_or(Who::Connection, |(_, who, _)| *who)
}
