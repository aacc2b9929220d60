//! Is there an order of concurrent calls that explains every answer?
//!
//! The algorithm of Wing and Gong with the memory of Lowe: the calls that could have been next are
//! tried one after the other on a model, and what was tried is remembered as the set of calls that
//! happened together with a digest of the model. Unlike a plain checker it finds *all* states that
//! the calls can end in, so that the next stretch of a history begins where this one stopped.

use std::collections::HashSet;

/// What is called, one call after the other.
///
/// A call that changed nothing and was answered in some way changes nothing either whenever it is
/// answered in that way later: what is known stays known.
pub trait Model: Clone {
    /// A call.
    type Call: PartialEq;
    /// What it was answered.
    type Answer;

    /// Carries out a call. False if it cannot have been answered like this, or if what is known of
    /// the end is out of reach then.
    fn step(&mut self, call: &Self::Call, answer: Option<&Self::Answer>) -> bool;

    /// Whether a call that never changes anything can have been answered like this; none for any
    /// other call.
    fn read(&self, call: &Self::Call, answer: &Self::Answer) -> Option<bool>;

    /// Equal for models that answer everything alike from here on.
    fn digest(&self) -> u64;
}

/// A call of a history. Instants are of one monotone clock.
#[derive(Clone, Debug)]
pub struct Entry<C, A> {
    /// What was called.
    pub call: C,
    /// When.
    pub called: u64,
    /// How it ended.
    pub end: End<A>,
}

/// How a call ended.
#[derive(Clone, Debug)]
pub enum End<A> {
    /// It was answered.
    Answered {
        /// When.
        at: u64,
        /// How.
        answer: A,
    },
    /// It was not: it may have happened until then, or never.
    Open {
        /// `u64::MAX` if it may still happen.
        until: u64,
        /// Whether it happened is to be told even where it changed nothing.
        is_watched: bool,
    },
}

/// A state that a history can end in.
#[derive(Clone, Debug)]
pub struct Ending<M> {
    /// The model after all calls.
    pub model: M,
    /// The calls that happened, by bit: all that were answered, and some of the others.
    pub happened: u128,
}

/// Why there are no endings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unexplained {
    /// No order explains the answers. The longest explained prefix, by places in the history.
    NoOrder(Vec<usize>),
    /// There are more than 128 calls, or too many orders to try.
    TooMuch,
}

/// Configurations that are tried at most.
const TRIES_MAX: usize = 30_000;

/// A call that was carried out, and what came before it.
struct Node {
    before: Option<usize>,
    entry: usize,
    depth: usize,
}

struct Configuration<M> {
    model: M,
    digest: u64,
    happened: u128,
    /// The latest call among those that happened.
    latest_called: u64,
    node: Option<usize>,
}

struct Search<'a, M: Model> {
    entries: &'a [Entry<M::Call, M::Answer>],
    waiting: Vec<Configuration<M>>,
    /// Of the calls that were answered, by bit.
    answered: u128,
    seen: HashSet<(u128, u64)>,
    nodes: Vec<Node>,
    deepest: Option<usize>,
}

/// Every state that the history can end in, beginning in one of `starts`.
///
/// # Errors
///
/// There is none, or the history is too large to tell.
pub fn endings<M: Model>(
    starts: &[M],
    entries: &[Entry<M::Call, M::Answer>],
) -> Result<Vec<Ending<M>>, Unexplained> {
    if entries.len() > 128 {
        return Err(Unexplained::TooMuch);
    }
    let mut search = Search {
        entries,
        waiting: Vec::new(),
        answered: answered(entries),
        seen: HashSet::new(),
        nodes: Vec::new(),
        deepest: None,
    };
    for model in starts {
        let (model, digest) = (model.clone(), model.digest());
        let start = Configuration { model, digest, happened: 0, latest_called: 0, node: None };
        search.push(start);
    }
    search.run()
}

fn answered<C, A>(entries: &[Entry<C, A>]) -> u128 {
    let is_answered = |entry: &Entry<C, A>| matches!(entry.end, End::Answered { .. });
    let places = entries.iter().enumerate().filter(|(_, entry)| is_answered(entry));
    places.fold(0, |bits, (place, _)| bits | 1 << place)
}

impl<M: Model> Search<'_, M> {
    fn run(mut self) -> Result<Vec<Ending<M>>, Unexplained> {
        let mut endings = Vec::new();
        while let Some(from) = self.waiting.pop() {
            if self.seen.len() > TRIES_MAX {
                return Err(Unexplained::TooMuch);
            }
            self.expand(&from);
            if from.happened & self.answered == self.answered {
                endings.push(Ending { model: from.model, happened: from.happened });
            }
        }
        if endings.is_empty() {
            return Err(Unexplained::NoOrder(self.longest()));
        }
        Ok(endings)
    }

    /// Tries all calls that could be next. One that is explained here and changes nothing is taken
    /// alone: it is never better to take it later, unless an open call has to come before it.
    fn expand(&mut self, from: &Configuration<M>) {
        let first_answer = self.first_answer(from.happened);
        let mut next = Vec::new();
        for (place, entry) in self.entries.iter().enumerate() {
            let is_done = from.happened >> place & 1 == 1;
            if is_done || entry.called > first_answer || self.has_earlier_twin(from, entry) {
                continue;
            }
            let Some((model, digest)) = Self::carried_out(from, entry) else { continue };
            let changes = digest != from.digest;
            let latest_called = from.latest_called.max(entry.called);
            let taken = Configuration {
                model,
                digest,
                happened: from.happened | 1 << place,
                latest_called,
                node: Some(self.note(from.node, place)),
            };
            let is_answered = self.answered >> place & 1 == 1;
            if is_answered && !changes && !self.forbids(from, latest_called) {
                return self.push(taken);
            }
            next.push(taken);
        }
        for configuration in next {
            self.push(configuration);
        }
    }

    /// Of open calls that are the same, the first that can happen stands for all.
    fn has_earlier_twin(&self, from: &Configuration<M>, entry: &Entry<M::Call, M::Answer>) -> bool {
        let End::Open { until, is_watched: false } = entry.end else { return false };
        self.entries.iter().enumerate().any(|(place, other)| match other.end {
            End::Open { until: others, is_watched: false } => {
                other.called < entry.called
                    && others == until
                    && from.happened >> place & 1 == 0
                    && other.call == entry.call
            }
            _ => false,
        })
    }

    /// The model after a call and its digest, if the call can be next.
    fn carried_out(from: &Configuration<M>, entry: &Entry<M::Call, M::Answer>) -> Option<(M, u64)> {
        match &entry.end {
            End::Answered { answer, .. } => {
                if let Some(is_explained) = from.model.read(&entry.call, answer) {
                    return is_explained.then(|| (from.model.clone(), from.digest));
                }
                let mut model = from.model.clone();
                let is_explained = model.step(&entry.call, Some(answer));
                let digest = model.digest();
                is_explained.then_some((model, digest))
            }
            End::Open { until, is_watched } if from.latest_called <= *until => {
                let mut model = from.model.clone();
                if !model.step(&entry.call, None) {
                    return None;
                }
                let digest = model.digest();
                (digest != from.digest || *is_watched).then_some((model, digest))
            }
            End::Open { .. } => None,
        }
    }

    /// With a call of this instant, an open call that could still happen can no more.
    fn forbids(&self, from: &Configuration<M>, latest_called: u64) -> bool {
        self.entries.iter().enumerate().any(|(place, entry)| match entry.end {
            End::Open { until, .. } => {
                from.happened >> place & 1 == 0
                    && (from.latest_called..latest_called).contains(&until)
            }
            End::Answered { .. } => false,
        })
    }

    /// When the first of the answered calls that did not happen yet was answered: what was called
    /// later cannot come before it.
    fn first_answer(&self, happened: u128) -> u64 {
        let undone =
            self.entries.iter().enumerate().filter(|(place, _)| happened >> place & 1 == 0);
        let answers = undone.filter_map(|(_, entry)| match entry.end {
            End::Answered { at, .. } => Some(at),
            End::Open { .. } => None,
        });
        answers.min().unwrap_or(u64::MAX)
    }

    /// Notes what came after what; the place of the note.
    fn note(&mut self, before: Option<usize>, entry: usize) -> usize {
        let depth = before.map_or(0, |node| self.nodes[node].depth) + 1;
        self.nodes.push(Node { before, entry, depth });
        let node = self.nodes.len() - 1;
        if self.deepest.is_none_or(|deepest| self.nodes[deepest].depth < depth) {
            self.deepest = Some(node);
        }
        node
    }

    fn push(&mut self, configuration: Configuration<M>) {
        if self.seen.insert((configuration.happened, configuration.digest)) {
            self.waiting.push(configuration);
        }
    }

    fn longest(&self) -> Vec<usize> {
        let mut places = Vec::new();
        let mut next = self.deepest;
        while let Some(node) = next {
            places.push(self.nodes[node].entry);
            next = self.nodes[node].before;
        }
        places.reverse();
        places
    }
}

#[cfg(test)]
mod tests;
