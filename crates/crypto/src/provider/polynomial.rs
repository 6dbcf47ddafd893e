//! Shamir's scheme: a secret as the value at 0 of random polynomials, one for each byte.
//!
//! "How to Share a Secret", Adi Shamir, Communications of the ACM 22 (1979); over the field of 256
//! elements as in draft-mcgrew-tss-03.

use strongroom_types::Plaintext;
use zeroize::Zeroizing;

use super::field::{add, invert, multiply};
use crate::{Entropy, EntropyError};

/// The values at the points 1 to `shares` of polynomials with `threshold` coefficients, whose values
/// at 0 are the secret's bytes.
///
/// # Errors
///
/// No random bytes.
pub(super) fn split(
    entropy: &dyn Entropy,
    secret: &[u8],
    threshold: u8,
    shares: u8,
) -> Result<Vec<Plaintext>, EntropyError> {
    let mut coefficients = Zeroizing::new(vec![0; usize::from(threshold.saturating_sub(1))]);
    let mut values: Vec<_> = (0..shares)
        .map(|_| Zeroizing::new(Vec::with_capacity(secret.len())))
        .collect();
    for byte in secret {
        entropy.fill(&mut coefficients)?;
        for (point, value) in (1..=shares).zip(&mut values) {
            // Horner's rule, from the highest coefficient down to the secret.
            let start = coefficients.iter().fold(0, |sum, coefficient| {
                multiply(add(sum, *coefficient), point)
            });
            value.push(add(start, *byte));
        }
    }
    let taken = |mut value: Zeroizing<Vec<u8>>| Plaintext::new(std::mem::take(&mut *value));
    Ok(values.into_iter().map(taken).collect())
}

/// The value at 0 of the polynomials through these points, by Lagrange's formula. The points, which
/// are no secret, have to differ; the values have to be equally long.
pub(super) fn combine(points: &[(u8, &[u8])]) -> Plaintext {
    let length = points.iter().map(|(_, value)| value.len()).min();
    let mut secret = Zeroizing::new(vec![0; length.unwrap_or(0)]);
    for (point, value) in points {
        let others = points.iter().filter(|(other, _)| other != point);
        let weight = others.fold(1, |weight, (other, _)| {
            multiply(weight, multiply(*other, invert(add(*other, *point))))
        });
        for (sum, byte) in secret.iter_mut().zip(*value) {
            *sum = add(*sum, multiply(weight, *byte));
        }
    }
    Plaintext::new(std::mem::take(&mut *secret))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemEntropy;
    use proptest::prelude::*;

    /// Gives the same bytes again and again.
    struct Repeating(Vec<u8>, std::sync::atomic::AtomicUsize);

    impl Entropy for Repeating {
        fn fill(&self, bytes: &mut [u8]) -> Result<(), EntropyError> {
            for byte in bytes {
                let place = self.1.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                *byte = self.0[place % self.0.len()];
            }
            Ok(())
        }
    }

    /// draft-mcgrew-tss-03, the test case for a threshold of 2: the secret `74 65 73 74 00`.
    #[test]
    fn shares_are_those_of_the_draft_of_threshold_secret_sharing() {
        let first = [0xb9, 0xfa, 0x07, 0xe1, 0x85];
        let second = [0xf5, 0x40, 0x9b, 0x45, 0x11];
        let secret = *b"test\0";
        assert_eq!(combine(&[(1, &first), (2, &second)]).expose(), secret);
        // The draft does not print its coefficients; they follow from the first share.
        let coefficients = first.iter().zip(secret).map(|(a, b)| a ^ b).collect();
        let made = split(&Repeating(coefficients, 0.into()), &secret, 2, 2).unwrap();
        assert_eq!(made[0].expose(), first);
        assert_eq!(made[1].expose(), second);
    }

    #[test]
    fn without_random_bytes_there_are_no_shares() {
        assert!(split(&crate::testing::NoEntropy, &[1; 32], 2, 3).is_err());
    }

    #[test]
    fn the_most_shares_that_there_can_be_all_differ() {
        let made = split(&SystemEntropy, &[7; 32], 255, 255).unwrap();
        let points: Vec<_> = (1..=255).zip(made.iter().map(Plaintext::expose)).collect();
        assert_eq!(combine(&points).expose(), [7; 32]);
        assert_ne!(combine(&points[1..]).expose(), [7; 32]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn enough_shares_give_the_secret_and_fewer_give_something_else(
            secret in any::<[u8; 32]>(),
            threshold in 2_u8..=8,
            more in 0_u8..=8,
            drawn in any::<prop::sample::Index>(),
        ) {
            let shares = threshold + more;
            let made = split(&SystemEntropy, &secret, threshold, shares).unwrap();
            let mut points: Vec<_> = (1..=shares).zip(made.iter().map(Plaintext::expose)).collect();
            points.rotate_left(drawn.index(usize::from(shares)));
            let enough = &points[..usize::from(threshold)];
            prop_assert!(combine(enough).expose() == secret);
            prop_assert!(combine(&enough[1..]).expose() != secret);
        }
    }
}
