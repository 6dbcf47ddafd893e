//! Wire types, error catalogue and OpenAPI; shared by server and client.
