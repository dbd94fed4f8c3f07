//! What the capability document says, held against the systems themselves: what it calls required, locked or limited is
//! refused by us and nothing is sent, and sent all the same, the system refuses it too. A dry run foretells what is sent.
//!
//! The tests go through the document of each connection, so that what is declared tomorrow is tried without anyone adding it
//! here; where it has no sample (`samples.rs`), they fail. Where the system would take what we refuse, the declaration must
//! say so, with the reason, and that is tried too.

mod dry;
mod limits;
mod locks;
mod place;
mod required;
pub(crate) mod samples;
mod vendor;

/// The systems, each with the three tests of one kind.
macro_rules! in_each_system {
    ($($test:ident => $of:path, $system:literal;)*) => {
        $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                match place::Place::open($system).await {
                    Some(place) => $of(&place).await,
                    None => eprintln!("not run: it needs the real ERP that `cargo xtask test` starts"),
                }
            }
        )*
    };
}

in_each_system! {
    what_sap_requires_is_refused_by_us_and_by_it => required::hold, "sap-s4hana";
    what_netsuite_requires_is_refused_by_us_and_by_it => required::hold, "netsuite";
    what_tryton_requires_is_refused_by_us_and_by_it => required::hold, "tryton";
    what_sap_locks_is_refused_by_us_and_by_it => locks::hold, "sap-s4hana";
    what_netsuite_locks_is_refused_by_us_and_by_it => locks::hold, "netsuite";
    what_tryton_locks_is_refused_by_us_and_by_it => locks::hold, "tryton";
    what_is_too_long_for_sap_is_refused_by_us_and_by_it => limits::hold, "sap-s4hana";
    what_is_too_long_for_netsuite_is_refused_by_us_and_by_it => limits::hold, "netsuite";
    what_is_too_long_for_tryton_is_refused_by_us_and_by_it => limits::hold, "tryton";
    each_dry_run_in_sap_foretells_what_is_sent => dry::hold, "sap-s4hana";
    each_dry_run_in_netsuite_foretells_what_is_sent => dry::hold, "netsuite";
    each_dry_run_in_tryton_foretells_what_is_sent => dry::hold, "tryton";
}
