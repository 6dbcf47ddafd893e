//! A route without a guard in front of its handler does not compile.

#[test]
fn unguarded_routes_do_not_compile() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}
