#![no_main]
//! See the property's own words: `eks_auth_fuzz::edit_then_read_gives_what_was_written`.

libfuzzer_sys::fuzz_target!(
    |bytes: &[u8]| eks_auth_fuzz::edit_then_read_gives_what_was_written(bytes)
);
