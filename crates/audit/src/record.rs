//! Records: one per call, with the service events that the call caused.

use std::net::IpAddr;

use minicbor::{Decode, Encode};
use strongroom_types::{OrganisationId, ProjectId, ServiceAccountId, Timestamp, UserId};

use crate::codec;
use crate::encoding::{EncodeError, EncodedRecord, RecordError, Sink};
use crate::event::{Resource, ServiceEvent};
use crate::id::RecordId;
use crate::text::{LongText, ShortText, Text};

/// Who called.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Encode, Decode)]
pub enum Principal<'a> {
    /// A person.
    #[n(0)]
    #[cbor(map)]
    User {
        /// The identity.
        #[cbor(n(0), with = "codec::identity")]
        id: UserId,
        /// The name that people see.
        #[b(1)]
        name: Option<Text<'a>>,
        /// The e-mail address.
        #[b(2)]
        email: Option<Text<'a>>,
    },
    /// A service account.
    #[n(1)]
    #[cbor(map)]
    ServiceAccount {
        /// The identity.
        #[cbor(n(0), with = "codec::identity")]
        id: ServiceAccountId,
        /// The name that people see.
        #[b(1)]
        name: Option<Text<'a>>,
        /// The slug.
        #[b(2)]
        slug: Option<Text<'a>>,
    },
}

impl Principal<'_> {
    /// The same, borrowing nothing.
    pub fn into_owned(self) -> Principal<'static> {
        match self {
            Self::User { id, name, email } => Principal::User {
                id,
                name: name.map(Text::into_owned),
                email: email.map(Text::into_owned),
            },
            Self::ServiceAccount { id, name, slug } => Principal::ServiceAccount {
                id,
                name: name.map(Text::into_owned),
                slug: slug.map(Text::into_owned),
            },
        }
    }
}

/// What the caller identified itself with. Never the credential itself.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Credential<'a> {
    /// The credential's identity (`tok-…`, `cred-…`).
    #[b(0)]
    pub id: Text<'a>,
    /// Its type: `personal_access_token`, `access_token`, `access_credential`, ….
    #[b(1)]
    pub kind: Text<'a>,
}

/// A header that is safe to keep (contract 5.2). Never `Authorization` or a cookie.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Encode, Decode)]
pub struct Header<'a> {
    /// The name.
    #[b(0)]
    pub name: Text<'a>,
    /// The value, cut at 256 bytes.
    #[b(1)]
    pub value: ShortText<'a>,
}

/// One call, as the journal keeps it. Encoded as a CBOR map; readers skip keys that they do not
/// know, and writers leave out what is absent.
///
/// The lifetime lets the hot path lend its texts; a record read back borrows from its frame.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(map)]
pub struct Record<'a> {
    /// Its identity.
    #[cbor(n(0), with = "codec::identity")]
    pub id: RecordId,
    /// When the call began.
    #[cbor(n(1), with = "codec::instant")]
    pub at: Timestamp,
    /// The organisation, once one is known. Records without one belong to no organisation's log.
    #[cbor(n(2), with = "codec::maybe_identity", has_nil)]
    pub organisation: Option<OrganisationId>,
    /// Whether the system itself made the call (scheduled rotation, expiry).
    #[cbor(n(3), skip_if = "is_false")]
    pub system: bool,
    /// The HTTP status of the reply.
    #[n(4)]
    pub status: u16,
    /// How long the call took, in microseconds.
    #[n(5)]
    pub duration_us: u64,
    /// The HTTP method.
    #[b(6)]
    pub method: Text<'a>,
    /// The path, without the query.
    #[b(7)]
    pub path: LongText<'a>,
    /// Who called, once known.
    #[b(8)]
    pub principal: Option<Principal<'a>>,
    /// The project.
    #[cbor(n(9), with = "codec::maybe_identity", has_nil)]
    pub project: Option<ProjectId>,
    /// The region.
    #[b(10)]
    pub region: Option<Text<'a>>,
    /// Where the call came from.
    #[n(11)]
    pub client_ip: Option<IpAddr>,
    /// What the client calls itself, cut at 256 bytes.
    #[b(12)]
    pub user_agent: Option<ShortText<'a>>,
    /// What the caller identified itself with.
    #[b(13)]
    pub credential: Option<Credential<'a>>,
    /// The request's identity, as in the reply and the server's log.
    #[b(14)]
    pub request_id: Option<Text<'a>>,
    /// What the call was about, for the generic entry.
    #[b(15)]
    pub resource: Option<Resource<'a>>,
    /// Headers that are safe to keep.
    #[cbor(b(16), skip_if = "Vec::is_empty")]
    pub headers: Vec<Header<'a>>,
    /// What the services did.
    #[cbor(b(17), skip_if = "Vec::is_empty")]
    pub events: Vec<ServiceEvent<'a>>,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

impl<'a> Record<'a> {
    /// The most bytes that an encoded record may have.
    pub const MAX_BYTES: usize = 1 << 20;

    /// A record with only what every call has.
    pub fn new(id: RecordId, at: Timestamp, method: &'a str, path: &'a str, status: u16) -> Self {
        Self {
            id,
            at,
            organisation: None,
            system: false,
            status,
            duration_us: 0,
            method: method.into(),
            path: path.into(),
            principal: None,
            project: None,
            region: None,
            client_ip: None,
            user_agent: None,
            credential: None,
            request_id: None,
            resource: None,
            headers: Vec::new(),
            events: Vec::new(),
        }
    }

    /// Appends the encoded record to the buffer.
    pub(crate) fn encode_into(&self, buffer: &mut Vec<u8>) -> Result<(), EncodeError> {
        // Entries are numbered with 16 bits, and the generic one is number 0.
        if self.events.len() >= usize::from(u16::MAX) {
            return Err(EncodeError::Events {
                found: self.events.len(),
            });
        }
        let start = buffer.len();
        // Writing to memory cannot fail, and no encoder here refuses a value.
        minicbor::encode(self, Sink(&mut *buffer))
            .map_err(|source| EncodeError::Codec { source })?;
        let found = buffer.len() - start;
        if found > Self::MAX_BYTES {
            buffer.truncate(start);
            return Err(EncodeError::Bytes { found });
        }
        Ok(())
    }

    /// The record as bytes, for the outbox row that commits with a mutation.
    ///
    /// # Errors
    ///
    /// More than 65,534 events, or more than [`Record::MAX_BYTES`].
    pub fn encode(&self) -> Result<EncodedRecord, EncodeError> {
        let mut bytes = Vec::with_capacity(1024);
        self.encode_into(&mut bytes)?;
        Ok(EncodedRecord::of(self, bytes))
    }

    /// Reads an encoded record, borrowing its texts.
    ///
    /// # Errors
    ///
    /// The bytes are no record.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, RecordError> {
        minicbor::decode(bytes).map_err(RecordError::from)
    }

    /// The same, borrowing nothing.
    pub fn into_owned(self) -> Record<'static> {
        Record {
            id: self.id,
            at: self.at,
            organisation: self.organisation,
            system: self.system,
            status: self.status,
            duration_us: self.duration_us,
            method: self.method.into_owned(),
            path: self.path.into_owned(),
            principal: self.principal.map(Principal::into_owned),
            project: self.project,
            region: self.region.map(Text::into_owned),
            client_ip: self.client_ip,
            user_agent: self.user_agent.map(Text::into_owned),
            credential: self.credential.map(|credential| Credential {
                id: credential.id.into_owned(),
                kind: credential.kind.into_owned(),
            }),
            request_id: self.request_id.map(Text::into_owned),
            resource: self.resource.map(Resource::into_owned),
            headers: self
                .headers
                .into_iter()
                .map(|header| Header {
                    name: header.name.into_owned(),
                    value: header.value.into_owned(),
                })
                .collect(),
            events: self
                .events
                .into_iter()
                .map(ServiceEvent::into_owned)
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::{Action, Outcome, Value};
    use proptest::prelude::*;
    use strongroom_types::KeyId;

    fn full() -> Record<'static> {
        let at = Timestamp::from_microsecond(1_800_000_000_123_456).unwrap();
        let mut record = Record::new(RecordId::new(at, [9; 8]), at, "POST", "/v1/kms", 403);
        record.organisation = Some(OrganisationId::from_bytes([1; 16]));
        record.system = true;
        record.duration_us = u64::MAX;
        record.principal = Some(Principal::User {
            id: UserId::from_bytes([2; 16]),
            name: Some("Ada".into()),
            email: Some("ada@example.org".into()),
        });
        record.project = Some(ProjectId::from_bytes([3; 16]));
        record.region = Some("nl-01".into());
        record.client_ip = Some("2001:db8::1".parse().unwrap());
        record.user_agent = Some("curl/8".into());
        record.credential = Some(Credential {
            id: "tok-1".into(),
            kind: "personal_access_token".into(),
        });
        record.request_id = Some("r-1".into());
        record.resource = Some(Resource::key(KeyId::from_bytes([4; 16])));
        record.headers = vec![Header {
            name: "Accept".into(),
            value: "*/*".into(),
        }];
        record.events = vec![
            ServiceEvent::new(Action::KmsDecrypt, Some(Resource::secret("/a")))
                .ended(Outcome::Denied, "iam")
                .with("text", "x")
                .with("number", u32::MAX)
                .with("flag", true)
                .with("key", KeyId::from_bytes([5; 16]))
                .with("project", ProjectId::from_bytes([6; 16])),
        ];
        record
    }

    #[test]
    fn a_record_reads_as_encoded() {
        let encoded = full().encode().unwrap();
        assert_eq!(encoded.id(), full().id);
        let decoded = Record::decode(encoded.as_bytes()).unwrap();
        assert_eq!(decoded, full());
        assert_eq!(decoded.into_owned(), full());
        let service = Record {
            principal: Some(Principal::ServiceAccount {
                id: ServiceAccountId::from_bytes([7; 16]),
                name: None,
                slug: Some("ci".into()),
            }),
            ..full()
        };
        let encoded = service.encode().unwrap();
        assert_eq!(Record::decode(encoded.as_bytes()).unwrap(), service);
    }

    #[test]
    fn what_is_absent_takes_no_space() {
        let at = Timestamp::UNIX_EPOCH;
        let record = Record::new(RecordId::new(at, [0; 8]), at, "GET", "/", 200);
        let encoded = record.encode().unwrap();
        assert_eq!(Record::decode(encoded.as_bytes()).unwrap(), record);
        // A map of six: identity, instant, status, duration, method, path.
        assert_eq!(encoded.as_bytes().first(), Some(&0xa6));
        assert_eq!(encoded.as_bytes().len(), 31);
    }

    /// The format is a promise to every journal that was ever written.
    #[test]
    fn the_encoding_is_pinned() {
        let encoded = full().encode().unwrap();
        let mut text = String::new();
        for byte in encoded.as_bytes() {
            std::fmt::Write::write_fmt(&mut text, format_args!("{byte:02x}")).unwrap();
        }
        assert_eq!(text, include_str!("../tests/data/record.hex").trim_end());
    }

    /// Words may stand in letters, as they did before they had numbers.
    #[test]
    fn words_in_letters_read_the_same() {
        let letters = include_str!("../tests/data/record-in-letters.hex").trim_end();
        let bytes: Vec<u8> = letters
            .as_bytes()
            .chunks(2)
            .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
            .collect();
        assert_eq!(Record::decode(&bytes).unwrap(), full());
    }

    #[test]
    fn fields_of_a_later_release_are_skipped() {
        let encoded = full().encode().unwrap();
        let (first, rest) = encoded.as_bytes().split_first().unwrap();
        // All eighteen fields are there, so that the map's head is one byte.
        assert_eq!(*first, 0xb2);
        let mut later = vec![0xb3];
        later.extend_from_slice(rest);
        later.extend_from_slice(&[0x18, 99, 0x82, 0x01, 0x61, b'x']);
        assert_eq!(Record::decode(&later).unwrap(), full());
    }

    #[test]
    fn limits_hold() {
        let event = ServiceEvent::new(Action::KmsSign, None);
        let many = Record {
            events: vec![event.clone(); 65_535],
            ..full()
        };
        assert!(matches!(
            many.encode(),
            Err(EncodeError::Events { found: 65_535 })
        ));
        let path = "/a".repeat(1024);
        let event = ServiceEvent::new(Action::KmsSign, Some(Resource::secret(&path)));
        let large = Record {
            events: vec![event; 600],
            ..full()
        };
        assert!(matches!(large.encode(), Err(EncodeError::Bytes { .. })));
        let agent = "x".repeat(10_000);
        let mut record = full();
        record.user_agent = Some(agent.as_str().into());
        record.path = agent.as_str().into();
        assert_eq!(record.user_agent.as_ref().unwrap().as_str().len(), 256);
        assert_eq!(record.path.as_str().len(), 2048);
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_decoder_fail_otherwise_than_by_an_error(
            bytes in proptest::collection::vec(any::<u8>(), 0..300),
            at: proptest::sample::Index,
            byte: u8,
        ) {
            let _ = Record::decode(&bytes);
            let mut near = full().encode().unwrap().as_bytes().to_vec();
            let at = at.index(near.len());
            near[at] = byte;
            if let Ok(record) = Record::decode(&near) {
                prop_assert!(record.encode().is_ok());
            }
        }

        #[test]
        fn numbers_and_texts_round_trip(number: i64, text in ".{0,200}") {
            for value in [Value::Number(number), Value::from(text.as_str())] {
                let bytes = minicbor::to_vec(&value).unwrap();
                prop_assert_eq!(minicbor::decode::<Value<'_>>(&bytes).unwrap(), value);
            }
        }
    }
}
