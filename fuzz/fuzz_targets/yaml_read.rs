#![no_main]
//! The property is documented at `eks_auth_fuzz::yaml_is_read_alike`.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| eks_auth_fuzz::yaml_is_read_alike(bytes));
