//! A change of the root key that is dropped after each of its steps, as a crash would.

use std::fs;

use strongroom_crypto::{Keyring, SystemEntropy};
use strongroom_engine::{RootKeyChange, keyring_key};
use strongroom_store::{Batch, Store};

use super::tests::{Furnished, config};
use super::*;
use crate::assemble::Installation;
use crate::config::PassphraseSource;
use crate::data_directory::DataDirectory;

/// How far a change comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Opened,
    Prepared,
    Replaced,
    Done,
}

const STEPS: [Step; 4] = [Step::Opened, Step::Prepared, Step::Replaced, Step::Done];

fn change() -> Change {
    Change {
        kind: RootKeyChange::Rotated,
        to: "file".to_owned(),
    }
}

/// An installation that is nothing but its keyring.
struct Scene {
    config: Config,
    surroundings: Furnished,
    access: KeyringAccess,
    row: Vec<u8>,
    _control: Option<Control>,
    _directory: tempfile::TempDir,
}

impl Scene {
    /// With a root key of this provider; reached over a socket, or not.
    async fn new(provider: Provider, online: bool) -> Self {
        let (directory, mut config) = config(provider);
        config.root_key.passphrase = PassphraseSource::Environment;
        let surroundings = Furnished {
            variables: vec![("STRONGROOM_PASSPHRASE", "correct horse battery".to_owned())],
            ..Furnished::default()
        };
        let data = DataDirectory::at(&config.store.data);
        let root = create(&config, &surroundings, &SystemEntropy).unwrap();
        let store = Store::open_embedded(crate::settings::store(&config, [7; 16])).unwrap();
        let keyring = Keyring::generate(&SystemEntropy).unwrap();
        let sealed = keyring
            .seal(&root, &SystemEntropy, &store.installation())
            .unwrap();
        let mut batch = Batch::new();
        batch.put(keyring_key(), sealed);
        store.commit(batch).await.unwrap();
        let row = keyring.storage().seal(&SystemEntropy, b"k", b"value");
        let row = row.unwrap().as_stored().to_vec();
        let socket = data.control_socket();
        let (control, access) = if online {
            let served = Installation::around(&config, store, keyring).await;
            let control = served.unwrap().control(&config).unwrap();
            (Some(control), KeyringAccess::Server(socket))
        } else {
            (None, KeyringAccess::Store(store, Box::new(config.clone())))
        };
        Self {
            config,
            surroundings,
            access,
            row,
            _control: control,
            _directory: directory,
        }
    }

    fn existing(&self, config: &Config) -> RootKeys {
        existing(config, &self.surroundings).unwrap()
    }

    /// Comes so far with a change to the root key of `to`, or to a new one, and breaks off.
    async fn change(&self, step: Step, to: Option<&Config>) {
        let right = Changing::begin(&DataDirectory::at(&self.config.store.data)).unwrap();
        let keys = self.existing(&self.config);
        let opened = Opened::with(&right, &self.access, &keys).await.unwrap();
        if step == Step::Opened {
            return;
        }
        let new = match to {
            None => renewed(&self.config, &self.surroundings, &SystemEntropy),
            Some(to) => destined(to, &self.surroundings, &SystemEntropy),
        };
        let prepared = opened.prepared(new.unwrap());
        if step == Step::Prepared {
            return;
        }
        let replaced = prepared
            .replace(&self.access, &change(), &SystemEntropy)
            .await;
        let replaced = replaced.unwrap();
        if step == Step::Replaced {
            return;
        }
        replaced.promote().unwrap();
    }

    /// Opens as a start does, and says with which key; nothing if it does not open.
    async fn open(&self, config: &Config) -> Option<Which> {
        let row = self.access.read().await.unwrap();
        let keys = existing(config, &self.surroundings).ok()?;
        let (keyring, which) = keys.open(&row.sealed, &row.installation).ok()?;
        let value = strongroom_crypto::Sealed::from_stored(self.row.clone());
        assert_eq!(keyring.storage().open(b"k", &value).unwrap(), b"value");
        let data = DataDirectory::at(&config.store.data);
        keys.settle(&data, which).unwrap();
        Some(which)
    }

    fn drafts(&self) -> usize {
        let names = fs::read_dir(&self.config.store.data).unwrap();
        let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| name.contains(".next")).count()
    }
}

#[tokio::test]
async fn a_rotation_that_breaks_off_anywhere_leaves_an_installation_that_opens() {
    for provider in [Provider::File, Provider::Passphrase] {
        let scene = Scene::new(provider, provider == Provider::File).await;
        for (step, drafts, which) in [
            (Step::Opened, 0, Which::Current),
            (Step::Prepared, 1, Which::Current),
            (Step::Replaced, 1, Which::Next),
            (Step::Done, 0, Which::Current),
        ] {
            scene.change(step, None).await;
            assert_eq!(scene.drafts(), drafts, "{provider:?} {step:?}");
            let opened = scene.open(&scene.config).await;
            assert_eq!(opened, Some(which), "{provider:?} {step:?}");
            assert_eq!(scene.drafts(), 0, "{provider:?} {step:?}");
            let again = scene.open(&scene.config).await;
            assert_eq!(again, Some(Which::Current), "{provider:?} {step:?}");
        }
    }
}

#[tokio::test]
async fn new_shares_count_from_the_moment_that_the_row_is_under_their_key() {
    for (step, by_old, by_new) in [
        (Step::Prepared, Some(Which::Current), None),
        (Step::Replaced, None, Some(Which::Next)),
        (Step::Done, None, Some(Which::Current)),
    ] {
        let scene = Scene::new(Provider::Shamir, false).await;
        let Furnished { shares, shown, .. } = &scene.surroundings;
        let old = shown.take();
        shares.replace(old.clone());
        scene.change(step, None).await;
        let new = shown.take();
        // Those that do not open come first: they spoil nothing.
        let (wrong, right, which) = match by_old {
            Some(which) => (new, old, which),
            None => (old, new, by_new.unwrap()),
        };
        shares.replace(wrong);
        assert_eq!(scene.open(&scene.config).await, None, "{step:?}");
        shares.replace(right.clone());
        let opened = scene.open(&scene.config).await;
        assert_eq!(opened, Some(which), "{step:?}");
        shares.replace(right);
        let again = scene.open(&scene.config).await;
        assert_eq!(again, Some(Which::Current), "{step:?}");
        assert_eq!(scene.drafts(), 0, "{step:?}");
    }
}

#[tokio::test]
async fn a_rotation_goes_on_where_one_before_it_broke_off() {
    for first in STEPS {
        let scene = Scene::new(Provider::File, false).await;
        scene.change(first, None).await;
        scene.change(Step::Done, None).await;
        assert_eq!(scene.drafts(), 0, "{first:?}");
        let opened = scene.open(&scene.config).await;
        assert_eq!(opened, Some(Which::Current), "{first:?}");
    }
}

#[tokio::test]
async fn after_a_rotation_the_old_key_opens_nothing() {
    let scene = Scene::new(Provider::File, true).await;
    let old = scene.existing(&scene.config);
    let before = fs::read(scene.config.root_key_file()).unwrap();
    scene.change(Step::Done, None).await;
    assert_ne!(fs::read(scene.config.root_key_file()).unwrap(), before);
    let row = scene.access.read().await.unwrap();
    assert!(old.open(&row.sealed, &row.installation).is_err());
}

#[tokio::test]
async fn a_migration_that_breaks_off_opens_with_one_of_the_two_configurations() {
    for (from, to) in [
        (Provider::File, Provider::Passphrase),
        (Provider::Passphrase, Provider::File),
        (Provider::File, Provider::File),
    ] {
        for step in STEPS {
            let scene = Scene::new(from, step == Step::Done).await;
            let mut target = scene.config.clone();
            target.root_key.provider = to;
            target.root_key.file = Some(scene.config.store.data.join("elsewhere.key"));
            scene.change(step, Some(&target)).await;
            let (old, new) = (scene.open(&scene.config).await, scene.open(&target).await);
            match step {
                Step::Opened | Step::Prepared => {
                    assert_eq!((old, new), (Some(Which::Current), None), "{to:?} {step:?}");
                }
                Step::Replaced => {
                    assert_eq!((old, new), (None, Some(Which::Next)), "{to:?} {step:?}");
                }
                Step::Done => {
                    assert_eq!((old, new), (None, Some(Which::Current)), "{to:?} {step:?}");
                }
            }
        }
    }
}

#[tokio::test]
async fn of_two_changes_at_a_time_one_is_refused() {
    let scene = Scene::new(Provider::File, true).await;
    let data = DataDirectory::at(&scene.config.store.data);
    let right = Changing::begin(&data).unwrap();
    assert!(matches!(Changing::begin(&data), Err(ChangeError::Busy)));
    drop(right);
    assert!(Changing::begin(&data).is_ok());
}

#[tokio::test]
async fn a_row_that_was_replaced_meanwhile_is_left_alone() {
    for online in [true, false] {
        let scene = Scene::new(Provider::File, online).await;
        let right = Changing::begin(&DataDirectory::at(&scene.config.store.data)).unwrap();
        let keys = scene.existing(&scene.config);
        let opened = Opened::with(&right, &scene.access, &keys).await.unwrap();
        let row = scene.access.read().await.unwrap();
        let (keyring, _) = keys.open(&row.sealed, &row.installation).unwrap();
        scene
            .access
            .replace(keyring, row.revision, row.sealed, &change())
            .await
            .unwrap();
        let new = renewed(&scene.config, &scene.surroundings, &SystemEntropy).unwrap();
        let change = change();
        let refused = opened
            .prepared(new)
            .replace(&scene.access, &change, &SystemEntropy);
        let error = refused.await.err().unwrap();
        assert!(matches!(error, ChangeError::Replace(error) if error.is_certain()));
        assert_eq!(scene.drafts(), 0);
        drop(right);
        assert_eq!(scene.open(&scene.config).await, Some(Which::Current));
    }
}

#[tokio::test]
async fn while_a_command_is_at_work_its_draft_is_left_to_it() {
    let scene = Scene::new(Provider::File, false).await;
    scene.change(Step::Prepared, None).await;
    let data = DataDirectory::at(&scene.config.store.data);
    let right = Changing::begin(&data).unwrap();
    assert_eq!(scene.open(&scene.config).await, Some(Which::Current));
    assert_eq!(scene.drafts(), 1);
    drop(right);
    assert_eq!(scene.open(&scene.config).await, Some(Which::Current));
    assert_eq!(scene.drafts(), 0);
}
