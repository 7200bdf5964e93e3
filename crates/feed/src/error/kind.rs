//! The closed list of failures, each with its sentence, its hint and its retry rule.

/// Makes the list, so that no kind can lack a text or be missing from [`ErrorKind::ALL`].
macro_rules! kinds {
    ($( $(#[$documentation:meta])* $kind:ident $name:literal, $retry:ident, $message:literal, $hint:literal; )*) => {
        /// What went wrong. New kinds may be added.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[non_exhaustive]
        pub enum ErrorKind {
            $( $(#[$documentation])* $kind, )*
        }

        impl ErrorKind {
            /// Every kind, in the order of declaration.
            pub const ALL: &[Self] = &[$( Self::$kind, )*];

            /// The name of the kind in `snake_case`, stable, for logs, metrics and JSON.
            pub fn as_str(self) -> &'static str {
                match self { $( Self::$kind => $name, )* }
            }

            /// One sentence that says what happened.
            pub fn message(self) -> &'static str {
                match self { $( Self::$kind => $message, )* }
            }

            /// What to do next, when nothing more particular is known.
            pub fn hint(self) -> &'static str {
                match self { $( Self::$kind => $hint, )* }
            }

            /// Whether asking again can help when the API does not say. A GET of this feed changes nothing, so it may
            /// always be repeated; the question is only whether that is worth it.
            pub fn is_retryable(self) -> bool {
                match self { $( Self::$kind => kinds!(@$retry), )* }
            }
        }
    };
    (@lasting) => { false };
    (@passing) => { true };
}

kinds! {
    /// The request breaks a documented rule and was not sent.
    InvalidRequest "invalid_request", lasting,
        "the request breaks a rule of the API and was not sent",
        "correct the filter, limit, cursor or time bound that is named, and ask again";
    /// The options of the client or the transport cannot be used; nothing was sent.
    Configuration "configuration", lasting,
        "the connection is not set up correctly",
        "correct the setting that is named";
    /// The key source gave no usable key.
    KeyUnavailable "key_unavailable", lasting,
        "no usable API key was found",
        "check that the environment variable, file or command that should give the key exists and can be read, and that it gives the whole key and nothing else";
    /// The API saw no key in the request.
    KeyMissing "key_missing", lasting,
        "the API saw no key in the request",
        "check that no proxy or gateway on the way removes the x-api-key header";
    /// 401: the API does not know the key.
    KeyInvalid "key_invalid", lasting,
        "the API does not accept the key",
        "enter the key again in full, or create a new one; a key that was deleted or disabled is refused in the same way";
    /// 401: the key was valid once.
    KeyExpired "key_expired", lasting,
        "the API key has expired",
        "create a new key and put it where the old one is; a key read from a file or a command is picked up without a restart";
    /// 403: the key lacks a scope.
    ScopeMissing "scope_missing", lasting,
        "the API key lacks a scope",
        "create a key that has the scope read:compliance_activities and use it instead";
    /// 403 for another reason, such as an organization that is not the key's.
    Forbidden "forbidden", lasting,
        "the API does not let this key read what was asked for",
        "ask only for organizations that belong to the key's own parent organization, or use a key of the organization that is asked for";
    /// 400 and its like: the API refused a parameter.
    BadRequest "bad_request", lasting,
        "the API refused the request",
        "correct the parameter that the API names; an activity type it does not know is refused in this way too";
    /// 400: the API refused the cursor.
    CursorRefused "cursor_refused", lasting,
        "the API refused the cursor",
        "drop the cursor and ask again by created_at; activities that were seen before are recognised by their id";
    /// 404.
    NotFound "not_found", lasting,
        "there is no activity feed at this address",
        "check base_url, that the Compliance API is enabled for the organization, and that no proxy removes the x-api-key header (without a key the API answers 404 too)";
    /// 404 of a transparency log, or of a leaf that its latest checkpoint does not cover.
    LogNotFound "log_not_found", lasting,
        "there is no such transparency log, or no such leaf in it yet",
        "the log begins with the organization's first access event; if the feed has shown one for days, ask the vendor's support";
    /// 429.
    RateLimited "rate_limited", passing,
        "the request budget of the organization is spent",
        "wait, or find what else spends it: 600 requests a minute are shared by every key of the parent organization";
    /// 500 and every 5xx without a kind of its own.
    ServerError "server_error", passing,
        "the API failed",
        "wait and ask again; if it lasts, give the request id to the vendor's support";
    /// 529.
    Overloaded "overloaded", passing,
        "the API is overloaded",
        "wait; asking again later needs nothing to be changed";
    /// 502, 503, 504.
    Unavailable "unavailable", passing,
        "the API is not available",
        "wait, and look at the vendor's status page if it lasts; a gateway or proxy of your own can also answer like this";
    /// No connection, answer or body in time, or 408.
    Timeout "timeout", passing,
        "no complete answer came in time",
        "check the way to the API, raise the timeout, or ask for smaller pages";
    /// The connection could not be made or broke before an answer, a failed name lookup included.
    Connection "connection", passing,
        "the API could not be reached",
        "check base_url, name resolution, the firewall, and whether this machine needs a proxy";
    /// No secure connection: certificates, protocol versions, handshake.
    Tls "tls", passing,
        "no secure connection could be made",
        "check base_url and the TLS settings: CA file, client certificate, minimum version";
    /// The proxy could not be reached, or refused.
    Proxy "proxy", passing,
        "the proxy did not let the request through",
        "check the address of the proxy, its user name and password, and that it allows connections to the API";
    /// The answer points to another address, and redirects are not followed.
    Redirect "redirect", lasting,
        "the answer points to another address, and redirects are not followed so that the key stays here",
        "set base_url to the address that is meant, or ask who runs the proxy that answers";
    /// The answer is not JSON by its own account, such as an HTML page.
    ContentType "content_type", passing,
        "the answer is not the API's",
        "something between this machine and the API answers in its place: check base_url and the proxy, or sign in to the network";
    /// The body ended before its end, or its compressed form is damaged.
    Truncated "truncated", passing,
        "the answer broke off",
        "ask again; if it lasts, check the proxy for a size or time limit, or ask for smaller pages";
    /// The body is longer than the documented bound.
    BodyTooLarge "body_too_large", lasting,
        "the answer is larger than any page should be",
        "ask for smaller pages";
    /// The body is not UTF-8.
    InvalidUtf8 "invalid_utf8", passing,
        "the answer is not valid UTF-8",
        "ask again; if it lasts, look for a proxy that alters answers, and give the request id to the vendor's support";
    /// The body is not JSON.
    InvalidJson "invalid_json", passing,
        "the answer is not valid JSON",
        "ask again; if it lasts, look for a proxy that alters answers, and give the request id to the vendor's support";
    /// The body is JSON, but not the page that was asked for.
    UnexpectedPage "unexpected_page", lasting,
        "the answer is not the page that was asked for",
        "check base_url; if it is the vendor's own, give the request id to the vendor's support. Nothing of this page was used";
    /// A status the contract does not know.
    UnexpectedStatus "unexpected_status", lasting,
        "the answer has a status this program does not know",
        "check base_url and what stands between this machine and the API";
    /// The program is stopping.
    Cancelled "cancelled", lasting,
        "the request was given up because the program is stopping",
        "nothing is lost: the next start asks again";
}
