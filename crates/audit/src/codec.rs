//! How values of the vocabulary stand in CBOR: identities as 16 bytes, instants as microseconds.

use minicbor::decode::{Decoder, Error as DecodeError};
use minicbor::encode::{Encoder, Error as EncodeError, Write};
use strongroom_types::{KeyId, OrganisationId, ProjectId, ServiceAccountId, Timestamp, UserId};

use crate::id::RecordId;

/// An identity of 16 bytes.
pub(crate) trait Sixteen: Sized {
    fn of(bytes: [u8; 16]) -> Self;
    fn bytes(&self) -> &[u8; 16];
}

macro_rules! sixteen {
    ($($name:ident),*) => {$(
        impl Sixteen for $name {
            fn of(bytes: [u8; 16]) -> Self {
                Self::from_bytes(bytes)
            }
            fn bytes(&self) -> &[u8; 16] {
                self.as_bytes()
            }
        }
    )*};
}

sixteen!(
    KeyId,
    OrganisationId,
    ProjectId,
    ServiceAccountId,
    UserId,
    RecordId
);

/// An identity that is always there.
pub(crate) mod identity {
    use super::*;

    pub(crate) fn encode<C, T: Sixteen, W: Write>(
        value: &T,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), EncodeError<W::Error>> {
        e.bytes(value.bytes())?.ok()
    }

    pub(crate) fn decode<'b, C, T: Sixteen>(
        d: &mut Decoder<'b>,
        _: &mut C,
    ) -> Result<T, DecodeError> {
        let bytes = d.bytes()?;
        <[u8; 16]>::try_from(bytes)
            .map(T::of)
            .map_err(|_| DecodeError::message("an identity has 16 bytes"))
    }
}

/// An identity that may be absent.
pub(crate) mod maybe_identity {
    use super::*;

    pub(crate) fn encode<C, T: Sixteen, W: Write>(
        value: &Option<T>,
        e: &mut Encoder<W>,
        context: &mut C,
    ) -> Result<(), EncodeError<W::Error>> {
        match value {
            Some(value) => super::identity::encode(value, e, context),
            None => e.null()?.ok(),
        }
    }

    pub(crate) fn decode<'b, C, T: Sixteen>(
        d: &mut Decoder<'b>,
        context: &mut C,
    ) -> Result<Option<T>, DecodeError> {
        super::identity::decode(d, context).map(Some)
    }

    pub(crate) fn nil<T>() -> Option<Option<T>> {
        Some(None)
    }

    pub(crate) fn is_nil<T>(value: &Option<T>) -> bool {
        value.is_none()
    }
}

/// An instant, as microseconds since 1970.
pub(crate) mod instant {
    use super::*;

    pub(crate) fn encode<C, W: Write>(
        value: &Timestamp,
        e: &mut Encoder<W>,
        _: &mut C,
    ) -> Result<(), EncodeError<W::Error>> {
        e.i64(value.as_microsecond())?.ok()
    }

    pub(crate) fn decode<'b, C>(d: &mut Decoder<'b>, _: &mut C) -> Result<Timestamp, DecodeError> {
        Timestamp::from_microsecond(d.i64()?)
            .map_err(|_| DecodeError::message("an instant out of range"))
    }
}
