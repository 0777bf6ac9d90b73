#![no_main]
//! See the property's own words: `eks_auth_fuzz::maps_are_read_alike`.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| eks_auth_fuzz::maps_are_read_alike(bytes));
