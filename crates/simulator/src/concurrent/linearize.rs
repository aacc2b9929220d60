//! Is there an order of concurrent calls that explains every answer?
//!
//! The algorithm of Wing and Gong with the memory of Lowe: the calls that could have been next are
//! tried one after the other on a model, and what was tried is remembered as the set of calls that
//! happened together with a digest of the model. Unlike a plain checker it finds *all* states that
//! the calls can end in, so that the next stretch of a history begins where this one stopped.

use std::collections::HashSet;

/// What is called, one call after the other.
pub trait Model: Clone {
    /// A call.
    type Call;
    /// What it was answered.
    type Answer;

    /// Carries out a call. False if it cannot have been answered like this; of a call without an
    /// answer everything is possible.
    fn step(&mut self, call: &Self::Call, answer: Option<&Self::Answer>) -> bool;

    /// The call never changes anything.
    fn is_read(call: &Self::Call) -> bool;

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
const TRIES_MAX: usize = 400_000;

/// A call that was carried out, and what came before it.
struct Node {
    before: Option<usize>,
    entry: usize,
    depth: usize,
}

struct Configuration<M> {
    model: M,
    happened: u128,
    /// The latest call among those that happened.
    latest_called: u64,
    node: Option<usize>,
}

struct Search<'a, M: Model> {
    entries: &'a [Entry<M::Call, M::Answer>],
    waiting: Vec<Configuration<M>>,
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
        seen: HashSet::new(),
        nodes: Vec::new(),
        deepest: None,
    };
    for model in starts {
        search.push(Configuration {
            model: model.clone(),
            happened: 0,
            latest_called: 0,
            node: None,
        });
    }
    search.run()
}

impl<M: Model> Search<'_, M> {
    fn run(mut self) -> Result<Vec<Ending<M>>, Unexplained> {
        let answered = self.answered();
        let mut endings = Vec::new();
        while let Some(from) = self.waiting.pop() {
            if self.seen.len() > TRIES_MAX {
                return Err(Unexplained::TooMuch);
            }
            self.expand(&from);
            if from.happened & answered == answered {
                endings.push(Ending { model: from.model, happened: from.happened });
            }
        }
        if endings.is_empty() {
            return Err(Unexplained::NoOrder(self.longest()));
        }
        Ok(endings)
    }

    fn answered(&self) -> u128 {
        let is_answered = |entry: &Entry<_, _>| matches!(entry.end, End::Answered { .. });
        let places = self.entries.iter().enumerate().filter(|(_, entry)| is_answered(entry));
        places.fold(0, |bits, (place, _)| bits | 1 << place)
    }

    /// Tries all calls that could be next. A read that is explained here is taken alone: it
    /// changes nothing, so it is never better to take it later, unless an open call has to come
    /// before it.
    fn expand(&mut self, from: &Configuration<M>) {
        let first_answer = self.first_answer(from.happened);
        let mut next = Vec::new();
        for (place, entry) in self.entries.iter().enumerate() {
            if from.happened >> place & 1 == 1 || entry.called > first_answer {
                continue;
            }
            let answer = match &entry.end {
                End::Answered { answer, .. } => Some(answer),
                End::Open { until } if from.latest_called <= *until => None,
                End::Open { .. } => continue,
            };
            let mut model = from.model.clone();
            if !model.step(&entry.call, answer) {
                continue;
            }
            let taken = self.taken(from, place, model);
            if M::is_read(&self.entries[place].call) && !self.forbids(from, taken.latest_called) {
                return self.push(taken);
            }
            next.push(taken);
        }
        for configuration in next {
            self.push(configuration);
        }
    }

    /// With a call of this instant, an open call that could still happen can no more.
    fn forbids(&self, from: &Configuration<M>, latest_called: u64) -> bool {
        self.entries.iter().enumerate().any(|(place, entry)| match entry.end {
            End::Open { until } => {
                from.happened >> place & 1 == 0
                    && (from.latest_called..latest_called).contains(&until)
            }
            End::Answered { .. } => false,
        })
    }

    /// When the first of the answered calls that did not happen yet was answered: what was called
    /// later cannot come before it.
    fn first_answer(&self, happened: u128) -> u64 {
        let undone = self.entries.iter().enumerate().filter(|(place, _)| happened >> place & 1 == 0);
        let answers = undone.filter_map(|(_, entry)| match entry.end {
            End::Answered { at, .. } => Some(at),
            End::Open { .. } => None,
        });
        answers.min().unwrap_or(u64::MAX)
    }

    fn taken(&mut self, from: &Configuration<M>, place: usize, model: M) -> Configuration<M> {
        let depth = from.node.map_or(0, |node| self.nodes[node].depth) + 1;
        self.nodes.push(Node { before: from.node, entry: place, depth });
        let node = self.nodes.len() - 1;
        if self.deepest.is_none_or(|deepest| self.nodes[deepest].depth < depth) {
            self.deepest = Some(node);
        }
        Configuration {
            model,
            happened: from.happened | 1 << place,
            latest_called: from.latest_called.max(self.entries[place].called),
            node: Some(node),
        }
    }

    fn push(&mut self, configuration: Configuration<M>) {
        if self.seen.insert((configuration.happened, configuration.model.digest())) {
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
