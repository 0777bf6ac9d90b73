#![no_main]
//! The property is documented at `eks_auth_fuzz::decode_has_one_spelling`.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| eks_auth_fuzz::decode_has_one_spelling(bytes));
