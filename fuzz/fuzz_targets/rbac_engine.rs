#![no_main]
//! The property is documented at `eks_auth_fuzz::engine_is_oracle`.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| eks_auth_fuzz::engine_is_oracle(bytes));
