//! The programs as processes: their output and their exit status.

#[cfg(test)]
#[cfg(target_os = "linux")]
mod addresses;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod certificate;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod deploy;
#[cfg(test)]
mod help;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod mistakes;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod output;
#[cfg(test)]
#[cfg(unix)]
mod plugin;
#[cfg(test)]
mod run;
#[cfg(test)]
mod sample_policy;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod serve;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod signer;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod stub;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod unread_log;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod upstream_settings;
#[cfg(test)]
mod verifier;
#[cfg(test)]
#[cfg(target_os = "linux")]
mod webhook;
