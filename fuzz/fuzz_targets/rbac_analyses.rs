#![no_main]
//! See the property's own words: `eks_auth_fuzz::analyses_say_what_is_decided`.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| eks_auth_fuzz::analyses_say_what_is_decided(bytes));
