//! Where systems send their hooks: addresses with a secret each, and what the log says about hooks that did not come.

mod hooks;
mod missed;

pub use hooks::{InboundHook, InboundHookKey, NewAddress};
pub(crate) use hooks::{hook_place, open};
pub use missed::MissedHooks;
pub(crate) use missed::note as note_hooks;
