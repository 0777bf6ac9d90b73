#![no_main]
//! See the property's own words: `eks_auth_fuzz::decode_has_one_spelling`.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| eks_auth_fuzz::decode_has_one_spelling(bytes));
