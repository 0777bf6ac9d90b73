//! The tests of `eks-auth-ec2`.

#[cfg(test)]
mod divergences;
#[cfg(test)]
mod resolver;
#[cfg(all(test, feature = "sdk"))]
mod sdk;
#[cfg(test)]
mod support;
