//! The figures that Linux has about a process.

use std::fs;

/// The clock ticks in a second, as Linux counts the CPU time of a process (proc(5), `sysconf(_SC_CLK_TCK)`).
const TICKS: f64 = 100.0;

/// Returns the CPU time of a process in seconds, user and system.
pub(crate) fn cpu_seconds(pid: u32) -> Result<f64, String> {
    let text = read(pid, "stat")?;
    // The name, which may contain anything, is in parentheses.
    let (_, fields) = text.rsplit_once(')').unwrap_or_default();
    let ticks: f64 = fields
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|ticks| ticks.parse::<f64>().ok())
        .sum();
    Ok(ticks / TICKS)
}

/// Returns a size of a process in MiB, such as `VmRSS` or `VmHWM`.
pub(crate) fn mebibytes(pid: u32, name: &str) -> Result<f64, String> {
    let text = read(pid, "status")?;
    let kibibytes = text
        .lines()
        .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
        .and_then(|value| value.split_whitespace().next()?.parse::<f64>().ok());
    kibibytes
        .map(|kibibytes| kibibytes / 1024.0)
        .ok_or_else(|| format!("process {pid} has no {name}"))
}

fn read(pid: u32, file: &str) -> Result<String, String> {
    let path = format!("/proc/{pid}/{file}");
    fs::read_to_string(&path).map_err(|why| format!("{path}: {why}"))
}
