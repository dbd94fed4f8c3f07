//! `trunnion demo --once`: the newcomer's first minute is true in every line.

use crate::process::command;

#[test]
fn the_demo_tours_the_main_job_and_ends_with_success() {
    let folder = tempfile::tempdir().unwrap();
    let output = command(folder.path()).args(["demo", "--once"]).output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{printed}\n{}", String::from_utf8_lossy(&output.stderr));
    assert!(printed.contains("8. ") && printed.contains("checks, all right"), "{printed}");
    assert!(!printed.contains('\u{1b}'), "no colours where there is no terminal");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "it leaves nothing behind");
}
