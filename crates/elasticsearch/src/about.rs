//! Which engine answers, and in which version.

use serde::Deserialize;

use crate::{
    error::{Error, ErrorKind},
    response::Response,
};

/// The two engines, which share an ancestor and differ in what they call things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Product {
    /// Elasticsearch.
    Elasticsearch,
    /// OpenSearch.
    OpenSearch,
}

impl Product {
    /// Its name as it writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Elasticsearch => "Elasticsearch",
            Self::OpenSearch => "OpenSearch",
        }
    }
}

/// Who answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// Which engine.
    pub product: Product,
    /// Its version, such as `8.19.21`.
    pub version: String,
    /// Major and minor number.
    pub numbers: (u32, u32),
    /// The cluster's name.
    pub cluster: String,
}

impl About {
    /// Reads the answer to `GET /`.
    pub(crate) fn read(response: &Response) -> Result<Self, Error> {
        #[derive(Deserialize)]
        struct Root {
            #[serde(default)]
            cluster_name: String,
            version: Version,
        }
        #[derive(Deserialize)]
        struct Version {
            number: String,
            distribution: Option<String>,
        }
        let root: Root = response.json()?;
        let is_opensearch = root.version.distribution.as_deref() == Some("opensearch");
        let product = if is_opensearch { Product::OpenSearch } else { Product::Elasticsearch };
        let mut parts = root.version.number.split('.').map_while(|part| part.parse().ok());
        let numbers = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
        let about = Self { product, version: root.version.number, numbers, cluster: root.cluster_name };
        about.check()?;
        Ok(about)
    }

    /// Refuses versions whose data streams or templates are not those we write for.
    fn check(&self) -> Result<(), Error> {
        let least = match self.product {
            Product::Elasticsearch => (8, 0),
            Product::OpenSearch => (2, 0),
        };
        if self.numbers >= least {
            return Ok(());
        }
        let detail = format!("{self} is too old");
        Err(Error::new(ErrorKind::Answer, "work with the engine", detail)
            .with_hint("use Elasticsearch 8.19 or later, or OpenSearch 2.19 or later"))
    }
}

impl std::fmt::Display for About {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} {}", self.product.as_str(), self.version)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<About, Error> {
        let body = bytes::Bytes::copy_from_slice(body.as_bytes());
        About::read(&Response {
            step: "GET /".into(),
            host: "node".into(),
            status: 200,
            body,
            retry_after: None,
        })
    }

    #[test]
    fn the_engines_are_told_apart_and_old_ones_refused() {
        let elasticsearch =
            read(r#"{"cluster_name":"c","version":{"number":"8.19.21","build_flavor":"default"}}"#)
                .expect("known");
        assert_eq!((elasticsearch.product, elasticsearch.numbers), (Product::Elasticsearch, (8, 19)));
        let opensearch =
            read(r#"{"version":{"number":"3.4.0-SNAPSHOT","distribution":"opensearch"}}"#).expect("known");
        assert_eq!(
            (opensearch.to_string().as_str(), opensearch.numbers),
            ("OpenSearch 3.4.0-SNAPSHOT", (3, 4))
        );
        for (body, said) in [
            (r#"{"version":{"number":"7.17.0"}}"#, "Elasticsearch 7.17.0 is too old"),
            (r#"{"version":{"number":"1.3.0","distribution":"opensearch"}}"#, "OpenSearch 1.3.0 is too old"),
            ("<html>Kibana</html>", "answers what cannot be read"),
        ] {
            let error = read(body).expect_err("refused");
            assert!(error.to_string().contains(said) && !error.hint().is_empty(), "{error}");
        }
    }
}
