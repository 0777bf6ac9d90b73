#![no_main]
//! The property is documented at `eks_auth_fuzz::analyses_say_what_is_decided`.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| eks_auth_fuzz::analyses_say_what_is_decided(bytes));
