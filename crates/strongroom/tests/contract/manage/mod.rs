//! An organisation's directory (contract 4.4).

mod accounts;
mod elevations;
mod explain;
mod invites;
mod people;
mod policies;
mod policy_limits;
mod projects;
mod roles;
mod tokens;
