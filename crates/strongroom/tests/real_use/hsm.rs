//! A root key that is wrapped in a hardware security module: SoftHSM, which speaks PKCS#11 like the
//! hardware and keeps its tokens in files.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::common::{Server, complaint, files, printed};
use crate::installation::{Installation, create, reveal};

const PIN: &str = "8461739205";
const GENERATE: &str = "root_key.generate = true";

/// Where the systems that we know put SoftHSM's library.
fn library() -> PathBuf {
    let known = [
        "/usr/lib/softhsm/libsofthsm2.so",
        "/usr/lib64/pkcs11/libsofthsm2.so",
        "/usr/lib/pkcs11/libsofthsm2.so",
        "/opt/homebrew/lib/softhsm/libsofthsm2.so",
    ];
    let found = known.iter().map(Path::new).find(|path| path.exists());
    found
        .expect("SoftHSM is not installed: run `scripts/setup test` (Debian's package softhsm2)")
        .to_owned()
}

/// A command of SoftHSM on the tokens in this home.
fn softhsm(program: &str, home: &Path) -> Command {
    let mut command = Command::new(program);
    command.env("SOFTHSM2_CONF", home.join("softhsm2.conf"));
    command
}

/// Makes a token in this home.
fn token(home: &Path, label: &str) {
    fs::create_dir_all(home.join("tokens")).unwrap();
    let directory = home.join("tokens");
    let text = format!("directories.tokendir = {}\n", directory.display());
    fs::write(home.join("softhsm2.conf"), text).unwrap();
    let mut command = softhsm("softhsm2-util", home);
    command.args(["--init-token", "--free", "--label", label]);
    printed_by(command.args(["--pin", PIN, "--so-pin", "so-1234567"]));
}

fn printed_by(command: &mut Command) -> String {
    let output = command
        .output()
        .expect("SoftHSM is not installed: run `scripts/setup test`");
    assert!(output.status.success(), "{command:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The file in which SoftHSM keeps the one AES key of the token.
fn wrapping_key(home: &Path) -> PathBuf {
    let objects = files(&home.join("tokens")).into_iter();
    let mut objects = objects.filter(|file| {
        let name = file.file_name().unwrap().to_str().unwrap();
        name.ends_with(".object") && name != "token.object"
    });
    let key = objects.next().unwrap();
    assert_eq!(objects.next(), None);
    key
}

/// A configuration of the module, with these lines more.
fn settings(more: &str) -> String {
    format!(
        "root_key.provider = \"pkcs11\"\nroot_key.module = {:?}\nroot_key.token = \"vault\"\n\
         root_key.pin = \"file\"\nroot_key.pin_file = \"HOME/pin\"\n{more}",
        library()
    )
}

const ENVIRONMENT: [(&str, &str); 1] = [("SOFTHSM2_CONF", "HOME/softhsm2.conf")];

fn prepare(home: &Path) {
    fs::write(home.join("pin"), format!("{PIN}\n")).unwrap();
    token(home, "vault");
}

/// An installation whose root key is in a token of its own.
fn installation() -> Installation {
    Installation::with(&settings(GENERATE), &ENVIRONMENT, prepare)
}

fn header(installation: &Installation) -> PathBuf {
    installation.data().join("pkcs11.header")
}

fn serves(installation: &Installation, server: &Server) {
    let owner = installation.owner(server);
    assert_eq!(reveal(&owner, "/kept", 1), "behind the token");
}

fn another(installation: &Installation, name: &str, settings: &str) -> PathBuf {
    let own = fs::read_to_string(installation.config()).unwrap();
    let lines = own.lines().filter(|line| !line.starts_with("root_key."));
    let settings = settings.replace("HOME", installation.home().to_str().unwrap());
    let text = lines.collect::<Vec<_>>().join("\n") + "\n" + &settings + "\n";
    let path = installation.home().join(name);
    fs::write(&path, text).unwrap();
    path
}

/// Goes over to the root key of these settings, which are the installation's from then on.
fn migrate(installation: &Installation, settings: &str) {
    let to = another(installation, "to.toml", settings);
    let mut command = installation.command(&["root", "migrate"]);
    command.arg("--to").arg(&to);
    printed(command);
    fs::rename(to, installation.config()).unwrap();
}

#[test]
fn the_root_key_is_wrapped_by_a_key_that_stays_in_the_token() {
    let installation = installation();
    let server = installation.start();
    create(&installation.owner(&server), "/kept", "behind the token");
    let first = fs::read_to_string(header(&installation)).unwrap();
    assert!(first.starts_with("strongroom-pkcs11-1:"), "{first}");
    printed(installation.command(&["root", "rotate"]));
    let second = fs::read_to_string(header(&installation)).unwrap();
    assert_ne!(first, second);
    serves(&installation, &server);
    let log = server.kill();
    assert!(!log.contains(PIN), "the PIN is in the log");
    let server = installation.start();
    serves(&installation, &server);
    server.stop();
    printed(installation.command(&["audit", "verify"]));

    let key = wrapping_key(installation.home());
    let mut dump = softhsm("softhsm2-dump-file", installation.home());
    // It ends with 1 however well it went.
    let dump = dump.arg(key).output().unwrap().stdout;
    let dump = String::from_utf8(dump).unwrap();
    for (attribute, value) in [
        ("CKA_EXTRACTABLE", "FALSE"),
        ("CKA_NEVER_EXTRACTABLE", "TRUE"),
        ("CKA_SENSITIVE", "TRUE"),
        ("CKA_WRAP", "FALSE"),
    ] {
        let mut lines = dump.lines();
        assert!(lines.any(|line| line.ends_with(&format!(" {attribute}"))));
        let found = lines.nth(1).unwrap();
        assert!(found.ends_with(value), "{attribute}: {found}");
    }
}

#[test]
fn what_is_wrong_with_a_token_is_said_and_changes_nothing() {
    let installation = installation();
    let server = installation.start();
    create(&installation.owner(&server), "/kept", "behind the token");
    server.stop();
    let before = fs::read(header(&installation)).unwrap();
    let refused = |more: &str, code: i32, reasons: &[&str]| {
        installation.configure(&settings("").replace("root_key.token = \"vault\"\n", ""));
        let own = fs::read_to_string(installation.config()).unwrap();
        let named = more.contains("root_key.token") || more.contains("root_key.slot");
        let token = if named {
            ""
        } else {
            "root_key.token = \"vault\"\n"
        };
        let replaced: Vec<_> = more
            .lines()
            .filter_map(|line| line.split_once(" ="))
            .map(|(key, _)| key.to_owned())
            .collect();
        let kept = own.lines().filter(|line| {
            !replaced
                .iter()
                .any(|key| line.starts_with(&format!("{key} =")))
        });
        let text = kept.collect::<Vec<_>>().join("\n") + "\n" + token + more + "\n";
        fs::write(installation.config(), text).unwrap();
        let error = complaint(installation.command(&["server"]), code);
        for reason in reasons {
            assert!(error.contains(reason), "{reason}: {error}");
        }
        assert!(!error.contains(PIN), "the PIN is told: {error}");
        let after = fs::read(header(&installation)).unwrap();
        assert_eq!(before, after, "{more}");
    };
    let missing = "root_key.module = \"/nowhere/hsm.so\"";
    refused(missing, 1, &["/nowhere/hsm.so", "root_key.module"]);
    let token = "root_key.token = \"other\"";
    refused(token, 1, &["no token", "\"other\"", "\"vault\" in slot"]);
    refused("root_key.slot = 7", 1, &["in slot 7", "root_key.slot"]);
    let key = "root_key.key_label = \"other\"";
    refused(key, 1, &["\"other\"", "root_key.generate"]);
    let pin = installation.home().join("pin");
    for wrong in ["1111", "", "11111111111111111111111111111111111111"] {
        fs::write(&pin, wrong).unwrap();
        refused("", 2, &["refused the PIN", "not tried again"]);
    }
    fs::remove_file(&pin).unwrap();
    refused("", 1, &["root_key.pin", "/pin"]);
    fs::write(&pin, PIN).unwrap();
    let whole = fs::read_to_string(header(&installation)).unwrap();
    for damaged in [
        whole.replace(whole.get(24..28).unwrap(), "AAAA"),
        "strongroom-pkcs11-1:AAAA".to_owned(),
        "text".to_owned(),
    ] {
        fs::write(header(&installation), &damaged).unwrap();
        let error = complaint(installation.command(&["server"]), 1);
        assert!(error.contains("restore"), "{error}");
    }
    fs::write(header(&installation), &before).unwrap();
    installation.configure(&settings(""));
    let server = installation.start();
    serves(&installation, &server);
    server.stop();
}

#[test]
fn a_running_server_goes_over_to_a_token_to_another_key_of_it_and_back() {
    let installation = Installation::with("", &ENVIRONMENT, prepare);
    let server = installation.start();
    create(&installation.owner(&server), "/kept", "behind the token");
    let to = another(&installation, "to.toml", &settings(""));
    let mut command = installation.command(&["root", "migrate"]);
    command.arg("--to").arg(to);
    let error = complaint(command, 1);
    assert!(error.contains("no AES key"), "{error}");
    serves(&installation, &server);

    migrate(&installation, &settings(GENERATE));
    serves(&installation, &server);
    server.kill();
    let server = installation.start();
    serves(&installation, &server);
    let second = format!("{GENERATE}\nroot_key.key_label = \"second\"");
    migrate(&installation, &settings(&second));
    server.kill();
    let server = installation.start();
    serves(&installation, &server);
    fs::remove_file(installation.data().join("root.key")).unwrap();
    migrate(&installation, "root_key.provider = \"file\"");
    server.kill();
    let server = installation.start();
    serves(&installation, &server);
    server.stop();
}

#[test]
fn a_command_that_is_killed_at_any_moment_leaves_a_token_that_opens() {
    let installation = installation();
    let mut server = installation.start();
    create(&installation.owner(&server), "/kept", "behind the token");
    let module = Module::of(&installation);
    for round in 0..12_u64 {
        let mut command = installation.command(&["root", "rotate"]);
        let mut child = command.stdout(Stdio::null()).spawn().unwrap();
        // sleeps: another process offers nothing to wait for
        std::thread::sleep(std::time::Duration::from_millis(round * 5));
        let _gone = child.kill();
        child.wait().unwrap();
        module.survives();
        if round % 3 == 2 {
            server.kill();
            module.survives();
            server = installation.start();
        }
        serves(&installation, &server);
    }
    server.stop();
}

/// The files of a token. Hardware is not torn when those who use it are killed; SoftHSM is a part of
/// their process, and rewrites its files there.
struct Module(Vec<(PathBuf, Vec<u8>)>);

impl Module {
    fn of(installation: &Installation) -> Self {
        let files = files(&installation.home().join("tokens")).into_iter();
        Self(
            files
                .map(|file| (file.clone(), fs::read(file).unwrap()))
                .collect(),
        )
    }

    fn survives(&self) {
        for (file, bytes) in &self.0 {
            fs::write(file, bytes).unwrap();
        }
    }
}

#[test]
fn the_pin_may_come_from_the_environment_or_the_service_manager() {
    let mut installation = installation();
    let server = installation.start();
    create(&installation.owner(&server), "/kept", "behind the token");
    server.stop();
    let without = settings("").replace("root_key.pin = \"file\"\n", "");
    installation.configure(&format!("{without}root_key.pin = \"environment\""));
    let error = complaint(installation.command(&["server"]), 1);
    assert!(error.contains("STRONGROOM_PIN"), "{error}");
    installation.set("STRONGROOM_PIN", PIN);
    let server = installation.start();
    serves(&installation, &server);
    server.stop();
    installation.configure(&format!("{without}root_key.pin = \"credential\""));
    fs::write(installation.home().join("strongroom-pin"), PIN).unwrap();
    let home = installation.home().to_str().unwrap().to_owned();
    installation.set("CREDENTIALS_DIRECTORY", &home);
    let server = installation.start();
    serves(&installation, &server);
    server.stop();
}

#[test]
fn a_key_that_could_leave_the_token_is_refused() {
    let installation = installation();
    let file = wrapping_key(installation.home());
    let mut bytes = fs::read(&file).unwrap();
    // The attribute CKA_EXTRACTABLE (0x162), that it is a truth value, and that it is false.
    let mut attribute = [0; 17];
    (attribute[6], attribute[7], attribute[15]) = (0x01, 0x62, 0x01);
    let found = bytes.windows(17).position(|window| window == attribute);
    bytes[found.unwrap() + 16] = 0xff;
    fs::write(&file, bytes).unwrap();
    let error = complaint(installation.command(&["server"]), 1);
    assert!(error.contains("can be extracted"), "{error}");
}
