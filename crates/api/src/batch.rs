//! Many operations in one call: each item is answered on its own (ours; docs/kms.md).

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use strongroom_types::{Plaintext, Version};
use utoipa::ToSchema;

use crate::crypto::{Decrypt, Encrypt};
use crate::object::Object;
use crate::request_error::RequestError;
use crate::sensitive::{SensitiveBody, SensitiveJson};
use crate::sign::{Sign, Verify};

/// The most items in one call.
pub const MAX_BATCH: usize = 100;

/// The items of a call, in its order. What is wrong with one is no matter of the others.
pub struct Batch<T> {
    /// Each item, or why it cannot be understood.
    pub items: Vec<Result<T, RequestError>>,
}

impl<T> Batch<T> {
    fn read(
        body: &[u8],
        read: impl Fn(&Object<'_>) -> Result<T, RequestError>,
    ) -> Result<Self, RequestError> {
        let object = Object::parse(body)?;
        let field = "items";
        let raw = object.given(field).ok_or(RequestError::Missing { field })?;
        let wrong = |_| RequestError::Type {
            field: field.to_owned(),
            expected: "an array of objects",
        };
        let raw: Vec<&RawValue> = serde_json::from_str(raw.get()).map_err(wrong)?;
        if !(1..=MAX_BATCH).contains(&raw.len()) {
            let (max, len) = (MAX_BATCH, raw.len());
            return Err(RequestError::Entries { field, max, len });
        }
        let one = |(index, raw): (usize, &&RawValue)| {
            let name = format!("items[{index}]");
            read(&Object::of(raw, format!("{name}."), &format!("`{name}`"))?)
        };
        Ok(Self {
            items: raw.iter().enumerate().map(one).collect(),
        })
    }
}

macro_rules! batches {
    ($($item:ident)*) => {$(
        impl Batch<$item> {
            /// Reads a body: `{"items": […]}` with 1 to [`MAX_BATCH`] items.
            pub fn parse(body: &[u8]) -> Result<Self, RequestError> {
                Self::read(body, $item::read)
            }
        }
    )*};
}

batches! { Encrypt Decrypt Sign Verify }

/// What a batch answers, item by item in the order of the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BatchReply {
    /// The answers.
    pub items: Vec<BatchAnswer>,
}

/// The answer to one item: what the single call would answer, or `code` and `message`.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct BatchAnswer {
    /// Of an encrypt.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ciphertext: Option<String>,
    /// Of a sign.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
    /// Of a verify.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid: Option<bool>,
    /// The version of the key that was used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_version: Option<String>,
    /// Why there is no answer: a code of the error catalogue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Why there is no answer, for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// The answer to one item of a batch of decrypts.
pub enum DecryptAnswer {
    /// What the ciphertext held, and the version of the key that opened it.
    Opened(Plaintext, Version),
    /// Why it did not open.
    Refused {
        /// A code of the error catalogue.
        code: String,
        /// For people.
        message: String,
    },
}

/// The body of a batch of decrypts' reply.
pub fn decrypt_batch_reply(answers: &[DecryptAnswer]) -> SensitiveBody {
    const FRAME: usize = 80;
    // What might need escapes is escaped before the room for it is reckoned.
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let texts: Vec<_> = answers
        .iter()
        .map(|answer| match answer {
            DecryptAnswer::Opened(..) => None,
            DecryptAnswer::Refused { code, message } => Some((quoted(code), quoted(message))),
        })
        .collect();
    let room = |(answer, texts): (&DecryptAnswer, &Option<(String, String)>)| {
        let texts = texts
            .as_ref()
            .map_or(0, |(one, other)| one.len() + other.len());
        let bytes = match answer {
            DecryptAnswer::Opened(bytes, _) => bytes.len().div_ceil(3) * 4,
            DecryptAnswer::Refused { .. } => 0,
        };
        FRAME + texts + bytes
    };
    let room = answers.iter().zip(&texts).map(room).sum::<usize>();
    let mut json = SensitiveJson::new(FRAME + room);
    json.open_list("items");
    for (answer, texts) in answers.iter().zip(&texts) {
        json.open_item();
        match (answer, texts) {
            (DecryptAnswer::Opened(bytes, version), _) => {
                json.secret("plaintext", bytes);
                json.plain("keyVersion", version);
            }
            (DecryptAnswer::Refused { .. }, Some((code, message))) => {
                json.json("code", code);
                json.json("message", message);
            }
            (DecryptAnswer::Refused { .. }, None) => {}
        }
        json.close_item();
    }
    json.close_list();
    json.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_item_is_read_on_its_own() {
        let body = br#"{"items":[{"plaintext":"aGk="},{"plaintext":"!"},7,{}]}"#;
        let batch = Batch::<Encrypt>::parse(body).unwrap();
        let mut items = batch.items.into_iter();
        assert_eq!(items.next().unwrap().unwrap().plaintext.expose(), b"hi");
        let messages: Vec<_> = items.map(|item| item.err().unwrap().to_string()).collect();
        assert!(messages[0].contains("`items[1].plaintext`"), "{messages:?}");
        assert!(
            messages[1].contains("`items[2]` must be a JSON object"),
            "{messages:?}"
        );
        assert!(
            messages[2].contains("`plaintext` is required"),
            "{messages:?}"
        );
    }

    #[test]
    fn a_batch_has_some_items_and_not_too_many() {
        let many = |count: usize| format!(r#"{{"items":[{}]}}"#, vec!["{}"; count].join(","));
        let read = |body: &str| Batch::<Decrypt>::parse(body.as_bytes()).map(|all| all.items.len());
        assert_eq!(read(&many(MAX_BATCH)).unwrap(), MAX_BATCH);
        for body in [&many(0), &many(MAX_BATCH + 1), "{}", r#"{"items":{}}"#] {
            let message = read(body).unwrap_err().to_string();
            assert!(message.contains("`items`"), "{message}");
        }
    }

    #[test]
    fn opened_and_refused_items_share_one_body() {
        let reply = decrypt_batch_reply(&[
            DecryptAnswer::Opened(Plaintext::new(b"hi".to_vec()), Version::FIRST),
            DecryptAnswer::Refused {
                code: "invalid_ciphertext".to_owned(),
                message: "a \"quoted\" word".to_owned(),
            },
            DecryptAnswer::Opened(Plaintext::new(vec![0; 1000]), Version::FIRST),
        ]);
        let read: serde_json::Value = serde_json::from_slice(reply.as_ref()).unwrap();
        assert_eq!(
            read["items"][0],
            serde_json::json!({"plaintext": "aGk=", "keyVersion": "1"})
        );
        assert_eq!(read["items"][1]["message"], "a \"quoted\" word");
        assert_eq!(read["items"].as_array().unwrap().len(), 3);
    }
}
