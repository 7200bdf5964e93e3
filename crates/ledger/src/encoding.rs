//! The byte forms of `docs/design/ledger.md` §2: little-endian integers, sized texts, variable-length integers.
//!
//! Reading never trusts a length: every take is checked against what is there, and says what was malformed.

use crate::error::Malformed;

/// Bytes being read from the front.
#[derive(Clone, Debug)]
pub(crate) struct Input<'a> {
    bytes: &'a [u8],
}

impl<'a> Input<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    pub(crate) fn remaining(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.bytes.split_at_checked(count).ok_or(Malformed("it ends too early"))?;
        self.bytes = rest;
        Ok(taken)
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (taken, rest) = self.bytes.split_first_chunk().ok_or(Malformed("it ends too early"))?;
        self.bytes = rest;
        Ok(*taken)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Malformed> {
        self.array().map(|[byte]| byte)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, Malformed> {
        self.array().map(u16::from_le_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Malformed> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, Malformed> {
        self.array().map(u64::from_le_bytes)
    }

    pub(crate) fn i64(&mut self) -> Result<i64, Malformed> {
        self.array().map(i64::from_le_bytes)
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, Malformed> {
        std::str::from_utf8(self.bytes()?).map_err(|_| Malformed("a text is not UTF-8"))
    }

    /// A `u32` length and so many bytes.
    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], Malformed> {
        let size = self.u32()? as usize;
        self.take(size)
    }

    /// `u8` 0 for nothing, or `u8` 1 and the value.
    pub(crate) fn option<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, Malformed>,
    ) -> Result<Option<T>, Malformed> {
        match self.u8()? {
            0 => Ok(None),
            1 => read(self).map(Some),
            _ => Err(Malformed("a flag is neither 0 nor 1")),
        }
    }

    pub(crate) fn varint(&mut self) -> Result<u64, Malformed> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.u8()?;
            let bits = u64::from(byte & 0x7f);
            if shift == 63 && bits > 1 {
                break;
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(Malformed("a number is too long"))
    }

    pub(crate) fn zigzag(&mut self) -> Result<i64, Malformed> {
        self.varint().map(|value| (value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }

    /// Nothing may follow.
    pub(crate) fn end(self) -> Result<(), Malformed> {
        if self.bytes.is_empty() { Ok(()) } else { Err(Malformed("something follows its end")) }
    }
}

pub(crate) fn put_text(output: &mut Vec<u8>, text: &str) {
    put_bytes(output, text.as_bytes());
}

pub(crate) fn put_bytes(output: &mut Vec<u8>, bytes: &[u8]) {
    output.extend_from_slice(&(bytes.len() as u32).to_le_bytes());
    output.extend_from_slice(bytes);
}

pub(crate) fn put_option<T>(output: &mut Vec<u8>, value: Option<T>, put: impl FnOnce(&mut Vec<u8>, T)) {
    output.push(u8::from(value.is_some()));
    if let Some(value) = value {
        put(output, value);
    }
}

pub(crate) fn put_varint(output: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        output.push(value as u8 | 0x80);
        value >>= 7;
    }
    output.push(value as u8);
}

pub(crate) fn put_zigzag(output: &mut Vec<u8>, value: i64) {
    put_varint(output, ((value << 1) ^ (value >> 63)).cast_unsigned());
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|digit| char::from(DIGITS[usize::from(digit)]))
        .collect()
}

/// The bytes that `N` pairs of hexadecimal digits stand for.
pub(crate) fn parse_hexadecimal<const N: usize>(text: &str) -> Option<[u8; N]> {
    let mut bytes = [0; N];
    let pairs = text.as_bytes().chunks_exact(2);
    if text.len() != 2 * N {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(pairs) {
        let high = char::from(pair[0]).to_digit(16)?;
        let low = char::from(pair[1]).to_digit(16)?;
        *byte = (high << 4 | low) as u8;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn numbers_and_texts_come_back(unsigned in any::<u64>(), signed in any::<i64>(), text in ".{0,40}", option in any::<Option<u64>>()) {
            let mut bytes = Vec::new();
            put_varint(&mut bytes, unsigned);
            put_zigzag(&mut bytes, signed);
            put_text(&mut bytes, &text);
            put_option(&mut bytes, option, put_varint);
            let mut input = Input::new(&bytes);
            prop_assert_eq!(input.varint(), Ok(unsigned));
            prop_assert_eq!(input.zigzag(), Ok(signed));
            prop_assert_eq!(input.text(), Ok(text.as_str()));
            prop_assert_eq!(input.option(Input::varint), Ok(option));
            prop_assert_eq!(input.end(), Ok(()));
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            let mut input = Input::new(&bytes);
            let before = input.remaining();
            let _ = input.clone().text();
            let _ = input.clone().option(Input::u64);
            if input.varint().is_ok() {
                prop_assert!(input.remaining() < before);
            }
        }

        #[test]
        fn hexadecimal_digits_come_back(bytes in any::<[u8; 16]>()) {
            let text = hexadecimal(&bytes);
            prop_assert_eq!(parse_hexadecimal::<16>(&text), Some(bytes));
            prop_assert_eq!(parse_hexadecimal::<15>(&text), None);
        }
    }

    #[test]
    fn a_number_of_eleven_bytes_is_malformed() {
        assert!(Input::new(&[0xff; 11]).varint().is_err());
        assert_eq!(
            Input::new(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]).varint(),
            Ok(u64::MAX)
        );
        assert!(Input::new(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2]).varint().is_err());
    }
}
