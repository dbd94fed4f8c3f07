//! The simulators in the hands of clients that others wrote (PyPI): what they accept, our connectors may rely on.

use std::path::PathBuf;
use std::process::Command;

use trunnion_connectors::netsuite::sim::{Options, SANDBOX_PRIVATE_KEY_PEM};

use crate::process::Simulator;

fn run(script: &str, arguments: &[&str]) {
    let Ok(python) = std::env::var("TRUNNION_TEST_PYTHON_PEERS") else {
        eprintln!("skipped: {script} needs the Python clients that `cargo xtask test` installs");
        return;
    };
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../connectors/tests/peers").join(script);
    let output = Command::new(python).arg(&script).args(arguments).output().unwrap();
    let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && said.contains("OK"), "{}\n{said}\n{complained}", script.display());
}

/// What a script read and printed as JSON; nothing where the clients are not installed.
pub(crate) fn read(script: &str, arguments: &[&str]) -> Option<serde_json::Value> {
    let Ok(python) = std::env::var("TRUNNION_TEST_PYTHON_PEERS") else {
        eprintln!("skipped: {script} needs the Python clients that `cargo xtask test` installs");
        return None;
    };
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../connectors/tests/peers").join(script);
    let output = Command::new(python).arg(&path).args(arguments).output().unwrap();
    let (said, complained) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}\n{said}\n{complained}", path.display());
    Some(serde_json::from_str(&said).unwrap())
}

#[test]
fn pyodata_reads_and_writes_the_sap_simulator() {
    let folder = tempfile::tempdir().unwrap();
    let simulator = Simulator::start(folder.path(), "sap-s4hana", 50);
    let credential = |name: &str| simulator.credentials[name].as_str().unwrap().to_owned();
    run("sap_pyodata.py", &[&simulator.url, &credential("username"), &credential("password")]);
}

#[test]
fn python_odata_reads_and_writes_purchase_orders_of_the_sap_simulator_over_version_4() {
    let folder = tempfile::tempdir().unwrap();
    let simulator = Simulator::start(folder.path(), "sap-s4hana", 50);
    let credential = |name: &str| simulator.credentials[name].as_str().unwrap().to_owned();
    run("sap_odata_v4.py", &[&simulator.url, &credential("username"), &credential("password")]);
}

#[test]
fn the_netsuite_package_reads_and_writes_the_netsuite_simulator() {
    let folder = tempfile::tempdir().unwrap();
    let simulator = Simulator::start(folder.path(), "netsuite", 50);
    let Options { account, tba, .. } = Options::default();
    run(
        "netsuite_client.py",
        &[&simulator.url, &account, &tba.consumer_key, &tba.consumer_secret, &tba.token, &tba.token_secret],
    );
}

#[test]
fn an_rfc_5849_library_and_a_jwt_library_log_in_to_the_netsuite_simulator() {
    let folder = tempfile::tempdir().unwrap();
    let simulator = Simulator::start(folder.path(), "netsuite", 50);
    let key = folder.path().join("key.pem");
    std::fs::write(&key, SANDBOX_PRIVATE_KEY_PEM).unwrap();
    let Options { account, tba, m2m, .. } = Options::default();
    let key = key.display().to_string();
    run(
        "netsuite_tba.py",
        &[
            &simulator.url,
            &account,
            &tba.consumer_key,
            &tba.consumer_secret,
            &tba.token,
            &tba.token_secret,
            &key,
            &m2m.client_id,
            &m2m.certificate_id,
        ],
    );
}
