//! Cases as data, and properties.

#[cfg(test)]
mod answers;
#[cfg(test)]
mod asked;
#[cfg(test)]
mod audit;
#[cfg(test)]
mod convert;
#[cfg(test)]
mod formats;
#[cfg(test)]
mod lockouts;
#[cfg(test)]
mod options;
#[cfg(test)]
mod props;
#[cfg(feature = "report")]
#[cfg(test)]
mod report;
#[cfg(test)]
mod seam;
#[cfg(test)]
mod sources;
#[cfg(test)]
mod threads;
#[cfg(test)]
mod truth;
#[cfg(test)]
mod writes;
