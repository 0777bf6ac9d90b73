#![no_main]
//! The property is documented at `eks_auth_fuzz::what_is_proved_is_what_was_signed`.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| eks_auth_fuzz::what_is_proved_is_what_was_signed(bytes));
