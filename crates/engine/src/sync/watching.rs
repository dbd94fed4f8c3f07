//! Watching what the rows look like while they are read, and telling what nobody expected.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use trunnion_kit::shape::{Over, Watch};
use trunnion_kit::spec::EntitySpec;
use trunnion_model::ids::ConnectionId;
use trunnion_store::{DriftState, Error as StoreError, RowShape};

use crate::Engine;

/// One run's watch; the thread that maps has it while it maps.
#[derive(Clone)]
pub(super) struct Watching {
    watch: Arc<Mutex<Watch>>,
}

impl Watching {
    /// Goes on from where the last run ended.
    pub(super) async fn begin(
        engine: &Engine,
        connection: ConnectionId,
        spec: &EntitySpec,
    ) -> Result<Self, StoreError> {
        let shape = engine.store().row_shape(connection, spec.entity).await?.unwrap_or_default();
        Self::with(engine, connection, spec, shape).await
    }

    /// Of single records that are read: only where a strict watch may refuse them. Nothing is learned from them.
    pub(super) async fn strict(
        engine: &Engine,
        connection: ConnectionId,
        spec: &EntitySpec,
    ) -> Result<Option<Self>, StoreError> {
        match engine.store().row_shape(connection, spec.entity).await?.filter(|shape| shape.strict) {
            Some(shape) => Self::with(engine, connection, spec, shape).await.map(Some),
            None => Ok(None),
        }
    }

    async fn with(
        engine: &Engine,
        connection: ConnectionId,
        spec: &EntitySpec,
        shape: RowShape,
    ) -> Result<Self, StoreError> {
        let found = match shape.has_drift {
            true => engine.store().schema_drift_of(connection, spec.entity).await?,
            false => Vec::new(),
        };
        let found = found.into_iter().map(|drift| (drift.finding, drift.state == DriftState::Acknowledged)).collect();
        let watch = Watch::new(spec, shape.known.as_deref(), found, shape.strict);
        Ok(Self { watch: Arc::new(Mutex::new(watch)) })
    }

    pub(super) fn watch(&self) -> MutexGuard<'_, Watch> {
        self.watch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes what was found since the last call. Before the rows are stored: what was found is not lost with a page, and a page
    /// that comes again finds it noted.
    pub(super) async fn note(
        &self,
        engine: &Engine,
        connection: ConnectionId,
        spec: &EntitySpec,
    ) -> Result<(), StoreError> {
        let (news, told) = {
            let mut watch = self.watch();
            (watch.news(), watch.is_settled())
        };
        engine.store().note_schema_drift(connection, spec.entity, news, told).await
    }

    /// The run ended, well or not.
    pub(super) async fn end(
        &self,
        engine: &Engine,
        connection: ConnectionId,
        spec: &EntitySpec,
        over: Option<Over>,
    ) -> Result<(), StoreError> {
        self.note(engine, connection, spec).await?;
        let ended = self.watch().end(over);
        let (store, known) = (engine.store(), ended.known.as_deref());
        store.note_schema_drift(connection, spec.entity, ended.vanished, true).await?;
        store.keep_row_shape(connection, spec.entity, known, &ended.counts).await
    }
}
