#![no_main]
//! See the property's own words: `eks_auth_fuzz::engine_is_oracle`.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| eks_auth_fuzz::engine_is_oracle(bytes));
