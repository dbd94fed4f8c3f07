//! `trunnion webhooks`: endpoints and deliveries of a running server, from a shell.

use std::process::ExitCode;

use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Value, json};

use crate::api::{Api, Target, show};
use crate::terminal::{BAD, BOLD, GOOD, say, styled};

const ENDPOINTS: show::Columns =
    &[("ID", "id"), ("STATE", "state"), ("URL", "url"), ("TYPES", "types"), ("DESCRIPTION", "description")];
const DELIVERIES: show::Columns = &[
    ("ID", "id"),
    ("STATE", "state"),
    ("TYPE", "type"),
    ("EVENT", "event_id"),
    ("ATTEMPTS", "attempts"),
    ("STATUS", "last_status"),
    ("NEXT ATTEMPT", "next_attempt_at"),
    ("ERROR", "last_error"),
];

#[derive(Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    target: Target,
    /// The API's answer, for scripts
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum Command {
    /// All endpoints
    List,
    /// Make an endpoint; its secret is shown only this once
    Create {
        /// Where events are sent: https://…
        url: String,
        /// purchase_order.updated, purchase_order.*, …; separated by commas [default: all]
        #[arg(long, value_delimiter = ',')]
        types: Vec<String>,
        /// con_…; separated by commas [default: all]
        #[arg(long, value_delimiter = ',')]
        connections: Vec<String>,
        #[arg(long, default_value = "")]
        description: String,
    },
    /// One endpoint
    Show { id: String },
    /// Remove an endpoint with everything that was on its way to it
    Delete { id: String },
    /// Send nothing for the time being; what happens meanwhile is sent once it is enabled again
    Disable { id: String },
    /// Go on sending
    Enable { id: String },
    /// Give it a new secret; the old one signs beside it for a while
    RotateSecret {
        id: String,
        #[arg(long, default_value_t = 86_400)]
        overlap_seconds: u32,
    },
    /// Send a test event now, and tell what the receiver made of it; exit code 1 if it did not take it
    Test { id: String },
    /// What became of the events for an endpoint, the newest first
    Deliveries {
        id: String,
        /// pending, delivered or failed [default: all]
        #[arg(long)]
        state: Option<String>,
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// One delivery with its attempts
    Delivery { id: String },
    /// Send one delivery again, now
    Resend { id: String },
    /// Send all events of a span of time again
    Replay {
        id: String,
        /// 2026-01-31T10:00:00Z
        #[arg(long)]
        since: String,
        #[arg(long)]
        until: Option<String>,
        #[arg(long, value_delimiter = ',')]
        types: Vec<String>,
        /// all, failed (those given up) or missing (those never sent)
        #[arg(long, default_value = "all")]
        which: String,
    },
}

pub(crate) async fn run(arguments: Arguments) -> anyhow::Result<ExitCode> {
    let api = Api::new(&arguments.target)?;
    let json = arguments.json;
    let path = |id: &str, rest: &str| format!("/webhook-endpoints/{id}{rest}");
    match arguments.command {
        Command::List => {
            let found = api.list("/webhook-endpoints", &[], 500).await?;
            many(found, ENDPOINTS, "webhook endpoints", json);
        }
        Command::Create { url, types, connections, description } => {
            let new = json!({"url": url, "types": types, "connection_ids": connections, "description": description});
            with_secret(&api.post("/webhook-endpoints", Some(&new)).await?, json);
        }
        Command::Show { id } => one(&api.get(&path(&id, ""), &[]).await?, json),
        Command::Delete { id } => {
            api.send(Method::DELETE, &path(&id, ""), None).await?;
        }
        Command::Disable { id } => one(&disabled(&api, &path(&id, ""), true).await?, json),
        Command::Enable { id } => one(&disabled(&api, &path(&id, ""), false).await?, json),
        Command::RotateSecret { id, overlap_seconds } => {
            let body = json!({"overlap_seconds": overlap_seconds});
            with_secret(&api.post(&path(&id, "/rotate-secret"), Some(&body)).await?, json);
        }
        Command::Test { id } => return Ok(tested(&api.post(&path(&id, "/test"), None).await?, json)),
        Command::Deliveries { id, state, limit } => {
            let query: Vec<_> = state.into_iter().map(|state| ("state", state)).collect();
            many(api.list(&path(&id, "/deliveries"), &query, limit).await?, DELIVERIES, "deliveries", json);
        }
        Command::Delivery { id } => delivery(&api.get(&format!("/deliveries/{id}"), &[]).await?, json),
        Command::Resend { id } => one(&api.post(&format!("/deliveries/{id}/resend"), None).await?, json),
        Command::Replay { id, since, until, types, which } => {
            let mut what = json!({"since": since, "types": types, "which": which});
            if let Some(until) = until {
                what["until"] = until.into();
            }
            let result = replay(&api, &path(&id, "/replay"), &what).await?;
            let scheduled = show::cell(&result, "scheduled");
            if json { show::json(&result) } else { say(&format!("{scheduled} deliveries are due again")) }
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn disabled(api: &Api, path: &str, disabled: bool) -> anyhow::Result<Value> {
    api.send(Method::PATCH, path, Some(&json!({"disabled": disabled}))).await
}

/// Begins a replay and waits until it is through; it goes on without us, too.
async fn replay(api: &Api, path: &str, what: &Value) -> anyhow::Result<Value> {
    let mut replay = api.post(path, Some(what)).await?;
    while replay["state"] == "running" {
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        replay = api.get(&format!("/replays/{}", show::cell(&replay, "id")), &[]).await?;
    }
    Ok(replay)
}

fn one(thing: &Value, json: bool) {
    if json { show::json(thing) } else { show::thing(thing) }
}

fn many(found: Vec<Value>, columns: show::Columns, what: &str, json: bool) {
    match found.is_empty() {
        _ if json => show::json(&Value::Array(found)),
        true => show::nothing(what),
        false => show::items(&found, columns),
    }
}

fn with_secret(answer: &Value, json: bool) {
    if json {
        return show::json(answer);
    }
    show::thing(&answer["endpoint"]);
    say(&format!("{} {}", styled(BOLD, "Secret (shown only this once):"), show::cell(answer, "secret")));
}

fn tested(answer: &Value, json: bool) -> ExitCode {
    let delivered = answer["delivered"] == true;
    if json {
        show::json(answer);
    } else {
        let verdict = if delivered { styled(GOOD, "delivered") } else { styled(BAD, "not delivered") };
        let attempt = &answer["attempt"];
        let (status, error) = (show::cell(attempt, "status"), show::cell(attempt, "error"));
        say(&format!("{verdict}: status {status}, {} ms, error {error}", show::cell(attempt, "duration_ms")));
        say(&show::cell(attempt, "response_body"));
    }
    if delivered { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn delivery(answer: &Value, json: bool) {
    if json {
        return show::json(answer);
    }
    show::thing(&answer["delivery"]);
    let attempts = answer["attempts"].as_array().map(Vec::as_slice).unwrap_or_default();
    say("");
    show::items(
        attempts,
        &[
            ("NUMBER", "number"),
            ("AT", "at"),
            ("STATUS", "status"),
            ("MS", "duration_ms"),
            ("ERROR", "error"),
            ("ANSWER", "response_body"),
        ],
    );
}
