//! What bad input is thrown at, and how it must look afterwards.

use serde_json::{Value, json};
use strongroom_testkit::api::{KEYS, SECRETS};
use strongroom_testkit::{Caller, House, Reply, Tenant, b64};

/// Stands in the place of values; no answer and no record may ever hold it.
pub(crate) const MARK: &str = "hunter2-the-canary";

/// A house with one secret and one key, and how they were.
pub(crate) struct Scene<'h> {
    pub(crate) acme: Tenant<'h>,
    before: Value,
}

impl<'h> Scene<'h> {
    pub(crate) fn new(house: &'h House) -> Self {
        let acme = house.tenant("acme");
        acme.owner.create("/a", &acme.key, "v").expect(201);
        let before = state(&acme.owner);
        Self { acme, before }
    }

    pub(crate) fn owner(&self) -> &Caller {
        &self.acme.owner
    }

    /// Insists that nothing was written and nothing was said that must not be.
    pub(crate) fn is_unharmed(&self) {
        is_unharmed(self.owner(), &self.before);
    }

    /// The owner and how things were, to look again when the house was opened anew.
    pub(crate) fn left(self) -> (Caller, Value) {
        (self.acme.owner, self.before)
    }
}

/// Insists that nothing was written since `before`, and nothing was said that must not be.
pub(crate) fn is_unharmed(owner: &Caller, before: &Value) {
    assert_eq!(&state(owner), before);
    let log = Value::Array(owner.audit("includeSystemServices=true"));
    assert!(
        !log.to_string().contains(MARK),
        "the audit log holds a value"
    );
    assert_eq!(owner.value_of("/a"), "v");
    assert_eq!(owner.put_value("/a", "v").expect(200).json()["version"], 2);
}

/// All that a call could have changed: secrets, versions, keys, and the records of changes.
pub(crate) fn state(owner: &Caller) -> Value {
    let changes = "action=secret.create,secret.put_value,secret.update_policy,secret.delete,\
                   secret.destroy_version,kms.rotate&responseStatus=";
    let changes = ["200", "201", "204"].map(|status| owner.audit(&format!("{changes}{status}")));
    json!([
        owner
            .get(&format!("{SECRETS}?pathPrefix=/"))
            .expect(200)
            .json(),
        owner.metadata("/a")["versions"],
        owner.get(KEYS).expect(200).json(),
        changes,
    ])
}

/// Insists on a refusal that explains itself and repeats nothing.
pub(crate) fn explains(reply: Reply, status: u16, named: &str) {
    let reply = reply.expect(status);
    reply.code();
    let message = reply.message();
    assert!(message.contains(named), "{named} is not named: {message}");
    assert!(!reply.text().contains(MARK), "{}", reply.text());
}

/// A create with a body in which one field is as given, unquoted.
pub(crate) fn create(scene: &Scene<'_>, field: &str, value: &str) -> Reply {
    let mut fields = vec![
        ("path", "\"/b\"".to_owned()),
        ("kmsKeyIdentity", format!("\"{}\"", scene.acme.key)),
        ("secretString", format!("\"{}\"", b64(MARK))),
    ];
    fields.retain(|(name, _)| *name != field);
    if ["secretKeyValues", "generateSecret"].contains(&field) {
        fields.retain(|(name, _)| *name != "secretString");
    }
    fields.push((field, value.to_owned()));
    let fields: Vec<_> = fields
        .iter()
        .map(|(name, value)| format!("\"{name}\":{value}"))
        .collect();
    let body = format!("{{{}}}", fields.join(","));
    scene.owner().post(SECRETS).body(body).send()
}
