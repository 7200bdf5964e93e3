//! A user's address database of any bytes: it is refused, or it answers; it never panics.
//!
//! The first 16 bytes are an address to look up; the rest is the file. Start from the seeds:
//! `cargo fuzz run mmdb corpus/mmdb seeds/mmdb`.

#![no_main]

use std::net::{IpAddr, Ipv4Addr};

use libfuzzer_sys::fuzz_target;
use normalize::enrichment::{Database, Enrichment};

fuzz_target!(|input: &[u8]| {
    let Some((address, file)) = input.split_first_chunk::<16>() else { return };
    let wide = u128::from_be_bytes(*address);
    match Database::read("fuzz", file.to_vec()) {
        Err(error) => assert!(error.to_string().starts_with("cannot use address database fuzz: ")),
        Ok(database) => {
            let _ = (database.kind(), database.built());
            let enrichment = Enrichment::none().with_databases(vec![database]);
            for address in [
                IpAddr::V6(wide.into()),
                Ipv4Addr::from_bits(wide as u32).into(),
                Ipv4Addr::new(8, 8, 8, 8).into(),
            ] {
                let place = enrichment.place(address);
                assert_eq!(enrichment.place(address), place);
                let Some(place) = place else { continue };
                assert!(place.country_iso_code.as_deref().is_none_or(|code| code.len() == 2));
                assert!(
                    place.location.is_none_or(|at| at.latitude.abs() <= 90.0 && at.longitude.abs() <= 180.0)
                );
            }
        }
    }
});
