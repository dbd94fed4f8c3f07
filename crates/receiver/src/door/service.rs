//! The door as a tower service: for axum (`route_service`), hyper, or whatever takes one.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::Body;
use http_body_util::Full;

use super::receive::{Never, Reply, receive};
use super::source::Source;
use crate::inbox::Inbox;

/// Requests go to the source that the last part of their path names.
#[derive(Clone, Debug)]
pub struct Door {
    inbox: Inbox,
    sources: Arc<HashMap<String, Source>>,
}

impl Door {
    pub fn new(inbox: Inbox, sources: impl IntoIterator<Item = Source>) -> Self {
        let by_name = sources.into_iter().map(|source| (source.name.clone(), source)).collect();
        Self { inbox, sources: Arc::new(by_name) }
    }
}

impl<B> tower::Service<Request<B>> for Door
where
    B: Body<Data = Bytes> + Unpin + Send + 'static,
    B::Error: std::fmt::Display,
{
    type Response = Reply;
    type Error = Never;
    type Future = Pin<Box<dyn Future<Output = Result<Reply, Never>> + Send>>;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Never>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        let Self { inbox, sources } = self.clone();
        Box::pin(async move {
            let name = request.uri().path().rsplit('/').next().unwrap_or_default();
            let Some(source) = sources.get(name).cloned() else {
                let mut unknown = Response::new(Full::default());
                *unknown.status_mut() = StatusCode::NOT_FOUND;
                return Ok(unknown);
            };
            Ok(receive(&inbox, &source, request).await)
        })
    }
}
