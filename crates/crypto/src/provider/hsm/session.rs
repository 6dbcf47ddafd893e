//! One visit to a module: load, log in, work, leave.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::aead::GcmParams;
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::UserType;
use cryptoki::slot::{Slot, TokenInfo};
use cryptoki::types::RawAuthPin;
use strongroom_types::Plaintext;

use super::wrapped::NONCE;
use super::{HsmError, HsmPlace, HsmToken, Missing, WrappedRoot};
use crate::{Entropy, LibraryError, RootKey, random};

/// What is wrapped under the key for this purpose opens for no other.
const PURPOSE: &[u8] = b"strongroom/root-key/pkcs11/1";
/// Bits of the tag.
const TAG: u64 = 128;
/// Bytes of the wrapping key.
const WRAPPING_KEY: u64 = 32;

/// A module is initialised once in a process, so one visit at a time.
static ONE_VISIT: Mutex<()> = Mutex::new(());

/// A session that is logged in.
pub(super) struct Session<'p> {
    place: &'p HsmPlace,
    session: cryptoki::session::Session,
}

impl<'p> Session<'p> {
    /// Opens a session, works, and closes it and the module however the work ended.
    pub(super) fn run<T>(
        place: &'p HsmPlace,
        pin: &Plaintext,
        missing: Missing,
        work: impl FnOnce(&Self) -> Result<T, HsmError>,
    ) -> Result<T, HsmError> {
        // Whoever panicked in here left nothing behind that the next visit relies on.
        let _one = ONE_VISIT.lock().unwrap_or_else(PoisonError::into_inner);
        let module = load(&place.module)?;
        let outcome = Self::open(&module, place, pin, missing).and_then(|session| {
            let outcome = work(&session);
            let closed = session.session.close();
            let value = outcome?;
            closed.map_err(refused("close the session"))?;
            Ok(value)
        });
        let ended = module.finalize();
        let value = outcome?;
        ended.map_err(refused("end"))?;
        Ok(value)
    }

    fn open(
        module: &Pkcs11,
        place: &'p HsmPlace,
        pin: &Plaintext,
        missing: Missing,
    ) -> Result<Self, HsmError> {
        let (slot, token) = find_token(module, &place.token)?;
        if token.user_pin_locked() {
            return Err(HsmError::Locked);
        }
        if token.user_pin_final_try() {
            return Err(HsmError::LastTry);
        }
        let session = match missing {
            Missing::Make => module.open_rw_session(slot),
            Missing::Fail => module.open_ro_session(slot),
        };
        let session = session.map_err(refused("open a session"))?;
        let pin = RawAuthPin::new(Box::new(pin.expose().to_vec()));
        match session.login_with_raw(UserType::User, &pin) {
            Ok(()) => Ok(Self { place, session }),
            Err(error) => Err(not_logged_in(error)),
        }
    }

    /// The key that wraps.
    pub(super) fn wrapping_key(&self, missing: Missing) -> Result<ObjectHandle, HsmError> {
        let label = || self.place.key.clone();
        let found = self.session.find_objects(&[
            Attribute::Class(ObjectClass::SECRET_KEY),
            Attribute::KeyType(KeyType::AES),
            Attribute::Label(label().into_bytes()),
        ]);
        let key = match *found.map_err(refused("look for the key"))?.as_slice() {
            [key] => key,
            [] if missing == Missing::Make => self.make_wrapping_key()?,
            [] => return Err(HsmError::Key { label: label() }),
            _ => return Err(HsmError::Keys { label: label() }),
        };
        let kinds = [AttributeType::Extractable, AttributeType::Sensitive];
        let attributes = self.session.get_attributes(key, &kinds);
        let attributes = attributes.map_err(refused("tell the attributes of the key"))?;
        let stays = [Attribute::Extractable(false), Attribute::Sensitive(true)];
        if stays.iter().all(|wanted| attributes.contains(wanted)) {
            Ok(key)
        } else {
            Err(HsmError::Extractable { label: label() })
        }
    }

    fn make_wrapping_key(&self) -> Result<ObjectHandle, HsmError> {
        let template = [
            Attribute::Token(true),
            Attribute::Private(true),
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
            Attribute::Encrypt(true),
            Attribute::Decrypt(true),
            Attribute::Sign(false),
            Attribute::Verify(false),
            Attribute::Wrap(false),
            Attribute::Unwrap(false),
            Attribute::ValueLen(WRAPPING_KEY.into()),
            Attribute::Label(self.place.key.clone().into_bytes()),
        ];
        let made = self.session.generate_key(&Mechanism::AesKeyGen, &template);
        made.map_err(refused("make an AES key"))
    }

    /// Wraps bytes under the key.
    pub(super) fn wrap(
        &self,
        key: ObjectHandle,
        bytes: &[u8],
        entropy: &dyn Entropy,
    ) -> Result<WrappedRoot, HsmError> {
        let mut nonce: [u8; NONCE] = random(entropy)?;
        let params = GcmParams::new(&mut nonce, PURPOSE, TAG.into());
        let mechanism = Mechanism::AesGcm(params.map_err(refused("take a nonce"))?);
        let wrapped = self.session.encrypt(&mechanism, key, bytes);
        let wrapped = wrapped.map_err(refused("wrap with AES-GCM"))?;
        // Some modules insist on a nonce of their own, and have written it over ours.
        Ok(WrappedRoot::new(nonce, wrapped))
    }

    /// Unwraps what [`Session::wrap`] gave.
    pub(super) fn unwrap(
        &self,
        key: ObjectHandle,
        wrapped: &WrappedRoot,
    ) -> Result<Plaintext, HsmError> {
        let mut nonce = *wrapped.nonce();
        let params = GcmParams::new(&mut nonce, PURPOSE, TAG.into());
        let mechanism = Mechanism::AesGcm(params.map_err(refused("take a nonce"))?);
        match self.session.decrypt(&mechanism, key, wrapped.ciphertext()) {
            Ok(bytes) if bytes.len() == RootKey::LENGTH => Ok(Plaintext::new(bytes)),
            Ok(bytes) => {
                drop(Plaintext::new(bytes));
                Err(HsmError::Foreign { source: None })
            }
            Err(error) if is_of_another_key(&error) => Err(HsmError::Foreign {
                source: Some(LibraryError::new(error)),
            }),
            Err(error) => Err(refused("unwrap with AES-GCM")(error)),
        }
    }
}

fn load(path: &Path) -> Result<Pkcs11, HsmError> {
    let module = Pkcs11::new(path).map_err(|error| HsmError::Module {
        path: path.to_owned(),
        source: LibraryError::new(error),
    })?;
    module
        .initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK))
        .map_err(refused("start"))?;
    Ok(module)
}

fn find_token(module: &Pkcs11, wanted: &HsmToken) -> Result<(Slot, TokenInfo), HsmError> {
    let slots = module.get_slots_with_initialized_token();
    let mut tokens = Vec::new();
    for slot in slots.map_err(refused("list its tokens"))? {
        let token = module.get_token_info(slot);
        tokens.push((slot, token.map_err(refused("describe a token"))?));
    }
    let labels: Vec<String> = tokens
        .iter()
        .map(|(slot, token)| format!("\"{}\" in slot {}", token.label(), slot.id()))
        .collect();
    tokens.retain(|(slot, token)| match wanted {
        HsmToken::Label(label) => token.label() == label,
        HsmToken::Slot(id) => slot.id() == *id,
    });
    match (tokens.pop(), tokens.is_empty(), wanted) {
        (Some(found), true, _) => Ok(found),
        (Some(_), false, HsmToken::Label(label)) => Err(HsmError::Tokens {
            label: label.clone(),
        }),
        _ => Err(HsmError::Token {
            wanted: wanted.clone(),
            found: match labels.len() {
                0 => "none".to_owned(),
                _ => labels.join(", "),
            },
        }),
    }
}

fn not_logged_in(error: Error) -> HsmError {
    match error {
        Error::Pkcs11(RvError::PinLocked, _) => HsmError::Locked,
        Error::Pkcs11(
            RvError::PinIncorrect
            | RvError::PinInvalid
            | RvError::PinLenRange
            | RvError::PinExpired,
            _,
        ) => HsmError::Pin(LibraryError::new(error)),
        error => refused("log in")(error),
    }
}

/// Whether this is how modules say that the tag of a ciphertext is wrong. Not all of them have the
/// word for it that the standard has.
fn is_of_another_key(error: &Error) -> bool {
    matches!(
        error,
        Error::Pkcs11(
            RvError::EncryptedDataInvalid
                | RvError::EncryptedDataLenRange
                | RvError::GeneralError
                | RvError::FunctionFailed,
            _
        )
    )
}

fn refused(action: &'static str) -> impl Fn(Error) -> HsmError {
    move |error| HsmError::Refused {
        action,
        source: LibraryError::new(error),
    }
}
