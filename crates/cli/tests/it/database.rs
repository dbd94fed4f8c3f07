//! A PostgreSQL database for one test, on the server that `TRUNNION_TEST_POSTGRES` names; gone when its handle is dropped.
//!
//! Through `psql`, which comes with the server: only the store may speak SQL from Rust.

use std::process::Command;

pub(crate) struct Database {
    server: String,
    name: String,
}

impl Database {
    /// None if no server is named.
    pub(crate) fn create(purpose: &str) -> Option<Self> {
        let server = std::env::var("TRUNNION_TEST_POSTGRES").ok()?;
        let database = Self { server, name: format!("cli_{purpose}_{}", std::process::id()) };
        // Left behind by a process of this number that was killed.
        database.run(&format!("drop database if exists {} with (force)", database.name)).expect("psql works");
        database.run(&format!("create database {}", database.name)).expect("a database can be created");
        Some(database)
    }

    pub(crate) fn url(&self) -> String {
        let base = self.server.rsplit_once('/').map_or(self.server.as_str(), |(base, _)| base);
        format!("{base}/{}", self.name)
    }

    /// Nobody reaches it for that long: connections are cut, and new ones refused. As when the server is restarted, which
    /// other tests would not survive.
    pub(crate) fn away(&self, time: std::time::Duration) {
        let name = &self.name;
        self.run(&format!("alter database {name} allow_connections false")).expect("it can be closed");
        let cut = format!("select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'");
        self.run(&cut).expect("connections can be cut");
        std::thread::sleep(time);
        self.run(&format!("alter database {name} allow_connections true")).expect("it can be opened");
    }

    fn run(&self, statement: &str) -> Result<(), String> {
        let output = Command::new("psql").args(["-X", "-q", "-d", &self.server, "-c", statement]).output();
        let output = output.map_err(|error| format!("psql: {error}"))?;
        if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if let Err(error) = self.run(&format!("drop database {} with (force)", self.name)) {
            eprintln!("{} could not be dropped: {error}", self.name);
        }
    }
}
