//! The hash chain.

/// The outcome of a check of the whole chain.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ChainReport {
    /// Links checked.
    pub links: u64,
    /// Pages checked.
    pub pages: u64,
    /// Activities checked.
    pub activities: u64,
    /// Head of the chain as recomputed.
    pub head: [u8; 32],
    /// The first difference, `None` when everything holds.
    pub difference: Option<Difference>,
}

/// Where the stored ledger first differs from what its chain says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    /// What kind of difference.
    pub kind: DifferenceKind,
    /// The link, when it can be named.
    pub link: Option<u64>,
    /// The page, when it can be named.
    pub page: Option<u64>,
    /// The activity's sequence, when it can be named.
    pub sequence: Option<u64>,
    /// The activity's id as stored now, when it can be named.
    pub activity_id: Option<String>,
    /// One sentence.
    pub message: String,
}

/// What kind of difference was found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DifferenceKind {
    /// The bytes, id or time of an activity are not those that were appended.
    ActivityChanged,
}

impl crate::Reader {
    /// Recomputes everything from the stored bytes and names the first difference.
    pub fn check_chain(&self, _progress: &mut dyn FnMut(u64, u64)) -> Result<ChainReport, crate::Error> {
        unimplemented!()
    }
}
