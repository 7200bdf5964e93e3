//! A small memory of what was made last.

use std::collections::VecDeque;
use std::sync::Arc;

/// Keeps the latest results up to a total size; the oldest use goes first. Made for a handful of entries.
#[derive(Debug)]
pub(super) struct Recent<K, V> {
    entries: VecDeque<(K, Arc<V>, usize)>,
    size: usize,
    limit: usize,
}

impl<K: PartialEq, V> Recent<K, V> {
    pub(super) fn new(limit: usize) -> Recent<K, V> {
        Recent { entries: VecDeque::new(), size: 0, limit }
    }

    /// The sizes of all that is kept, added up.
    #[cfg(test)]
    pub(super) fn size(&self) -> usize {
        self.size
    }

    pub(super) fn get(&mut self, key: &K) -> Option<Arc<V>> {
        let place = self.entries.iter().position(|(known, _, _)| known == key)?;
        let entry = self.entries.remove(place)?;
        let value = Arc::clone(&entry.1);
        self.entries.push_back(entry);
        Some(value)
    }

    /// Keeps `value`, even one that is larger than the limit, until the next one comes.
    pub(super) fn put(&mut self, key: K, value: Arc<V>, size: usize) {
        self.entries.retain(|(known, _, known_size)| {
            let keep = *known != key;
            self.size -= if keep { 0 } else { *known_size };
            keep
        });
        self.entries.push_back((key, value, size));
        self.size += size;
        while self.size > self.limit && self.entries.len() > 1 {
            if let Some((_, _, size)) = self.entries.pop_front() {
                self.size -= size;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_use_goes_first_and_the_limit_holds() {
        let mut recent = Recent::new(3);
        for key in 0..3 {
            recent.put(key, Arc::new(key * 10), 1);
        }
        assert_eq!(recent.get(&0).as_deref(), Some(&0));
        recent.put(3, Arc::new(30), 1);
        assert_eq!(recent.get(&1), None, "1 was used longest ago");
        assert_eq!(recent.get(&0).as_deref(), Some(&0));
        recent.put(9, Arc::new(90), 50);
        assert_eq!((recent.get(&9).as_deref(), recent.get(&0)), (Some(&90), None));
        recent.put(9, Arc::new(91), 1);
        recent.put(10, Arc::new(100), 1);
        assert_eq!((recent.get(&9).as_deref(), recent.get(&10).as_deref()), (Some(&91), Some(&100)));
    }
}
