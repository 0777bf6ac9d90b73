#![no_main]
//! See the property's own words: `eks_auth_fuzz::what_is_proved_is_what_was_signed`.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| eks_auth_fuzz::what_is_proved_is_what_was_signed(bytes));
