//! The field of 256 elements that Shamir's shares are points over.
//!
//! Bytes are polynomials over GF(2), reduced by x^8 + x^4 + x^3 + x + 1 (0x11b), as in AES (FIPS
//! 197, section 4.2) and draft-mcgrew-tss-03. Neither time nor memory access depends on the values:
//! the libraries that exist look products up in tables at secret places, which a cache betrays.

/// The sum, which is the difference as well.
pub(super) const fn add(a: u8, b: u8) -> u8 {
    a ^ b
}

/// The product.
pub(super) const fn multiply(a: u8, b: u8) -> u8 {
    let (mut a, mut b, mut product, mut round) = (a, b, 0_u8, 0);
    while round < 8 {
        product ^= a & mask(b & 1);
        a = (a << 1) ^ (0x1b & mask(a >> 7));
        b >>= 1;
        round += 1;
    }
    product
}

/// The inverse; that of 0 is 0, and nobody asks for it. It is the power of 254, since the power of
/// 255 is 1.
pub(super) const fn invert(a: u8) -> u8 {
    let (mut result, mut square, mut round) = (1_u8, a, 0);
    while round < 7 {
        square = multiply(square, square);
        result = multiply(result, square);
        round += 1;
    }
    result
}

/// All ones for 1, and none for 0.
const fn mask(bit: u8) -> u8 {
    0_u8.wrapping_sub(bit)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 197, sections 4.2 and 4.2.1.
    #[test]
    fn products_are_those_of_fips_197() {
        assert_eq!(multiply(0x57, 0x83), 0xc1);
        assert_eq!(multiply(0x57, 0x13), 0xfe);
        for (factor, product) in [(2, 0xae), (4, 0x47), (8, 0x8e), (16, 0x07)] {
            assert_eq!(multiply(0x57, factor), product);
        }
    }

    #[test]
    fn it_is_a_field() {
        for a in 0..=255 {
            assert_eq!(multiply(a, 1), a);
            assert_eq!(multiply(a, 0), 0);
            assert_eq!(multiply(a, invert(a)), u8::from(a != 0));
            for b in 0..=255 {
                assert_eq!(multiply(a, b), multiply(b, a));
                let c = a.rotate_left(3) ^ b;
                assert_eq!(multiply(multiply(a, b), c), multiply(a, multiply(b, c)));
                assert_eq!(multiply(a, add(b, c)), add(multiply(a, b), multiply(a, c)));
            }
        }
    }
}
