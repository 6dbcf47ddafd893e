//! Callers, rules, access policies and decisions; the only minter of grants.
