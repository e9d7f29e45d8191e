//! A crate.

/// A ring.
#[derive(Debug)]
pub struct Ring {
    size: usize,
}

impl Ring {
    pub fn new(size: usize) -> Self {
        Ring { size }
    }
}

pub(crate) fn turn(ring: &Ring) -> usize {
    ring.size
}
