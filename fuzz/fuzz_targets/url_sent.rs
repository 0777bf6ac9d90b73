#![no_main]
//! See the property's own words: `eks_auth_fuzz::sent_is_what_was_accepted`.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| eks_auth_fuzz::sent_is_what_was_accepted(bytes));
