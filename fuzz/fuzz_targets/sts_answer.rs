#![no_main]
//! The property is documented at `eks_auth_fuzz::an_answer_names_one_caller`.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| eks_auth_fuzz::an_answer_names_one_caller(bytes));
