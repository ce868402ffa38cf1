//! What AWS will do by itself, in the order of its times.

use jiff::Timestamp;

/// Effects with their times.
#[derive(Clone, Debug)]
pub struct Agenda<E>(Vec<(Timestamp, E)>);

impl<E> Default for Agenda<E> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<E> Agenda<E> {
    pub fn plan(&mut self, at: Timestamp, effect: E) {
        self.0.push((at, effect));
        self.0.sort_by_key(|(at, _)| *at);
    }

    /// The next effect that is due.
    pub fn due(&mut self, now: Timestamp) -> Option<E> {
        self.0.first().is_some_and(|(at, _)| *at <= now).then(|| self.0.remove(0).1)
    }

    /// Nothing of it happens any more.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    pub fn retain(&mut self, keep: impl Fn(&E) -> bool) {
        self.0.retain(|(_, effect)| keep(effect));
    }

    pub fn effects(&self) -> impl Iterator<Item = &E> {
        self.0.iter().map(|(_, effect)| effect)
    }
}
