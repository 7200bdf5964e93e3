//! The printed role: enough to deliver, also into a data stream that is not there yet, and for nothing else.

use elasticsearch::{Credentials, Request, Secret};
use engines::{Engine, Product};
use serde_json::json;
use sinks::ItemOutcome;

use crate::support::{Caller, NAME, basic, documents, now, options, world};

async fn with_users(product: Product) -> Option<(Engine, Caller)> {
    let engine = Engine::start(product, engines::Options { security: true, ..engines::Options::default() })?;
    let administrator = Caller::administrator(&engine);
    administrator.set_up(&options()).await;
    Some((engine, administrator))
}

/// What may be done is done, and what may not is refused.
async fn delivers_and_nothing_else(limited: &Caller, administrator: &Caller) {
    let batch = documents(&world(20.0).one_of_each_type(now())[..50]);
    assert_eq!(limited.deliver(&batch).await.expect("delivered"), vec![ItemOutcome::Delivered; 50]);
    assert_eq!(limited.deliver(&batch).await.expect("delivered"), vec![ItemOutcome::AlreadyThere; 50]);
    administrator.ask(Request::post(format!("/{NAME}/_refresh"))).await;
    let count = administrator.ask(Request::get(format!("/{NAME}/_count"))).await;
    assert_eq!(count["count"], 50);
    for refused in [
        Request::get(format!("/{NAME}/_search")),
        Request::delete(format!("/_data_stream/{NAME}")),
        Request::post("/another/_doc").json(&json!({ "a": 1 })),
        Request::put("/_index_template/mine").json(&json!({ "index_patterns": ["mine"] })),
    ] {
        let said = format!("{refused:?}");
        assert_eq!(limited.status(refused).await, 403, "{said}");
    }
}

#[tokio::test]
async fn a_key_of_elasticsearch_is_enough_and_no_more() {
    let Some((engine, administrator)) = with_users(Product::Elasticsearch).await else { return };
    let about = administrator.asks.about().await.expect("known");
    let call = engine_setup::role(engine_setup::Engine::of(about), &options());
    let made = administrator.ask(call.request()).await;
    let key = Secret::new(made["encoded"].as_str().expect("a key")).expect("a secret");
    let limited = Caller::new(&engine, Credentials::ApiKey(key));
    delivers_and_nothing_else(&limited, &administrator).await;
}

#[tokio::test]
async fn a_role_of_opensearch_is_enough_and_no_more() {
    let Some((engine, administrator)) = with_users(Product::OpenSearch).await else { return };
    let about = administrator.asks.about().await.expect("known");
    let call = engine_setup::role(engine_setup::Engine::of(about), &options());
    administrator.ask(call.request()).await;
    let password = "a long enough passphrase 7!";
    let user = json!({ "password": password, "opendistro_security_roles": ["claudetrail"] });
    administrator.ask(Request::put("/_plugins/_security/api/internalusers/shipper").json(&user)).await;
    let limited = Caller::new(&engine, basic("shipper", password));
    delivers_and_nothing_else(&limited, &administrator).await;
}
