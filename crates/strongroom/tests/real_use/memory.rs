//! What is in the memory of a server stays there.

use std::fs;

use crate::installation::Installation;

/// What the system says of the server's process under this name.
fn told(id: u32, file: &str, name: &str) -> String {
    let text = fs::read_to_string(format!("/proc/{id}/{file}")).unwrap();
    let line = text.lines().find(|line| line.starts_with(name)).unwrap();
    line.split_at(name.len()).1.trim().to_owned()
}

#[test]
#[cfg(target_os = "linux")]
fn a_server_leaves_no_core_and_locks_memory_where_it_may() {
    let installation = Installation::new("logging.level = \"debug\"");
    let server = installation.start();
    let core = told(server.id(), "limits", "Max core file size");
    let core: Vec<_> = core.split_whitespace().collect();
    assert_eq!(core[..2], ["0", "0"]);
    let locked = told(server.id(), "status", "VmLck:");
    let log = server.stop();
    assert_eq!(
        log.contains("memory is not locked"),
        locked == "0 kB",
        "{locked}"
    );

    installation.configure("memory.lock = false");
    let server = installation.start();
    assert_eq!(told(server.id(), "status", "VmLck:"), "0 kB");
    server.stop();
}
