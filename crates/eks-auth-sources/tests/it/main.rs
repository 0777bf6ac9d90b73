//! The tests of `eks-auth-sources`: with real files, a thread, and the operating system's watches.

#[cfg(test)]
mod divergences;
#[cfg(test)]
mod feeds;
#[cfg(test)]
mod kinds;
#[cfg(test)]
mod modes;
#[cfg(test)]
mod state_dir;
#[cfg(test)]
mod support;
#[cfg(test)]
mod swaps;
#[cfg(test)]
mod values;
#[cfg(test)]
mod versions;
