//! An organisation's directory (contract 4.4).

mod accounts;
mod explain;
mod people;
mod projects;
mod roles;
mod tokens;
