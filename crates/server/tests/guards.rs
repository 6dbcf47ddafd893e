//! What must not compile: a route without a guard in front of its handler, and a secret that is
//! serialised or logged.

#[test]
fn unguarded_routes_and_escaping_secrets_do_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}
