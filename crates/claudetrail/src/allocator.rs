//! The allocator: one that gives memory back.
//!
//! Catching up takes hundreds of megabytes for a moment, on several threads; then the program idles for weeks. The allocator of the C
//! library keeps what was freed, per thread, for ever: measured after four days of history, 133 MB where jemalloc holds 36.
//! Its settings are in `.cargo/config.toml`.

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;
