//! Sealing everything anew under the current master key, while others go on working.
//!
//! Only the data keys are wrapped again; the secrets themselves stay as they are. A row that somebody changes meanwhile was
//! sealed by them, under the key that is current for them, and is looked at again.

use trunnion_model::ids::ConnectionId;
use uuid::Uuid;

use crate::alerts::alert_place;
use crate::connections::credential_place;
use crate::db::args;
use crate::grants::{client_place, grant_place, pending_place};
use crate::inbound::hook_place;
use crate::seal::{Place, Sealed, rewrap};
use crate::subscriptions::subscription_place;
use crate::webhooks::secret_place;
use crate::{Result, Store};

/// So many rows are read at once.
const PAGE: i64 = 200;

/// The tables with sealed values: how to read them in order, how to store a data key in place of another, and where a row is.
struct Sealing {
    read: &'static str,
    write: &'static str,
    place: fn(Uuid) -> Place,
}

const ALL: [Sealing; 8] = [
    Sealing {
        read: "select id, data_key, sealed from oauth_client where id > $1 order by id limit $2",
        write: "update oauth_client set data_key = $2 where id = $1 and data_key = $3",
        place: client_place,
    },
    Sealing {
        read: "select link_id, data_key, sealed from oauth_pending where link_id > $1 order by link_id limit $2",
        write: "update oauth_pending set data_key = $2 where link_id = $1 and data_key = $3",
        place: pending_place,
    },
    Sealing {
        read: "select connection_id, data_key, sealed from oauth_grant where connection_id > $1
               order by connection_id limit $2",
        write: "update oauth_grant set data_key = $2 where connection_id = $1 and data_key = $3",
        place: grant_place,
    },
    Sealing {
        read: "select id, data_key, sealed from inbound_hook where id > $1 order by id limit $2",
        write: "update inbound_hook set data_key = $2 where id = $1 and data_key = $3",
        place: hook_place,
    },
    Sealing {
        read: "select id, data_key, sealed from subscription where id > $1 order by id limit $2",
        write: "update subscription set data_key = $2 where id = $1 and data_key = $3",
        place: subscription_place,
    },
    Sealing {
        read: "select id, data_key, sealed from alert where id > $1 order by id limit $2",
        write: "update alert set data_key = $2 where id = $1 and data_key = $3",
        place: alert_place,
    },
    Sealing {
        read: "select connection_id, data_key, sealed from credential where connection_id > $1
               order by connection_id limit $2",
        write: "update credential set data_key = $2 where connection_id = $1 and data_key = $3",
        place: |row| credential_place(ConnectionId(row)),
    },
    Sealing {
        read: "select id, data_key, sealed from webhook_secret where id > $1 order by id limit $2",
        write: "update webhook_secret set data_key = $2 where id = $1 and data_key = $3",
        place: secret_place,
    },
];

/// What a pass over all sealed values came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Resealed {
    /// Sealed under the current key now.
    pub changed: u64,
    /// Under the current key before.
    pub unchanged: u64,
    /// Somebody else changed them at that moment: another pass is needed.
    pub missed: u64,
}

impl Store {
    /// One pass over all sealed values. A value that does not open ends it with an error that names its table: nothing is
    /// lost, and the old keys must stay.
    pub async fn reseal(&self) -> Result<Resealed> {
        let mut done = Resealed::default();
        for sealing in &ALL {
            self.reseal_table(sealing, &mut done).await?;
        }
        Ok(done)
    }

    async fn reseal_table(&self, sealing: &Sealing, done: &mut Resealed) -> Result<()> {
        let mut after = Uuid::nil();
        loop {
            let page = self.inner.db.rows::<(Uuid, Vec<u8>, Vec<u8>)>(sealing.read, args![after, PAGE]).await?;
            let Some((last, ..)) = page.last() else { return Ok(()) };
            after = *last;
            for (row, data_key, sealed) in page {
                let before = Sealed { data_key, sealed };
                let Some(new) = rewrap(&self.inner.keyring, (sealing.place)(row), &before)? else {
                    done.unchanged += 1;
                    continue;
                };
                match self.inner.db.execute(sealing.write, args![row, new, before.data_key]).await? {
                    1 => done.changed += 1,
                    _ => done.missed += 1,
                }
            }
        }
    }
}

#[test]
fn every_table_with_sealed_values_is_known() {
    let columns = include_str!("../tests/it/columns.txt");
    let tables: Vec<&str> = columns.lines().filter_map(|column| column.strip_suffix(".data_key")).collect();
    assert_eq!(tables.len(), ALL.len());
    for table in tables {
        let from = format!(" from {table} ");
        assert!(ALL.iter().any(|sealing| sealing.read.contains(&from)), "{table}: its values would not be sealed anew");
    }
}
