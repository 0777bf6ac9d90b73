#![no_main]
//! The property is documented at `eks_auth_fuzz::selectors_are_read_back`.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| eks_auth_fuzz::selectors_are_read_back(bytes));
