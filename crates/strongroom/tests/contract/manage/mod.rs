//! An organisation's directory (contract 4.4).

mod accounts;
mod roles;
