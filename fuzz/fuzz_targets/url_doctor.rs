#![no_main]
//! The property is documented at `eks_auth_fuzz::doctor_agrees_with_the_judge`.

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| eks_auth_fuzz::doctor_agrees_with_the_judge(bytes));
