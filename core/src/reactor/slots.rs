//! Where the sources of a loop are kept: tokens carry a generation, so that an event for a source
//! that is gone cannot reach the one that took its place.

use std::rc::Rc;

use mio::Token;
use slab::Slab;

/// Sources by token.
pub(crate) struct Slots<T: ?Sized> {
    entries: Slab<Entry<T>>,
    generation: u32,
}

struct Entry<T: ?Sized> {
    generation: u32,
    source: Option<Rc<T>>,
}

impl<T: ?Sized> Slots<T> {
    pub(crate) fn new() -> Self {
        Self { entries: Slab::new(), generation: 0 }
    }

    /// A token for a source that is put in by [`fill`](Self::fill).
    pub(crate) fn reserve(&mut self) -> Token {
        self.generation = self.generation.wrapping_add(1);
        let index = self.entries.insert(Entry { generation: self.generation, source: None });
        Token((self.generation as usize) << 32 | index)
    }

    pub(crate) fn fill(&mut self, token: Token, source: Rc<T>) {
        if let Some(entry) = self.entries.get_mut(index(token)) {
            entry.source = Some(source);
        }
    }

    pub(crate) fn get(&self, token: Token) -> Option<Rc<T>> {
        let entry = self.entries.get(index(token))?;
        (entry.generation == generation(token)).then(|| entry.source.clone()).flatten()
    }

    pub(crate) fn remove(&mut self, token: Token) {
        if self.entries.get(index(token)).is_some_and(|entry| entry.generation == generation(token)) {
            self.entries.remove(index(token));
        }
    }
}

fn index(token: Token) -> usize {
    token.0 & 0xffff_ffff
}

fn generation(token: Token) -> u32 {
    (token.0 >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stale_token_finds_nothing() {
        let mut slots: Slots<u8> = Slots::new();
        let first = slots.reserve();
        slots.fill(first, Rc::new(1));
        slots.remove(first);
        let second = slots.reserve();
        slots.fill(second, Rc::new(2));
        assert_eq!(index(first), index(second));
        assert_eq!(slots.get(first), None);
        slots.remove(first);
        assert_eq!(slots.get(second), Some(Rc::new(2)));
    }
}
