//! What keys do, beside axum alone and beside the library alone, and reveals while keys are drawn.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use strongroom_types::KeyType;

use super::drawing::Drawing;
use super::load::Load;
use super::primitive::{INPUT, Work};
use super::report::{Row, thousands};
use super::runs::Runs;
use super::scenario::{FOR_INFORMATION, file, reveals};
use super::{Bench, BenchError};
use crate::live::caller::{Caller, CallerError};
use crate::live::dataset::Dataset;

/// What is measured, one after the other.
const OPERATIONS: [(Work, KeyType); 13] = [
    (Work::Encrypt, KeyType::Aes256Gcm96),
    (Work::Decrypt, KeyType::Aes256Gcm96),
    (Work::Hmac, KeyType::HmacSha256),
    (Work::Sign, KeyType::Ed25519),
    (Work::Sign, KeyType::EcdsaP256),
    (Work::Sign, KeyType::EcdsaP384),
    (Work::Sign, KeyType::EcdsaP521),
    (Work::Sign, KeyType::Rsa2048),
    (Work::Sign, KeyType::Rsa3072),
    (Work::Sign, KeyType::Rsa4096),
    (Work::Verify, KeyType::Ed25519),
    (Work::Verify, KeyType::EcdsaP256),
    (Work::Verify, KeyType::Rsa2048),
];
/// Different inputs of one operation.
const INPUTS: u8 = 16;

impl Bench {
    /// Every operation of a key, and reveals beside the slowest thing that a key needs.
    pub(crate) async fn kms(&self) -> Result<Vec<Row>, BenchError> {
        let fresh = tempfile::tempdir_in(&self.scratch).map_err(file("making a directory"))?;
        let data = Dataset::open(&self.strongroom, fresh.path(), "kms", self.few).await?;
        let mut rows = Vec::new();
        for (work, key_type) in OPERATIONS {
            println!(" {} with {key_type}", work.as_str());
            rows.extend(self.operation(&data, work, key_type).await?);
        }
        println!(" reveal beside rsa-4096 keys");
        rows.push(self.reveal_beside_drawing(&data)?);
        Ok(rows)
    }

    async fn operation(
        &self,
        data: &Dataset,
        work: Work,
        key_type: KeyType,
    ) -> Result<[Row; 2], BenchError> {
        let library = self.library(work, key_type)?;
        let caller = data.caller();
        let key = caller.create_key(key_type, work.as_str()).await?;
        let url = |work: Work| caller.key_url(&key, work.as_str());
        let bodies = bodies(&caller, work, url).await?;
        let answer = match bodies.first() {
            Some(body) => caller.post(&url(work), body).await?,
            None => Vec::new(),
        };
        let bytes = answer.len().to_string();
        let axum = self.reference(&["reference", "--bytes", &bytes])?;
        let body = in_lua(&bodies);
        let load = Load {
            path: format!("'{}'", url(work)),
            body: &body,
            different: bodies.len(),
            ..reveals(data)
        };
        let [ours, bare] = self.alternate(&self.keys, [(&load, &data.server), (&load, &axum)])?;
        let what = format!("{}, {key_type}", work.as_str());
        let least = match work {
            Work::Encrypt => (0.4, "≥ 0.4"),
            Work::Decrypt | Work::Hmac | Work::Sign | Work::Verify => FOR_INFORMATION,
        };
        Ok([
            Row::of_runs(what.clone(), &ours, ("axum", &bare), least),
            Row::of_rates(what, &ours, ("library alone", library), FOR_INFORMATION),
        ])
    }

    /// What one core does with the library alone.
    fn library(&self, work: Work, key_type: KeyType) -> Result<f64, BenchError> {
        let measured = self.reference(&["primitive", work.as_str(), key_type.as_str()])?;
        let rate = measured.ready.get("rate").and_then(Value::as_f64);
        let rate = rate.unwrap_or(f64::NAN);
        println!("  {}/s with the library alone", thousands(rate));
        Ok(rate)
    }

    /// Reveals with and without a client that creates one RSA-4096 key after the other, all of it on
    /// the one core of the server: where there are more, drawing a key takes less from the others.
    fn reveal_beside_drawing(&self, data: &Dataset) -> Result<Row, BenchError> {
        let load = reveals(data);
        let run = |time| load.run(data.server.said("endpoint"), time, &self.scratch);
        run(self.keys.time)?;
        let (mut alone, mut beside) = (Runs::none(), Runs::none());
        for round in 0..self.keys.rounds {
            alone.push(run(self.pace.time)?);
            let drawing = Drawing::begin(data.caller(), KeyType::Rsa4096, round);
            let drawing = drawing.map_err(file("starting the client that creates keys"))?;
            let measured = run(self.pace.time);
            let drawn = drawing.end()?;
            let measured = measured?;
            println!("  {}/s, {drawn} keys", thousands(measured.rate));
            beside.push(measured);
        }
        Ok(Row::of_runs(
            "reveal, while rsa-4096 keys are drawn".to_owned(),
            &beside,
            ("none drawn", &alone),
            (0.9, "≥ 0.9"),
        ))
    }
}

/// The bodies of some calls of an operation, all of them right.
async fn bodies(
    caller: &Caller,
    work: Work,
    url: impl Fn(Work) -> String,
) -> Result<Vec<Value>, CallerError> {
    let mut bodies = Vec::new();
    for number in 0..INPUTS {
        let input = STANDARD.encode([number; INPUT]);
        bodies.push(match work {
            Work::Encrypt => json!({ "plaintext": input }),
            Work::Hmac | Work::Sign => json!({ "input": input }),
            Work::Decrypt => {
                let body = json!({ "plaintext": input });
                let encrypted = caller.post_json(&url(Work::Encrypt), &body).await?;
                json!({ "ciphertext": encrypted.get("ciphertext") })
            }
            Work::Verify => {
                let body = json!({ "input": input });
                let signed = caller.post_json(&url(Work::Sign), &body).await?;
                let body = json!({ "input": input, "signature": signed.get("signature") });
                let verified = caller.post_json(&url(Work::Verify), &body).await?;
                if verified.get("valid") != Some(&Value::Bool(true)) {
                    return Err(CallerError::NotValid);
                }
                body
            }
        });
    }
    Ok(bodies)
}

/// Lua that gives the body of request `i`.
fn in_lua(bodies: &[Value]) -> String {
    let texts: Vec<_> = bodies
        .iter()
        .map(|body| format!("{:?}", body.to_string()))
        .collect();
    format!("({{{}}})[i % {} + 1]", texts.join(","), bodies.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bodies_become_a_table_in_lua() {
        let bodies = [json!({ "input": "YQ==" }), json!({ "input": "Yg==" })];
        assert_eq!(
            in_lua(&bodies),
            r#"({"{\"input\":\"YQ==\"}","{\"input\":\"Yg==\"}"})[i % 2 + 1]"#
        );
    }

    #[test]
    fn every_type_that_signs_is_measured() {
        for key_type in KeyType::ALL {
            let signs = key_type.offers(strongroom_types::KeyOperation::Sign);
            assert_eq!(
                OPERATIONS.contains(&(Work::Sign, key_type)),
                signs,
                "{key_type}"
            );
        }
    }
}
