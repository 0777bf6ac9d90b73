#![doc = include_str!("../README.md")]

mod describe;
mod resolver;
mod settings;

pub use describe::{Call, DescribeError, DescribeInstances, Instance, Observer};
pub use resolver::{LookUpError, Resolver};
pub use settings::{
    BATCH_DELAY, CALLS_PER_SECOND, DEADLINE, IMMEDIATE_CALLS, MAX_BATCH, MAX_BURST, MAX_NAMES,
    MAX_WAITING, MISSING_FOR, Settings,
};
