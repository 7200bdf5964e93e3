//! Whatever an activity's bytes are, one valid JSON object comes out in either schema, the same one again, and a sentence.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use normalize::enrichment::{Enrichment, Network, Networks};
use normalize::{Context, Normalizer, NormalizerOptions};
use serde_json::{Map, Value};

static NORMALIZER: LazyLock<Normalizer> = LazyLock::new(|| {
    let network = Network {
        cidr: "192.0.2.0/24".into(),
        country: Some("PT".into()),
        trusted: true,
        ..Network::default()
    };
    let enrichment = Enrichment::none().with_networks(Networks::new([network]).expect("a good entry"));
    let options = NormalizerOptions { preserve_original: true, ..NormalizerOptions::default() };
    Normalizer::new(options).with_enrichment(enrichment)
});

fuzz_target!(|raw: &[u8]| {
    let context = Context::default();
    let (mut ecs, mut ocsf, mut again) = (Vec::new(), Vec::new(), Vec::new());
    let outcome = NORMALIZER.ecs(raw, &context, &mut ecs);
    NORMALIZER.ocsf(raw, &context, &mut ocsf);
    for document in [&ecs, &ocsf] {
        serde_json::from_slice::<Map<String, Value>>(document).expect("one valid object");
        assert!(!document.contains(&b'\n'));
    }
    assert_eq!(NORMALIZER.ecs(raw, &context, &mut again), outcome);
    assert_eq!(again, ecs);
    assert!(!normalize::sentence(raw).contains('\n'));
});
