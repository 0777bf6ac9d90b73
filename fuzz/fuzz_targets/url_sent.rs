#![no_main]
//! The property is documented at `eks_auth_fuzz::sent_is_what_was_accepted`.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| eks_auth_fuzz::sent_is_what_was_accepted(bytes));
