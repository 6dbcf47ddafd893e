//! How the vocabulary's types look inside rows (CBOR, RFC 8949).
//!
//! A field takes part by `#[cbor(n(0), with = "coded")]`.

use std::collections::BTreeMap;

use minicbor::decode::Error as DecodeError;
use minicbor::encode::{Error as EncodeError, Write};
use minicbor::{Decoder, Encoder};
use strongroom_types::{
    BindingId, CredentialId, Description, DisplayName, ElevationId, FederatedIdentityId,
    FederatedProviderId, InviteId, KeyId, KeyStatus, KeyType, Labels, Network, Networks,
    OrganisationId, ProjectId, RoleId, RuleId, SecretPath, ServiceAccountId, Slug, TeamId,
    Timestamp, TokenId, UserId, ValueFormat, Version, VersionStatus,
};

/// A type with one row format.
pub(crate) trait Coded: Sized {
    fn write<W: Write>(&self, e: &mut Encoder<W>) -> Result<(), EncodeError<W::Error>>;
    fn read(d: &mut Decoder<'_>) -> Result<Self, DecodeError>;
}

pub(crate) fn encode<T: Coded, C, W: Write>(
    value: &T,
    e: &mut Encoder<W>,
    _: &mut C,
) -> Result<(), EncodeError<W::Error>> {
    value.write(e)
}

pub(crate) fn decode<T: Coded, C>(d: &mut Decoder<'_>, _: &mut C) -> Result<T, DecodeError> {
    T::read(d)
}

impl<T: Coded> Coded for Option<T> {
    fn write<W: Write>(&self, e: &mut Encoder<W>) -> Result<(), EncodeError<W::Error>> {
        match self {
            Some(value) => value.write(e),
            None => e.null().map(drop),
        }
    }

    fn read(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        if d.datatype()? == minicbor::data::Type::Null {
            d.null()?;
            return Ok(None);
        }
        T::read(d).map(Some)
    }
}

impl<T: Coded> Coded for Vec<T> {
    fn write<W: Write>(&self, e: &mut Encoder<W>) -> Result<(), EncodeError<W::Error>> {
        e.array(self.len() as u64)?;
        self.iter().try_for_each(|item| item.write(e))
    }

    fn read(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let count = d
            .array()?
            .ok_or_else(|| DecodeError::message("an array of unknown length"))?;
        (0..count).map(|_| T::read(d)).collect()
    }
}

macro_rules! identities {
    ($($name:ident)*) => {$(
        impl Coded for $name {
            fn write<W: Write>(&self, e: &mut Encoder<W>) -> Result<(), EncodeError<W::Error>> {
                e.bytes(self.as_bytes()).map(drop)
            }

            fn read(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
                let bytes = d.bytes()?;
                bytes
                    .try_into()
                    .map(Self::from_bytes)
                    .map_err(|_| DecodeError::message("an identity is not 16 bytes"))
            }
        }
    )*};
}

identities! {
    BindingId CredentialId ElevationId FederatedIdentityId FederatedProviderId InviteId KeyId OrganisationId ProjectId RoleId RuleId ServiceAccountId TeamId
    TokenId UserId
}

macro_rules! texts {
    ($($name:ident)*) => {$(
        impl Coded for $name {
            fn write<W: Write>(&self, e: &mut Encoder<W>) -> Result<(), EncodeError<W::Error>> {
                e.str(self.as_str()).map(drop)
            }

            fn read(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
                d.str()?
                    .parse()
                    .map_err(|_| DecodeError::message(concat!("no ", stringify!($name))))
            }
        }
    )*};
}

texts! { Description DisplayName SecretPath Slug KeyType }

impl Coded for Timestamp {
    fn write<W: Write>(&self, e: &mut Encoder<W>) -> Result<(), EncodeError<W::Error>> {
        e.i64(self.as_microsecond()).map(drop)
    }

    fn read(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Self::from_microsecond(d.i64()?).map_err(|_| DecodeError::message("a time out of range"))
    }
}

/// Ranges as their text, so that what cannot be read is no row rather than no limit.
impl Coded for Networks {
    fn write<W: Write>(&self, e: &mut Encoder<W>) -> Result<(), EncodeError<W::Error>> {
        e.array(self.ranges().len() as u64)?;
        for range in self.ranges() {
            e.str(&range.to_string())?;
        }
        Ok(())
    }

    fn read(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let count = d
            .array()?
            .ok_or_else(|| DecodeError::message("an array of unknown length"))?;
        let range = |text: &str| text.parse::<Network>();
        let ranges = (0..count)
            .map(|_| range(d.str()?).map_err(|_| DecodeError::message("no range of addresses")));
        ranges.collect::<Result<Vec<_>, _>>().map(Self::of)
    }
}

impl Coded for Version {
    fn write<W: Write>(&self, e: &mut Encoder<W>) -> Result<(), EncodeError<W::Error>> {
        e.u64(self.get()).map(drop)
    }

    fn read(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Self::new(d.u64()?).map_err(|_| DecodeError::message("a version out of range"))
    }
}

impl Coded for Labels {
    fn write<W: Write>(&self, e: &mut Encoder<W>) -> Result<(), EncodeError<W::Error>> {
        e.map(self.as_map().len() as u64)?;
        for (key, value) in self.as_map() {
            e.str(key)?.str(value)?;
        }
        Ok(())
    }

    fn read(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let entries = d.map_iter::<String, String>()?;
        entries
            .collect::<Result<BTreeMap<_, _>, _>>()
            .map(Self::from_stored)
    }
}

macro_rules! numbered {
    ($($name:ident { $($variant:ident = $number:literal),* $(,)? })*) => {$(
        impl Coded for $name {
            fn write<W: Write>(&self, e: &mut Encoder<W>) -> Result<(), EncodeError<W::Error>> {
                e.u8(match self { $(Self::$variant => $number),* }).map(drop)
            }

            fn read(d: &mut Decoder<'_>) -> Result<Self, DecodeError> {
                match d.u8()? {
                    $($number => Ok(Self::$variant),)*
                    _ => Err(DecodeError::message(concat!("no ", stringify!($name)))),
                }
            }
        }
    )*};
}

numbered! {
    VersionStatus { Active = 0, Destroyed = 1 }
    ValueFormat { String = 0, KeyValue = 1 }
    KeyStatus { Active = 0, Disabled = 1, PendingDeletion = 2 }
}
