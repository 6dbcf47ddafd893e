//! Values on their way in.

use strongroom_crypto::EntropyError;
use strongroom_types::{Plaintext, SecretValue, ValueFormat};

use super::value::{self, ValueError};
use super::versions::IncomingValue;
use crate::engine::Inner;

/// A value for a new version.
pub enum NewValue {
    /// Given by the caller.
    Given {
        /// The value.
        value: SecretValue,
        /// Whether some of it arrived raw and was taken as it stood (contract 6.2).
        taken_raw: bool,
    },
    /// To be drawn at random.
    Generate {
        /// How many bytes, 16–4096.
        bytes: usize,
    },
}

/// Why a value was not taken.
#[derive(Debug, thiserror::Error)]
pub enum IncomingError {
    /// It breaks a limit.
    #[error(transparent)]
    Value(#[from] ValueError),
    /// No random bytes were to be had.
    #[error("no randomness")]
    Entropy(#[source] EntropyError),
}

impl NewValue {
    pub(super) fn taken_raw(&self) -> bool {
        matches!(
            self,
            Self::Given {
                taken_raw: true,
                ..
            }
        )
    }

    pub(super) fn prepare(self, inner: &Inner) -> Result<IncomingValue, IncomingError> {
        let value = match self {
            Self::Given { value, .. } => {
                value::check(&value, &inner.settings.values)?;
                value
            }
            Self::Generate { bytes } => {
                let mut random = vec![0; value::check_generated(bytes)?];
                inner
                    .vault
                    .entropy()
                    .fill(&mut random)
                    .map_err(IncomingError::Entropy)?;
                SecretValue::String(Plaintext::new(random))
            }
        };
        let format: ValueFormat = value.format();
        Ok(IncomingValue {
            bytes: value::encode(value),
            format,
        })
    }
}
