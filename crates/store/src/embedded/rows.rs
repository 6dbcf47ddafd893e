//! Reading rows from the database, and from the overlay over it.

use rusqlite::{Connection, OptionalExtension as _, Row as Record, ToSql};
use strongroom_crypto::Sealed;

use super::overlay::Changes;
use crate::scan::Interval;
use crate::{Key, Revision, Row, Scan};

/// The row under a key in the database.
pub(super) fn get(connection: &Connection, key: &Key) -> rusqlite::Result<Option<Row>> {
    connection
        .prepare_cached("SELECT revision, value FROM rows WHERE key = ?1")?
        .query_row([key.as_bytes()], |record| row(record, 0, 1))
        .optional()
}

/// At which revision a key is in the database.
pub(super) fn revision(connection: &Connection, key: &Key) -> rusqlite::Result<Option<Revision>> {
    connection
        .prepare_cached("SELECT revision FROM rows WHERE key = ?1")?
        .query_row([key.as_bytes()], |record| record.get(0))
        .optional()
        .map(|number| number.map(Revision::from_u64))
}

/// The rows of a range, with what was changed in it since.
pub(super) fn scan(
    connection: &Connection,
    scan: &Scan,
    interval: &Interval,
    changes: Changes,
) -> rusqlite::Result<Vec<(Key, Row)>> {
    let mut bound: Vec<&dyn ToSql> = vec![&interval.low];
    if let Some(high) = &interval.high {
        bound.push(high);
    }
    let mut statement = connection.prepare_cached(query(scan.reverse, interval))?;
    let mut records = statement.query(bound.as_slice())?;
    let mut changes = changes.0.into_iter().peekable();
    let mut found = Vec::new();
    while found.len() < scan.limit
        && let Some(record) = records.next()?
    {
        let key = record.get_ref(0)?.as_blob()?;
        let earlier = |changed: &Key| match scan.reverse {
            false => changed.as_bytes() < key,
            true => changed.as_bytes() > key,
        };
        while let Some((changed, row)) = changes.next_if(|(changed, _)| earlier(changed)) {
            found.extend(row.map(|row| (changed, row)));
        }
        match changes.next_if(|(changed, _)| changed.as_bytes() == key) {
            Some((changed, row)) => found.extend(row.map(|row| (changed, row))),
            None => found.push((Key::from(key), row(record, 1, 2)?)),
        }
    }
    found.extend(changes.filter_map(|(changed, row)| Some((changed, row?))));
    found.truncate(scan.limit);
    Ok(found)
}

/// Without a limit: how many rows of the database are hidden is not known before.
fn query(reverse: bool, interval: &Interval) -> &'static str {
    match (reverse, &interval.high) {
        (false, None) => "SELECT key, revision, value FROM rows WHERE key >= ?1 ORDER BY key",
        (false, Some(_)) => {
            "SELECT key, revision, value FROM rows WHERE key >= ?1 AND key < ?2 ORDER BY key"
        }
        (true, None) => "SELECT key, revision, value FROM rows WHERE key >= ?1 ORDER BY key DESC",
        (true, Some(_)) => {
            "SELECT key, revision, value FROM rows WHERE key >= ?1 AND key < ?2 ORDER BY key DESC"
        }
    }
}

/// The row in two columns of a result.
fn row(record: &Record<'_>, revision: usize, value: usize) -> rusqlite::Result<Row> {
    Ok(Row {
        revision: Revision::from_u64(record.get(revision)?),
        value: Sealed::from_stored(record.get_ref(value)?.as_blob()?),
    })
}
