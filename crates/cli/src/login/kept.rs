//! Sign-ins that are kept: an access token for each endpoint and organisation, in a file of its own
//! that only its owner can read.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use strongroom_client::{OrganisationId, Plaintext, Reference};
use strongroom_types::Timestamp;
use tempfile::NamedTempFile;
use url::form_urlencoded::byte_serialize;
use zeroize::{Zeroize, Zeroizing};

use crate::Surroundings;
use crate::input::file;

/// The directory of kept sign-ins, in that of the configuration.
const DIRECTORY: &str = "sign-ins";
/// The longest file that is read, in bytes.
const LONGEST: usize = 64 * 1024;
/// Sign-ins that are looked at.
const MOST: usize = 256;

/// Why a sign-in is not kept, or cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeptError {
    /// Nothing says where to keep it.
    #[error(
        "there is no directory to keep the sign-in in: set HOME, or STRONGROOM_CONFIG_DIR to a \
         directory of your own"
    )]
    NoDirectory,
    /// The directory or a file in it cannot be read.
    #[error("{} cannot be read", path.display())]
    Read {
        /// Which one.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file cannot be written.
    #[error("the sign-in cannot be kept in {}", path.display())]
    Write {
        /// Where.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// A file cannot be removed.
    #[error("{} holds the sign-in and cannot be removed; remove it by hand", path.display())]
    Remove {
        /// Which one.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// There was a sign-in.
    #[error("the sign-in to {organisation} has expired; run `strongroom login` again")]
    Expired {
        /// The organisation, as it was named.
        organisation: String,
    },
    /// There are several, and none was chosen.
    #[error(
        "you are signed in to several organisations here ({found}); set STRONGROOM_ORGANISATION or \
         --organisation to one of them"
    )]
    Several {
        /// Their names.
        found: String,
    },
}

/// A sign-in that is kept.
pub(crate) struct Kept {
    /// The server, without a slash at its end.
    pub(crate) endpoint: String,
    /// The organisation's identity.
    pub(crate) organisation: String,
    /// The organisation, as it was named at the sign-in.
    pub(crate) named: String,
    pub(crate) token: Plaintext,
    pub(crate) expires_at: Timestamp,
}

/// The same as it stands in the file.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    endpoint: String,
    organisation: String,
    named: String,
    token: String,
    /// Seconds since 1970.
    expires_at: i64,
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.token.zeroize();
    }
}

/// Where sign-ins are kept.
pub(crate) struct Shelf(PathBuf);

impl Shelf {
    pub(crate) fn of(surroundings: &dyn Surroundings) -> Option<Self> {
        Some(Self(surroundings.configuration()?.join(DIRECTORY)))
    }

    /// Keeps a sign-in in place of an earlier one to the same organisation.
    pub(crate) fn keep(&self, kept: &Kept) -> Result<(), KeptError> {
        let path = self.path(kept);
        self.write(&path, kept)
            .map_err(|source| KeptError::Write { path, source })
    }

    fn write(&self, path: &Path, kept: &Kept) -> io::Result<()> {
        let entry = Entry {
            endpoint: kept.endpoint.clone(),
            organisation: kept.organisation.clone(),
            named: kept.named.clone(),
            token: String::from_utf8_lossy(kept.token.expose()).into_owned(),
            expires_at: kept.expires_at.as_second(),
        };
        let mut text = Zeroizing::new(Vec::with_capacity(LONGEST));
        serde_json::to_writer(&mut *text, &entry)?;
        create_private(&self.0)?;
        // A temporary file is its owner's alone from the start.
        let mut file = NamedTempFile::new_in(&self.0)?;
        file.write_all(&text)?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    }

    /// The sign-in that is meant: the one to this organisation, or the only one at this endpoint.
    pub(crate) fn find(
        &self,
        endpoint: &str,
        organisation: Option<&Reference<OrganisationId>>,
        now: Timestamp,
    ) -> Result<Option<Kept>, KeptError> {
        let mut found = self.all(endpoint)?;
        if let Some(organisation) = organisation {
            found.retain(|kept| kept.is_of(organisation));
        }
        // Those that are over stand in the way of none.
        if found.iter().any(|kept| now < kept.expires_at) {
            found.retain(|kept| now < kept.expires_at);
        }
        let last = found.pop();
        match (last, found.is_empty()) {
            (last, true) => Ok(last),
            (last, false) => {
                let names = found.iter().chain(&last).map(|kept| kept.named.as_str());
                let mut names: Vec<_> = names.collect();
                names.sort_unstable();
                let found = names.join(", ");
                Err(KeptError::Several { found })
            }
        }
    }

    /// Forgets a sign-in.
    pub(crate) fn forget(&self, kept: &Kept) -> Result<(), KeptError> {
        let path = self.path(kept);
        fs::remove_file(&path).map_err(|source| KeptError::Remove { path, source })
    }

    fn all(&self, endpoint: &str) -> Result<Vec<Kept>, KeptError> {
        let wrong = |source| KeptError::Read {
            path: self.0.clone(),
            source,
        };
        let entries = match fs::read_dir(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(wrong)?,
        };
        let mut all = Vec::new();
        for entry in entries.take(MOST) {
            let path = entry.map_err(wrong)?.path();
            // What is no sign-in, or none of this release, is as if it were not there.
            let text = file(&path, LONGEST).ok();
            let kept = text.and_then(|text| Kept::read(&text));
            all.extend(kept.filter(|kept| kept.endpoint == trimmed(endpoint)));
        }
        Ok(all)
    }

    fn path(&self, kept: &Kept) -> PathBuf {
        let endpoint: String = byte_serialize(kept.endpoint.as_bytes()).collect();
        let organisation: String = byte_serialize(kept.organisation.as_bytes()).collect();
        self.0.join(format!("{endpoint}_{organisation}.json"))
    }
}

/// An endpoint, however it was written.
pub(crate) fn trimmed(endpoint: &str) -> &str {
    endpoint.trim_end_matches('/')
}

#[cfg(unix)]
fn create_private(directory: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(directory)
}

#[cfg(not(unix))]
fn create_private(directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)
}

impl Kept {
    fn read(text: &Plaintext) -> Option<Self> {
        let mut entry: Entry = serde_json::from_slice(text.expose()).ok()?;
        Some(Self {
            endpoint: std::mem::take(&mut entry.endpoint),
            organisation: std::mem::take(&mut entry.organisation),
            named: std::mem::take(&mut entry.named),
            token: Plaintext::new(std::mem::take(&mut entry.token).into_bytes()),
            expires_at: Timestamp::from_second(entry.expires_at).ok()?,
        })
    }

    fn is_of(&self, organisation: &Reference<OrganisationId>) -> bool {
        let named = reference(organisation);
        named == self.organisation || named == self.named
    }

    /// Insists that it still counts.
    pub(crate) fn alive(self, now: Timestamp) -> Result<Self, KeptError> {
        if now < self.expires_at {
            return Ok(self);
        }
        let organisation = self.named;
        Err(KeptError::Expired { organisation })
    }
}

/// How people name an organisation.
pub(crate) fn reference(organisation: &Reference<OrganisationId>) -> String {
    match organisation {
        Reference::Identity(identity) => identity.to_string(),
        Reference::Slug(slug) => slug.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(endpoint: &str, named: &str) -> Kept {
        Kept {
            endpoint: endpoint.to_owned(),
            organisation: format!("org-{named}"),
            named: named.to_owned(),
            token: Plaintext::new(format!("st_at_{named}").into_bytes()),
            expires_at: Timestamp::from_second(1000).unwrap(),
        }
    }

    fn found(shelf: &Shelf, endpoint: &str, named: Option<&str>) -> Result<String, String> {
        let named = named.map(|named| named.parse().unwrap());
        let now = Timestamp::from_second(500).unwrap();
        let found = shelf.find(endpoint, named.as_ref(), now);
        let found = found.map_err(|error| error.to_string())?;
        Ok(found.map_or("none".to_owned(), |kept| {
            String::from_utf8(kept.token.expose().to_vec()).unwrap()
        }))
    }

    #[test]
    fn sign_ins_are_kept_by_endpoint_and_organisation() {
        let directory = tempfile::tempdir().unwrap();
        let shelf = Shelf(directory.path().join("a/b"));
        assert_eq!(found(&shelf, "https://one", None).unwrap(), "none");
        let acme = kept("https://one", "acme");
        shelf.keep(&acme).unwrap();
        shelf.keep(&kept("https://two/x", "bank")).unwrap();
        assert_eq!(found(&shelf, "https://one/", None).unwrap(), "st_at_acme");
        assert_eq!(found(&shelf, "https://two/x", None).unwrap(), "st_at_bank");
        assert_eq!(found(&shelf, "https://one", Some("bank")).unwrap(), "none");
        shelf.keep(&kept("https://one", "shop")).unwrap();
        let several = found(&shelf, "https://one", None).unwrap_err();
        assert!(several.contains("(acme, shop)"), "{several}");
        let mut over = kept("https://two/x", "over");
        over.expires_at = Timestamp::from_second(400).unwrap();
        shelf.keep(&over).unwrap();
        assert_eq!(found(&shelf, "https://two/x", None).unwrap(), "st_at_bank");
        let chosen = found(&shelf, "https://one", Some("shop")).unwrap();
        assert_eq!(chosen, "st_at_shop");
        shelf.forget(&acme).unwrap();
        assert_eq!(found(&shelf, "https://one", None).unwrap(), "st_at_shop");
    }

    #[test]
    fn files_are_their_owners_and_damaged_ones_are_no_sign_ins() {
        let directory = tempfile::tempdir().unwrap();
        let shelf = Shelf(directory.path().join("kept"));
        let acme = kept("https://one", "acme");
        shelf.keep(&acme).unwrap();
        shelf.keep(&acme).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!(mode(&shelf.path(&acme)), 0o600);
            assert_eq!(mode(&shelf.0), 0o700);
        }
        fs::write(shelf.0.join("other"), "{}").unwrap();
        fs::write(shelf.path(&acme), "{\"endpoint\":").unwrap();
        assert_eq!(found(&shelf, "https://one", None).unwrap(), "none");
    }

    #[test]
    fn a_sign_in_ends_to_the_second() {
        let at = |second| Timestamp::from_second(second).unwrap();
        assert!(kept("e", "acme").alive(at(999)).is_ok());
        let error = kept("e", "acme").alive(at(1000)).err().unwrap();
        assert!(error.to_string().contains("strongroom login"), "{error}");
    }
}
