//! An organisation's directory (contract 4.4).

mod accounts;
mod people;
mod projects;
mod roles;
mod tokens;
