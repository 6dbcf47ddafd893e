//! Reads the vectors of NIST that lie beside this file.

use std::collections::BTreeMap;

use data_encoding::HEXLOWER;
use strongroom_types::HashAlgorithm;

/// One case: its fields by name.
pub(crate) struct Case(BTreeMap<&'static str, &'static str>);

/// The cases of a file.
pub(crate) fn cases(file: &'static str) -> Vec<Case> {
    let lines = |block: &'static str| block.lines().filter(|line| !line.starts_with('#'));
    let field = |line: &'static str| {
        let (name, value) = line.split_once('=').unwrap();
        (name.trim(), value.trim())
    };
    file.split("\n\n")
        .map(|block| Case(lines(block).map(field).collect()))
        .filter(|case| !case.0.is_empty())
        .collect()
}

impl Case {
    pub(crate) fn text(&self, name: &str) -> &'static str {
        self.0
            .get(name)
            .unwrap_or_else(|| panic!("no {name} in {:?}", self.0))
    }

    /// Whole bytes; NIST leaves out a leading zero now and then.
    pub(crate) fn bytes(&self, name: &str) -> Vec<u8> {
        let digits = self.text(name).to_ascii_lowercase();
        let digits = if digits.len() % 2 == 1 {
            format!("0{digits}")
        } else {
            digits
        };
        HEXLOWER.decode(digits.as_bytes()).unwrap()
    }

    pub(crate) fn hash(&self) -> HashAlgorithm {
        self.text("Hash").parse().unwrap()
    }

    /// Whether the case is to pass.
    pub(crate) fn passes(&self) -> bool {
        self.text("Result") == "P"
    }
}

/// How many cases are to pass, and how many are not.
pub(crate) fn tally(cases: &[Case]) -> (usize, usize) {
    let passing = cases.iter().filter(|case| case.passes()).count();
    (passing, cases.len() - passing)
}

/// A sequence of two numbers in DER, as ECDSA signatures and RSA public keys are.
pub(crate) fn two_numbers(one: &[u8], other: &[u8]) -> Vec<u8> {
    element(0x30, &[number(one), number(other)].concat())
}

/// The `SubjectPublicKeyInfo` of an RSA key (RFC 5280; RFC 8017, appendix C).
pub(crate) fn rsa_spki(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    // The object identifier of rsaEncryption, and no parameters.
    const ALGORITHM: [u8; 15] = [
        0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00,
    ];
    let key = [vec![0], two_numbers(modulus, exponent)].concat();
    element(0x30, &[&ALGORITHM[..], &element(0x03, &key)].concat())
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    [&[tag][..], &length(content.len()), content].concat()
}

fn number(bytes: &[u8]) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let bytes = &bytes[zeros.min(bytes.len() - 1)..];
    // The first bit would be the sign.
    let sign: &[u8] = if bytes[0] >= 0x80 { &[0] } else { &[] };
    element(0x02, &[sign, bytes].concat())
}

fn length(length: usize) -> Vec<u8> {
    match u8::try_from(length) {
        Ok(short @ 0..0x80) => vec![short],
        Ok(long) => vec![0x81, long],
        Err(_) => [&[0x82][..], &u16::try_from(length).unwrap().to_be_bytes()].concat(),
    }
}
