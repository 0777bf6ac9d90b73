#![no_main]
//! See the property's own words: `eks_auth_fuzz::unrelated_rules_change_nothing`.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| eks_auth_fuzz::unrelated_rules_change_nothing(bytes));
