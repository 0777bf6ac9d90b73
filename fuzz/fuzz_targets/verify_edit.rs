#![no_main]
//! The property is documented at `eks_auth_fuzz::one_change_unproves`.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| eks_auth_fuzz::one_change_unproves(bytes));
