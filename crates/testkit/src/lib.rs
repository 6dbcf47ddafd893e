//! Starts servers, clocks and fixtures for the tests.
