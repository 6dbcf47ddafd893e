//! JSON as a tree in which no name occurs twice.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Deref;

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use super::error::{PolicyError, PolicyProblem};

/// One JSON value.
pub(super) enum Node {
    Null,
    Bool,
    Integer(i64),
    /// A number that is no whole number of 64 bits.
    Number,
    Text(String),
    List(Vec<Node>),
    Object(Object),
}

/// A JSON object. A document that says one thing twice means two things, so it is refused.
pub(super) struct Object(BTreeMap<String, Node>);

impl Node {
    pub(super) fn parse(document: &str) -> Result<Self, PolicyError> {
        serde_json::from_str(document).map_err(|error| PolicyProblem::Json(error).into())
    }

    pub(super) const fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// Whether it says nothing: what a client sends for a field that it does not mean to set.
    pub(super) fn is_blank(&self) -> bool {
        match self {
            Self::Null | Self::Integer(0) => true,
            Self::Text(text) => text.is_empty(),
            Self::List(list) => list.is_empty(),
            Self::Object(object) => object.is_empty(),
            Self::Bool | Self::Integer(_) | Self::Number => false,
        }
    }

    pub(super) fn object(&self) -> Result<&Object, PolicyError> {
        match self {
            Self::Object(object) => Ok(object),
            _ => Err(kind("an object")),
        }
    }

    pub(super) fn text(&self) -> Result<&str, PolicyError> {
        match self {
            Self::Text(text) => Ok(text),
            _ => Err(kind("a string")),
        }
    }
}

impl Object {
    /// Refuses fields that would be ignored.
    pub(super) fn only(&self, known: &'static [&'static str]) -> Result<(), PolicyError> {
        if self.keys().all(|field| known.contains(&field.as_str())) {
            Ok(())
        } else {
            Err(PolicyProblem::UnknownField { known }.into())
        }
    }

    /// A field that must be there, read by `read`.
    pub(super) fn required<T>(
        &self,
        field: &str,
        read: impl FnOnce(&Node) -> Result<T, PolicyError>,
    ) -> Result<T, PolicyError> {
        let node = self.get(field).filter(|node| !node.is_null());
        node.ok_or_else(|| PolicyProblem::Missing.into())
            .and_then(read)
            .map_err(|error| error.within(field))
    }

    /// A list whose entries are read by `read`; no list and null are an empty one.
    pub(super) fn list<T>(
        &self,
        field: &str,
        max: usize,
        read: impl Fn(&Node) -> Result<T, PolicyError>,
    ) -> Result<Vec<T>, PolicyError> {
        let entries = match self.get(field) {
            None | Some(Node::Null) => return Ok(Vec::new()),
            Some(Node::List(entries)) => entries,
            Some(_) => return Err(kind("a list").within(field)),
        };
        if entries.len() > max {
            return Err(PolicyError::from(PolicyProblem::TooMany { max }).within(field));
        }
        let read_entry = |(index, node)| {
            read(node)
                .map_err(|error: PolicyError| error.within(&format!("[{index}]")).within(field))
        };
        entries.iter().enumerate().map(read_entry).collect()
    }
}

impl Deref for Object {
    type Target = BTreeMap<String, Node>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

fn kind(expected: &'static str) -> PolicyError {
    PolicyProblem::Kind { expected }.into()
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E: de::Error>(self, _: bool) -> Result<Node, E> {
        Ok(Node::Bool)
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Node, E> {
        Ok(Node::Integer(number))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Node, E> {
        Ok(i64::try_from(number).map_or(Node::Number, Node::Integer))
    }

    fn visit_f64<E: de::Error>(self, _: f64) -> Result<Node, E> {
        Ok(Node::Number)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Text(text.to_owned()))
    }

    fn visit_string<E: de::Error>(self, text: String) -> Result<Node, E> {
        Ok(Node::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(entry) = entries.next_element()? {
            list.push(entry);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Node, A::Error> {
        let mut object = BTreeMap::new();
        while let Some((name, value)) = entries.next_entry::<String, Node>()? {
            if object.insert(name, value).is_some() {
                return Err(de::Error::custom("a field occurs twice in one object"));
            }
        }
        Ok(Node::Object(Object(object)))
    }
}
