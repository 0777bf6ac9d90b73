#![no_main]
//! The property is documented at `eks_auth_fuzz::unrelated_rules_change_nothing`.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| eks_auth_fuzz::unrelated_rules_change_nothing(bytes));
