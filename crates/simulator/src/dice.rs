//! Chance that can be repeated: numbers that follow from a seed and a name alone.
//!
//! Nothing here keeps a state, so the same row has the same lag however often and in whatever order it is read.

/// An even roll for a number: the finishing steps of `SplitMix64`.
pub(crate) fn roll(seed: u64, number: u64) -> u64 {
    let mut mixed = seed ^ number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

/// An even roll for a name: FNV-1a, then [`roll`], because the high bits of FNV alone are poor.
pub(crate) fn roll_name(seed: u64, name: &str) -> u64 {
    let hash = name.bytes().fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3)
    });
    roll(seed, hash)
}

/// A roll as a share: 0.0 up to, and not including, 1.0.
pub(crate) fn share(roll: u64) -> f64 {
    (roll >> 11) as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_even_and_repeatable() {
        let shares: Vec<f64> =
            (0..10_000).map(|number| share(roll_name(7, &format!("activity_{number}")))).collect();
        let mean = shares.iter().sum::<f64>() / 10_000.0;
        assert!((mean - 0.5).abs() < 0.02, "{mean}");
        assert!(shares.iter().all(|share| (0.0..1.0).contains(share)));
        assert_eq!(roll_name(7, "a"), roll_name(7, "a"));
        assert_ne!(roll_name(7, "a"), roll_name(8, "a"));
    }
}
