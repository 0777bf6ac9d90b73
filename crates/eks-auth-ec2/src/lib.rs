#![doc = include_str!("../README.md")]

mod describe;
mod resolver;
#[cfg(feature = "sdk")]
mod sdk;
mod settings;
mod traces;

pub use describe::{Call, DescribeError, DescribeInstances, Instance, Observer};
pub use resolver::{LookUpError, Resolver};
#[cfg(feature = "sdk")]
pub use sdk::{CrossAccountRole, Ec2, RoleError};
pub use settings::{
    BATCH_DELAY, CALLS_PER_SECOND, DEADLINE, IMMEDIATE_CALLS, MAX_BATCH, MAX_BURST, MAX_NAMES,
    MAX_WAITING, MISSING_FOR, Settings,
};
