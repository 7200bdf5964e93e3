//! The least that whoever delivers must be allowed: to create documents in these data streams, the streams themselves, and to ask
//! which engine answers. Not to read, change or remove anything.

use elasticsearch::{Method, Product};
use serde_json::json;

use crate::{
    call::Call,
    options::{Engine, Options},
};

/// The call that makes it: an API key on Elasticsearch, a role on OpenSearch, to which a user must then be mapped.
pub fn role(engine: Engine, options: &Options) -> Call {
    match engine.product {
        Product::Elasticsearch => {
            let role = json!({
                "cluster": ["monitor"],
                "indices": [{ "names": [options.pattern()], "privileges": ["auto_configure", "create_doc"] }],
            });
            Call {
                what: "an API key that may deliver and nothing else".into(),
                method: Method::Post,
                path: "/_security/api_key".into(),
                body: json!({ "name": "claudetrail", "role_descriptors": { "claudetrail": role } }),
            }
        }
        Product::OpenSearch => {
            let role = json!({
                "cluster_permissions": ["cluster:monitor/main", "indices:data/write/bulk"],
                "index_permissions": [{
                    "index_patterns": [options.pattern()],
                    "allowed_actions": [
                        "indices:data/write/bulk*",
                        "indices:data/write/index",
                        "indices:admin/data_stream/create",
                        "indices:admin/data_stream/get",
                        "indices:admin/mapping/put",
                    ],
                }],
            });
            Call::put(
                "the role claudetrail, which may deliver and nothing else",
                "/_plugins/_security/api/roles/claudetrail",
                role,
            )
        }
    }
}
