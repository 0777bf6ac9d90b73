#![no_main]
//! The property is documented at `eks_auth_fuzz::only_signed_requests_are_answered`.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| eks_auth_fuzz::only_signed_requests_are_answered(bytes));
