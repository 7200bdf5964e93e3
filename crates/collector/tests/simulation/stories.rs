//! Named stories: one trouble each, told so that a failure says what broke.
