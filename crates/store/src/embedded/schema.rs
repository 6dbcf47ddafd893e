//! The database: its tables, its settings, and how it is recognised.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _, params};

use super::EmbeddedOptions;
use super::effects::Effects;
use super::recovery::Applied;
use crate::{Cause, OpenError};

/// `Strg`, in the database's header.
pub(super) const APPLICATION: u32 = 0x5374_7267;

/// The format that this release writes, in the database's header.
pub(super) const FORMAT: u32 = 2;

pub(super) const PAGE_BYTES: u64 = 4096;

/// SQLite's log is copied into the database when it has about so many generations: pages that are
/// written in each of them are then copied once.
pub(super) const WAL_GENERATIONS: u64 = 2;

/// Memory for pages that are being written, in KiB. What does not fit goes into SQLite's log early.
const WRITER_KIB: i64 = 32 << 10;

/// Keys have an index of their own, beside the rows. With the rows inside the tree of keys, a page
/// of that tree would point to seven others instead of eighty; new rows would be spread over all
/// pages instead of filling the last one; and a commit would write twice as many.
const TABLES: &str = "
    CREATE TABLE rows (
        key BLOB NOT NULL UNIQUE,
        revision INTEGER NOT NULL,
        value BLOB NOT NULL
    ) STRICT;
    CREATE TABLE meta (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        installation BLOB NOT NULL CHECK (length(installation) = 16),
        revision INTEGER NOT NULL,
        generation INTEGER NOT NULL
    ) STRICT;";

/// From format 1, which had no log beside SQLite's, to format 2.
const FROM_FORMAT_1: &str = "
    BEGIN IMMEDIATE;
    ALTER TABLE meta ADD COLUMN generation INTEGER NOT NULL DEFAULT 0;
    PRAGMA user_version = 2;
    COMMIT;";

/// What the database says about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Identity {
    pub(super) installation: [u8; 16],
    pub(super) applied: Applied,
}

/// The writing connection; a database that is empty is set up first.
///
/// Whatever the last run left in SQLite's log is in the database, and on disk, when this returns.
pub(super) fn open_writer(
    path: &Path,
    options: &EmbeddedOptions,
) -> Result<(Connection, Identity), OpenError> {
    let failed = |error| OpenError::Database {
        path: path.to_owned(),
        cause: Cause::new(error),
    };
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    configure(&connection, WRITER_KIB).map_err(failed)?;
    let application: u32 = pragma(&connection, "application_id").map_err(failed)?;
    let format: u32 = pragma(&connection, "user_version").map_err(failed)?;
    let tables: u32 = connection
        .query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))
        .map_err(failed)?;
    if (application, format, tables) == (0, 0, 0) {
        create(&connection, options.installation).map_err(failed)?;
    } else if application != APPLICATION {
        return Err(OpenError::NotAStore {
            path: path.to_owned(),
            found: application,
        });
    } else if format > FORMAT {
        return Err(OpenError::NewerFormat {
            path: path.to_owned(),
            found: format,
            known: FORMAT,
        });
    }
    prepare_to_write(&connection, options).map_err(failed)?;
    if format == 1 {
        connection.execute_batch(FROM_FORMAT_1).map_err(failed)?;
    }
    let identity = identity(&connection).map_err(failed)?;
    Ok((connection, identity))
}

/// A connection that only reads, with so many KiB for pages of the database.
pub(super) fn open_reader(path: &Path, cache_kib: i64) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    configure(&connection, cache_kib)?;
    Ok(connection)
}

/// What the database says about itself, as this connection sees it.
pub(super) fn identity(connection: &Connection) -> rusqlite::Result<Identity> {
    connection
        .prepare_cached("SELECT installation, revision, generation FROM meta")?
        .query_row([], |row| {
            Ok(Identity {
                installation: row.get(0)?,
                applied: Applied {
                    revision: row.get(1)?,
                    generation: row.get(2)?,
                },
            })
        })
}

/// The last generation of the log that this connection sees.
pub(super) fn generation(connection: &Connection) -> rusqlite::Result<u64> {
    connection
        .prepare_cached("SELECT generation FROM meta")?
        .query_row([], |row| row.get(0))
}

/// Bytes of the database that are in use.
pub(super) fn used_bytes(connection: &Connection) -> rusqlite::Result<u64> {
    let number = |name| connection.query_row(name, [], |row| row.get::<_, u64>(0));
    let pages = number("PRAGMA page_count")?.saturating_sub(number("PRAGMA freelist_count")?);
    Ok(pages.saturating_mul(PAGE_BYTES))
}

/// Writes what some commits come to, in one transaction that is on disk when this returns.
pub(super) fn apply(
    connection: &Connection,
    effects: &Effects,
    applied: Applied,
) -> rusqlite::Result<()> {
    // A transaction that is dropped is rolled back, so that it can be tried again.
    let transaction = connection.unchecked_transaction()?;
    {
        // Replacing a row where it is leaves the index of keys alone.
        let mut put = transaction.prepare_cached(
            "INSERT INTO rows (key, revision, value) VALUES (?1, ?2, ?3) \
             ON CONFLICT (key) DO UPDATE SET revision = excluded.revision, value = excluded.value",
        )?;
        let mut delete = transaction.prepare_cached("DELETE FROM rows WHERE key = ?1")?;
        for (key, effect) in effects {
            match &effect.row {
                Some(row) => put.execute(params![
                    key.as_bytes(),
                    row.revision.as_u64(),
                    row.value.as_stored()
                ])?,
                None => delete.execute([key.as_bytes()])?,
            };
        }
    }
    transaction
        .prepare_cached("UPDATE meta SET revision = ?1, generation = ?2")?
        .execute([applied.revision, applied.generation])?;
    transaction.commit()
}

/// Copies what it can of SQLite's log into the database, without waiting for anyone; says whether
/// that is everything.
pub(super) fn checkpoint(connection: &Connection) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("PRAGMA wal_checkpoint(PASSIVE)")?
        .query_row([], |row| {
            let busy: bool = row.get(0)?;
            let (logged, copied): (i64, i64) = (row.get(1)?, row.get(2)?);
            Ok(!busy && copied >= logged)
        })
}

/// Copies everything and empties the log. Needs every other connection to be at rest.
pub(super) fn checkpoint_fully(connection: &Connection) -> rusqlite::Result<()> {
    let busy: bool =
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    if busy {
        let code = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_BUSY);
        let text = "another connection holds on to the log".to_owned();
        return Err(rusqlite::Error::SqliteFailure(code, Some(text)));
    }
    Ok(())
}

/// Settings that every connection has. `cache_kib` is for pages of the database.
fn configure(connection: &Connection, cache_kib: i64) -> rusqlite::Result<()> {
    // Only a program that ignores our lock can be in the way; it gets a moment to finish.
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.set_prepared_statement_cache_capacity(32);
    // Closing must not touch the log: after a failed write it is the only good copy.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.pragma_update(None, "cache_size", cache_kib.saturating_neg())?;
    // A mapped file turns a read error into a signal that ends the process.
    connection.pragma_update(None, "mmap_size", 0)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    // Where a sync does not reach the disk's own cache by itself (macOS), make it.
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "checkpoint_fullfsync", true)?;
    Ok(())
}

fn create(connection: &Connection, installation: [u8; 16]) -> rusqlite::Result<()> {
    connection.pragma_update(None, "page_size", PAGE_BYTES)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    let transaction = connection.unchecked_transaction()?;
    transaction.execute_batch(TABLES)?;
    transaction.execute(
        "INSERT INTO meta (id, installation, revision, generation) VALUES (1, ?1, 0, 0)",
        [installation],
    )?;
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", FORMAT)?;
    transaction.commit()
}

fn prepare_to_write(connection: &Connection, options: &EmbeddedOptions) -> rusqlite::Result<()> {
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    checkpoint_fully(connection)?;
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    // A log that keeps its length is written, and so synced, faster than one that grows.
    let longest = options.log_bytes.saturating_mul(WAL_GENERATIONS + 1);
    connection.pragma_update(None, "journal_size_limit", longest)?;
    // What is deleted leaves zeros behind.
    connection.pragma_update(None, "secure_delete", true)
}

fn pragma(connection: &Connection, name: &str) -> rusqlite::Result<u32> {
    let value: Option<i64> = connection
        .pragma_query_value(None, name, |row| row.get(0))
        .optional()?;
    // The header keeps 32 bits; the library shows them as a signed number.
    Ok(value.unwrap_or(0).cast_unsigned() as u32)
}
