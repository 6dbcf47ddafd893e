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

/// What a scan finds under a key.
pub(super) trait Scanned: Sized {
    /// The columns that it is made of, the key first.
    const COLUMNS: Columns;

    fn of_change(key: Key, row: Row) -> Self;

    fn of_record(key: Key, record: &Record<'_>) -> rusqlite::Result<Self>;
}

/// What to read of each row.
pub(super) enum Columns {
    /// Its key, which the index has; the row itself is not looked up.
    Key,
    /// All of it.
    All,
}

impl Scanned for Key {
    const COLUMNS: Columns = Columns::Key;

    fn of_change(key: Key, _: Row) -> Self {
        key
    }

    fn of_record(key: Key, _: &Record<'_>) -> rusqlite::Result<Self> {
        Ok(key)
    }
}

impl Scanned for (Key, Row) {
    const COLUMNS: Columns = Columns::All;

    fn of_change(key: Key, row: Row) -> Self {
        (key, row)
    }

    fn of_record(key: Key, record: &Record<'_>) -> rusqlite::Result<Self> {
        Ok((key, row(record, 1, 2)?))
    }
}

/// What is in a range, with what was changed in it since.
pub(super) fn scan<T: Scanned>(
    connection: &Connection,
    scan: &Scan,
    interval: &Interval,
    changes: Changes,
) -> rusqlite::Result<Vec<T>> {
    let mut bound: Vec<&dyn ToSql> = vec![&interval.low];
    if let Some(high) = &interval.high {
        bound.push(high);
    }
    let mut statement =
        connection.prepare_cached(query(&T::COLUMNS, scan.reverse, interval.high.is_some()))?;
    let mut records = statement.query(bound.as_slice())?;
    let of_change = |(changed, row): (Key, Option<Row>)| Some(T::of_change(changed, row?));
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
        while let Some(change) = changes.next_if(|(changed, _)| earlier(changed)) {
            found.extend(of_change(change));
        }
        match changes.next_if(|(changed, _)| changed.as_bytes() == key) {
            Some(change) => found.extend(of_change(change)),
            None => found.push(T::of_record(Key::from(key), record)?),
        }
    }
    found.extend(changes.filter_map(of_change));
    found.truncate(scan.limit);
    Ok(found)
}

/// Without a limit: how many rows of the database are hidden is not known before.
fn query(columns: &Columns, reverse: bool, ends: bool) -> &'static str {
    macro_rules! select {
        ($columns:literal) => {
            match (reverse, ends) {
                (false, false) => concat!(
                    "SELECT ",
                    $columns,
                    " FROM rows WHERE key >= ?1 ORDER BY key"
                ),
                (false, true) => concat!(
                    "SELECT ",
                    $columns,
                    " FROM rows WHERE key >= ?1 AND key < ?2 ORDER BY key"
                ),
                (true, false) => concat!(
                    "SELECT ",
                    $columns,
                    " FROM rows WHERE key >= ?1 ORDER BY key DESC"
                ),
                (true, true) => concat!(
                    "SELECT ",
                    $columns,
                    " FROM rows WHERE key >= ?1 AND key < ?2 ORDER BY key DESC"
                ),
            }
        };
    }
    match columns {
        Columns::Key => select!("key"),
        Columns::All => select!("key, revision, value"),
    }
}

/// The row in two columns of a result.
fn row(record: &Record<'_>, revision: usize, value: usize) -> rusqlite::Result<Row> {
    Ok(Row {
        revision: Revision::from_u64(record.get(revision)?),
        value: Sealed::from_stored(record.get_ref(value)?.as_blob()?),
    })
}
