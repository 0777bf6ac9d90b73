#![no_main]
//! The property is documented at `eks_auth_fuzz::requests_are_read_by_their_path`.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| eks_auth_fuzz::requests_are_read_by_their_path(bytes));
