use super::*;
use proptest::prelude::*;

#[derive(Clone, Debug)]
struct Owned {
    created_at: i64,
    id: String,
    raw: Vec<u8>,
}

/// Activities whose id stands in their bytes, and some where it does not.
fn owned() -> impl Strategy<Value = Owned> {
    (any::<i64>(), "[a-z_é]{1,12}", prop::collection::vec(any::<u8>(), 0..40), any::<bool>()).prop_map(
        |(created_at, id, noise, inside)| {
            let raw = if inside { [&noise[..], id.as_bytes(), &noise].concat() } else { noise };
            Owned { created_at, id, raw }
        },
    )
}

fn payload_of(rows: &[Row<'_>]) -> Vec<u8> {
    let mut payload = Vec::new();
    encode_payload(rows, &mut payload);
    payload
}

fn rows(owned: &[Owned]) -> Vec<Row<'_>> {
    owned.iter().map(|row| Row { created_at: row.created_at, id: &row.id, raw: &row.raw }).collect()
}

proptest! {
    #[test]
    fn rows_come_back(owned in prop::collection::vec(owned(), 0..20)) {
        let rows = rows(&owned);
        let block = Block::parse(payload_of(&rows)).expect("a payload of our own");
        prop_assert_eq!(block.len(), rows.len());
        for (index, row) in rows.iter().enumerate() {
            prop_assert_eq!(&block.row(index).expect("a row of our own"), row);
            prop_assert_eq!(block.created_at(index), row.created_at);
        }
    }

    #[test]
    fn any_bytes_are_taken_apart_without_a_panic(mut bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Some(first) = bytes.first_mut() {
            *first = PAYLOAD_VERSION;
        }
        if let Ok(block) = Block::parse(bytes) {
            for index in 0..block.len() {
                let _ = block.row(index);
            }
        }
    }

    #[test]
    fn a_changed_payload_is_malformed_or_has_rows(owned in prop::collection::vec(owned(), 1..10), place in any::<prop::sample::Index>(), value in any::<u8>()) {
        let mut payload = payload_of(&rows(&owned));
        let place = place.index(payload.len());
        payload[place] = value;
        if let Ok(block) = Block::parse(payload) {
            for index in 0..block.len() {
                let _ = block.row(index);
            }
        }
    }

    #[test]
    fn a_changed_frame_is_noticed(owned in prop::collection::vec(owned(), 1..10), place in any::<prop::sample::Index>(), bit in 0..8) {
        let payload = payload_of(&rows(&owned));
        let mut frame = Compressor::new(1, &[]).and_then(|mut compressor| compressor.compress(&payload)).expect("compresses");
        let mut decompressor = Decompressor::default();
        decompressor.learn(0, &[]).expect("no dictionary");
        prop_assert_eq!(decompressor.decompress(0, &frame, payload.len(), PAYLOAD_BYTES_MAX), Ok(payload.clone()));
        let place = place.index(frame.len());
        frame[place] ^= 1_u8 << bit;
        // A reserved or unused bit of the header may flip without effect; a wrong payload never comes out.
        if let Ok(other) = decompressor.decompress(0, &frame, payload.len(), PAYLOAD_BYTES_MAX) {
            prop_assert_eq!(other, payload);
        }
    }

    #[test]
    fn cuts_hold_every_row_once_and_are_bounded(sizes in prop::collection::vec(0_usize..200_000, 0..60)) {
        let owned: Vec<Owned> = sizes.iter().map(|size| Owned { created_at: 0, id: "i".into(), raw: vec![0; *size] }).collect();
        let rows = rows(&owned);
        let ranges = cut(&rows);
        prop_assert_eq!(ranges.iter().cloned().flatten().collect::<Vec<_>>(), (0..rows.len()).collect::<Vec<_>>());
        for range in &ranges {
            let bytes: usize = sizes[range.clone()].iter().sum();
            prop_assert!(bytes < BLOCK_BYTES + 200_000, "a block ends with the row that fills it");
        }
    }
}

#[test]
fn the_form_stands() {
    let rows = [
        Row { created_at: 1000, id: "ab", raw: br#"{"id":"ab"}"# },
        Row { created_at: 997, id: "cd", raw: br#"{"id":"cd"}"# },
        Row { created_at: 997, id: "zz", raw: b"none" },
    ];
    let mut expected = vec![1, 3, 11, 11, 4];
    expected.extend([0xd0, 0x0f, 5, 0]);
    expected.extend([8, 8, 0, 2, 2, 2]);
    expected.extend(b"zz");
    expected.extend(br#"{"id":"ab"}{"id":"cd"}none"#);
    assert_eq!(payload_of(&rows), expected);
}

#[test]
fn a_frame_that_claims_too_much_reserves_nothing() {
    let mut decompressor = Decompressor::default();
    decompressor.learn(0, &[]).expect("no dictionary");
    let frame = Compressor::new(1, &[]).and_then(|mut inner| inner.compress(b"short")).expect("compresses");
    for stated in [0, 4, 6, PAYLOAD_BYTES_MAX + 1, usize::MAX] {
        assert!(decompressor.decompress(0, &frame, stated, PAYLOAD_BYTES_MAX).is_err(), "{stated}");
    }
    assert!(
        decompressor.decompress(7, &frame, 5, PAYLOAD_BYTES_MAX).is_err(),
        "dictionary 7 was never learnt"
    );
}
