//! The contract over HTTP, laid out like its URLs.

#[cfg(test)]
mod attempts;
#[cfg(test)]
mod audit;
#[cfg(test)]
mod browse;
#[cfg(test)]
mod crypto;
#[cfg(test)]
mod keys;
#[cfg(test)]
mod kms;
#[cfg(test)]
mod lives;
#[cfg(test)]
mod manage;
#[cfg(test)]
mod matrix;
#[cfg(test)]
mod paths;
#[cfg(test)]
mod policy;
#[cfg(test)]
mod quotas;
#[cfg(test)]
mod regions;
#[cfg(test)]
mod secrets;
#[cfg(test)]
mod shape;
#[cfg(test)]
mod tokens;
#[cfg(test)]
mod values;
#[cfg(test)]
mod versions;
#[cfg(test)]
mod wire;
