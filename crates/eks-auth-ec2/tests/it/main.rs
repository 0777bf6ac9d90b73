//! The tests of `eks-auth-ec2`.

#[cfg(test)]
mod divergences;
#[cfg(test)]
mod resolver;
#[cfg(test)]
#[cfg(feature = "sdk")]
mod sdk;
#[cfg(test)]
mod settings;
#[cfg(test)]
mod support;
