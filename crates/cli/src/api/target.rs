//! Which server, and with which key: flags, or the environment.

use clap::Args;

#[derive(Args, Clone)]
pub(crate) struct Target {
    /// The server's address
    #[arg(long, env = "TRUNNION_SERVER", value_name = "URL", default_value = "http://127.0.0.1:8080")]
    pub(crate) server: String,
    /// An application key (tk_…), or a connection's token (tc_…). Other users of this machine can see flags: better give it
    /// in the environment
    #[arg(long, env = "TRUNNION_KEY", value_name = "KEY", hide_env_values = true)]
    pub(crate) key: String,
}
