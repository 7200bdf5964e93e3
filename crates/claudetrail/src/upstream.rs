//! From a feed's settings to the client and the collector that the `feed` and `collector` crates offer.

use std::{sync::Arc, time::Duration};

use collector::Governor;
use feed::{
    ActivityRequest, Client, ClientOptions, HttpOptions, HttpTransport, KeySource, MinimumTlsVersion,
    RetryOptions, SystemClock, TraceOptions,
};

use crate::{config::FeedSettings, error::Result};

/// The client of one feed.
pub(crate) type FeedClient = Client<HttpTransport, SystemClock>;

/// The HTTP client of one feed, for a collector, which asks again by itself and shows every failure at once.
pub(crate) fn client(settings: &FeedSettings) -> Result<FeedClient> {
    client_with(settings, RetryOptions { max_attempts: 1, ..RetryOptions::default() })
}

/// The HTTP client of one feed, for work that nobody looks at until it ends: it waits a failure out as the API asks it to.
pub(crate) fn patient_client(settings: &FeedSettings) -> Result<FeedClient> {
    client_with(settings, RetryOptions::default())
}

/// One governor for each parent organization. Feeds share a parent when they name the same, or else when address and key agree.
#[derive(Default)]
pub(crate) struct Governors(Vec<(Parent, Arc<Governor>)>);

#[derive(PartialEq)]
enum Parent {
    Named(String),
    Of { base_url: String, key: Option<feed::ApiKey> },
}

impl Governors {
    /// The governors of all feeds, in their order. Where the shares of a parent's feeds differ, the least holds for all of them.
    pub(crate) fn of(feeds: &[FeedSettings]) -> Vec<Arc<Governor>> {
        let parents: Vec<Parent> = feeds.iter().map(Parent::of).collect();
        let mut known: Self = Self::default();
        let governor = |parent: Parent| {
            let share = feeds.iter().filter(|feed| Parent::of(feed) == parent).map(|feed| feed.budget_share);
            let share = share.fold(1.0, f64::min);
            if let Some((_, governor)) = known.0.iter().find(|(other, _)| *other == parent) {
                return Arc::clone(governor);
            }
            let governor = Governor::new(share);
            known.0.push((parent, Arc::clone(&governor)));
            governor
        };
        parents.into_iter().map(governor).collect()
    }
}

impl Parent {
    fn of(feed: &FeedSettings) -> Self {
        match &feed.parent {
            Some(name) => Self::Named(name.clone()),
            None => Self::Of { base_url: feed.base_url.clone(), key: feed.api_key.key().ok() },
        }
    }
}

/// The HTTP client of one feed, for a person who waits: one more try, soon.
pub(crate) fn checking_client(settings: &FeedSettings) -> Result<FeedClient> {
    client_with(
        settings,
        RetryOptions {
            max_attempts: 2,
            backoff_initial: Duration::from_millis(500),
            backoff_max: Duration::from_secs(2),
        },
    )
}

fn client_with(settings: &FeedSettings, retry: RetryOptions) -> Result<FeedClient> {
    let transport = HttpTransport::new(&HttpOptions {
        proxy: settings.proxy.clone(),
        request_timeout: settings.timing.request_timeout,
        connect_timeout: settings.timing.connect_timeout,
        ca_file: settings.tls.ca_file.clone(),
        client_certificate_file: settings.tls.client_certificate_file.clone(),
        client_key_file: settings.tls.client_key_file.clone(),
        minimum_tls_version: if settings.tls.minimum_version_1_3 {
            MinimumTlsVersion::Tls13
        } else {
            MinimumTlsVersion::Tls12
        },
        user_agent: concat!("claudetrail/", env!("CARGO_PKG_VERSION")).to_owned(),
        trace: settings.request_trace.as_ref().map(|trace| TraceOptions {
            directory: trace.directory.clone(),
            max_file_bytes: trace.max_file_bytes,
            max_files: trace.max_files,
        }),
    })?;
    let options = ClientOptions {
        base_url: settings.base_url.clone(),
        api_version: settings.api_version.clone(),
        retry,
        jitter_seed: jitter_seed(),
    };
    Ok(Client::new(transport, SystemClock, options, Box::new(settings.api_key.clone()))?)
}

/// What a feed is asked for, whatever the time: its filters.
pub(crate) fn request(settings: &FeedSettings) -> ActivityRequest {
    ActivityRequest {
        activity_types: settings.activity_types.clone(),
        excluded_activity_types: settings.excluded_activity_types.clone(),
        actor_ids: settings.actor_ids.clone(),
        organization_ids: settings.organization_ids.clone(),
        ..ActivityRequest::default()
    }
}

/// Two processes that were refused together should not come back together.
fn jitter_seed() -> u64 {
    let nanoseconds = jiff::Timestamp::now().as_nanosecond();
    (nanoseconds as u64) ^ u64::from(std::process::id()).rotate_left(32)
}

/// What the collector needs to know of one feed.
pub(crate) fn collector_settings(settings: &FeedSettings) -> collector::FeedSettings {
    collector::FeedSettings {
        name: settings.name.clone(),
        scope: settings.scope(),
        poll_interval: settings.timing.poll_interval,
        initial_lookback: settings.timing.initial_lookback,
        page_size: settings.page_size,
        overlap_floor: settings.timing.overlap_floor,
        overlap_ceiling: settings.timing.overlap_ceiling,
        reconcile_after: settings.reconcile_after.clone(),
        settle: settings.timing.settle,
        activity_types: settings.activity_types.clone(),
        excluded_activity_types: settings.excluded_activity_types.clone(),
        actor_ids: settings.actor_ids.clone(),
        organization_ids: settings.organization_ids.clone(),
        transparency: settings.transparency_log.enabled.then(|| collector::TransparencySettings {
            interval: settings.transparency_log.interval,
            organizations: settings.transparency_log.organizations.clone(),
            trusted_keys: settings.transparency_log.trusted_keys.clone(),
        }),
    }
}
