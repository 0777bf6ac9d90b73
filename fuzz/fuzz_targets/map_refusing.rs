#![no_main]
//! The property is documented at `eks_auth_fuzz::refusing_rules_are_never_passed_over`.

libfuzzer_sys::fuzz_target!(
    |bytes: &[u8]| eks_auth_fuzz::refusing_rules_are_never_passed_over(bytes)
);
