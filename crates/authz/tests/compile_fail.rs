//! What must not compile: ways around a decision.

#[test]
fn grants_cannot_be_forged_reused_or_swapped() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}
