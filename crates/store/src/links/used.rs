//! A link's single use, and the code that it ends in.

use trunnion_model::ids::{ConnectionId, LinkId};
use uuid::Uuid;

use super::session::{Link, LinkRow, select_link};
use crate::connections::{ConnectionStatus, rows};
use crate::db::{Tx, args};
use crate::grants::NewGrant;
use crate::{Error, Result, Store};

/// How a link is used up: with a code that can be exchanged for the connection's token.
#[derive(Clone, Debug)]
pub struct LinkUse {
    pub link: LinkId,
    pub code_hash: [u8; 32],
    pub code_expires_at: i64,
    /// What the customer consented to at the system, if that was the way to log in.
    pub grant: Option<NewGrant>,
}

/// What became of a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Redeemed {
    /// The connection's token is the new one from now on.
    Token(ConnectionId),
    /// It was used, has expired, or its connection was disconnected.
    Refused,
}

/// Of two that use the same link, the second is refused, with all that it did in this transaction.
pub(crate) async fn use_up(tx: &mut Tx, link: &LinkUse, connection: ConnectionId, now: i64) -> Result<()> {
    let sql = "update link_session
               set used_at = $2, busy_until = null, connection_id = $3, code_hash = $4, code_expires_at = $5
               where id = $1 and used_at is null and expires_at > $2";
    let touched = tx.execute(sql, args![link.link, now, connection, &link.code_hash, link.code_expires_at]).await?;
    if touched == 0 { Err(Error::Conflict { what: "the link was used already, or has expired" }) } else { Ok(()) }
}

impl Store {
    /// The link whose use ended in this code, also if the code was redeemed or has expired.
    pub async fn link_by_code(&self, code_hash: &[u8; 32]) -> Result<Option<Link>> {
        let sql = select_link!("where code_hash = $1");
        Ok(self.inner.db.row::<LinkRow>(sql, args![code_hash]).await?.map(LinkRow::link))
    }

    /// Redeems the code, once, and gives the connection the token with `token_hash`, in one transaction.
    pub async fn redeem_code(&self, code_hash: &[u8; 32], token_hash: &[u8; 32]) -> Result<Redeemed> {
        let mut tx = self.inner.db.begin().await?;
        let now = self.now();
        let sql = "update link_session set code_used_at = $2
                   where code_hash = $1 and code_used_at is null and code_expires_at > $2
                   returning connection_id, application_id";
        let Some((Some(connection), application)) = tx.row::<(Option<Uuid>, Uuid)>(sql, args![code_hash, now]).await?
        else {
            return Ok(Redeemed::Refused);
        };
        let connection = ConnectionId(connection);
        let found = rows::lock_own(&mut tx, trunnion_model::ids::ApplicationId(application), connection).await?;
        if found.status == ConnectionStatus::Disconnected {
            return Ok(Redeemed::Refused);
        }
        let sql = "update connection set token_hash = $2, modified_at = $3 where id = $1";
        tx.execute(sql, args![connection, token_hash, now]).await?;
        tx.commit().await?;
        Ok(Redeemed::Token(connection))
    }
}
