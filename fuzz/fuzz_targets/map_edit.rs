#![no_main]
//! The property is documented at `eks_auth_fuzz::edit_then_read_gives_what_was_written`.

libfuzzer_sys::fuzz_target!(
    |bytes: &[u8]| eks_auth_fuzz::edit_then_read_gives_what_was_written(bytes)
);
