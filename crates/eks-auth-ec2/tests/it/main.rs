//! The tests of `eks-auth-ec2`.

#[cfg(test)]
mod divergences;
#[cfg(test)]
mod resolver;
#[cfg(test)]
mod support;
