#![no_main]
//! The property is documented at `eks_auth_fuzz::nothing_raw_is_printed`.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| eks_auth_fuzz::nothing_raw_is_printed(bytes));
