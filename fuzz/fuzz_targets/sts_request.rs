#![no_main]
//! See the property's own words: `eks_auth_fuzz::only_signed_requests_are_answered`.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| eks_auth_fuzz::only_signed_requests_are_answered(bytes));
