//! Where systems send their hooks: addresses with a secret each, and what the log says about hooks that did not come.

mod hooks;
mod missed;

pub(crate) use hooks::hook_place;
pub use hooks::{InboundHook, InboundHookKey};
pub use missed::MissedHooks;
pub(crate) use missed::note as note_hooks;
