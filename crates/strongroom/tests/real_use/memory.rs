//! What is in the memory of a server stays there.

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

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

#[test]
#[cfg(target_os = "linux")]
fn a_command_that_asks_for_the_root_key_leaves_no_core_either() {
    let settings = "root_key.provider = \"shamir\"\nroot_key.threshold = 2";
    let installation = Installation::new(settings);
    for words in [["audit", "verify"], ["audit", "head"], ["root", "rotate"]] {
        // It waits for a share on its standard input, which stays open.
        let mut command = installation.command(&words);
        command.stdin(Stdio::piped()).stdout(Stdio::null());
        let mut child = command.spawn().unwrap();
        let begun = Instant::now();
        loop {
            let core = told(child.id(), "limits", "Max core file size");
            if core.split_whitespace().take(2).all(|limit| limit == "0") {
                break;
            }
            let waited = begun.elapsed();
            assert!(waited < Duration::from_secs(60), "{words:?}: {core}");
            assert!(child.try_wait().unwrap().is_none(), "{words:?} is gone");
            // sleeps: another process offers nothing to wait for
            std::thread::sleep(Duration::from_millis(5));
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
