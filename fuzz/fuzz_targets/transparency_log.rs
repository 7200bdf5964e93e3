//! Everything that the transparency log sends, and rows as leaves, on any bytes: never a panic, and nothing unsigned verifies.
//!
//! The first byte chooses what the rest is. Start from the seeds: `cargo fuzz run transparency_log corpus/transparency_log
//! seeds/transparency_log`.

#![no_main]

use feed::{LogCheckpoint, LoggedActivity, parse_keys, parse_proof};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((choice, rest)) = input.split_first() else { return };
    if choice % 4 == 3 {
        if let Ok(read) = LoggedActivity::read(rest) {
            assert_eq!(read.entry.first(), Some(&1));
            assert!(serde_json::from_slice::<serde_json::Value>(&read.entry[1..]).is_ok());
        }
        return;
    }
    let Ok(text) = std::str::from_utf8(rest) else { return };
    match choice % 4 {
        0 => {
            let Ok(checkpoint) = LogCheckpoint::parse(text) else { return };
            assert_eq!(checkpoint.note(), text);
            assert!(checkpoint.verify(checkpoint.origin(), &[]).is_err());
            assert!(checkpoint.extends(&checkpoint, &[]).is_ok(), "a checkpoint extends itself");
            let _ = checkpoint.includes(rest, u64::from(*choice), &rest[..rest.len() / 32 * 32]);
        }
        1 => {
            for key in parse_keys(text).unwrap_or_default() {
                assert_eq!(key.fingerprint().len(), 64);
            }
        }
        _ => {
            if let Ok(proof) = parse_proof(text) {
                assert_eq!(proof.hashes.len() % 32, 0);
            }
        }
    }
});
