//! A writer's inbox: bounded, and fair between environments.
//!
//! Each environment has a lane of its own, first in, first out. The writer takes from the lanes in
//! turn, a share of weight from each (deficit round robin), so that a sandbox whose clock leaps a
//! year does not delay production.

use std::cell::Cell;
use std::collections::{BTreeMap, VecDeque};
use std::marker::PhantomData;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use scrip_core::EnvironmentId;

#[cfg(test)]
mod tests;

/// The least weight of a lane's turn. It bounds how often the lanes are walked for one heavy
/// message; beyond 16 busy environments not each of them is in each batch of 1,024.
const SHARE_MIN: usize = 64;
/// The weight over which a drain shares out turns.
const DRAIN_WEIGHT: usize = 1_024;

/// How much may wait. An environment that waits with less than its fair share is admitted beyond
/// that, up to twice as much in all.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Messages.
    pub messages_max: usize,
    /// The sum of their weights.
    pub weight_max: usize,
}

/// Why a message was not taken in. It is given back.
#[derive(Debug, PartialEq, Eq)]
pub enum Refused<T> {
    /// Too much waits already.
    Full(T),
    /// Nobody receives any more.
    Closed(T),
}

/// Makes an empty queue.
pub fn queue<T>(limits: Limits) -> (Sender<T>, Receiver<T>) {
    let inbox = Arc::new(Inbox {
        waiting: Mutex::new(Waiting {
            limits,
            urgent: VecDeque::new(),
            lanes: BTreeMap::new(),
            turns: VecDeque::new(),
            messages: 0,
            weight: 0,
            is_asleep: false,
            is_closed: false,
            is_abandoned: false,
        }),
        arrived: Condvar::new(),
    });
    let senders = Arc::new(Senders { inbox: Arc::clone(&inbox) });
    (Sender { senders }, Receiver { inbox, _one_thread: PhantomData })
}

/// Puts messages in; any number of threads may hold one.
pub struct Sender<T> {
    senders: Arc<Senders<T>>,
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Self { senders: Arc::clone(&self.senders) }
    }
}

impl<T> Sender<T> {
    /// Puts a message into an environment's lane, or gives it back; never waits for room.
    pub fn try_send(
        &self,
        lane: EnvironmentId,
        weight: usize,
        message: T,
    ) -> Result<(), Refused<T>> {
        self.put(|waiting| waiting.admit(lane, weight.max(1), message))
    }

    /// Puts in a message that belongs to no environment. There is always room for it, and it is
    /// taken before all others.
    pub fn try_send_always(&self, message: T) -> Result<(), Refused<T>> {
        self.put(|waiting| {
            if waiting.is_closed {
                return Err(Refused::Closed(message));
            }
            waiting.urgent.push_back(message);
            Ok(())
        })
    }

    /// Messages that wait.
    pub fn len(&self) -> usize {
        let waiting = self.senders.inbox.lock();
        waiting.urgent.len() + waiting.messages
    }

    /// The weight of the environments' messages that wait.
    pub fn weight(&self) -> usize {
        self.senders.inbox.lock().weight
    }

    fn put(
        &self,
        put: impl FnOnce(&mut Waiting<T>) -> Result<(), Refused<T>>,
    ) -> Result<(), Refused<T>> {
        let inbox = &self.senders.inbox;
        let mut waiting = inbox.lock();
        put(&mut waiting)?;
        // Only the first message after the receiver fell asleep pays for waking it.
        let wake = std::mem::take(&mut waiting.is_asleep);
        drop(waiting);
        if wake {
            inbox.arrived.notify_one();
        }
        Ok(())
    }
}

/// What all senders hold together: when the last is gone, the receiver is told.
struct Senders<T> {
    inbox: Arc<Inbox<T>>,
}

impl<T> Drop for Senders<T> {
    fn drop(&mut self) {
        self.inbox.lock().is_abandoned = true;
        self.inbox.arrived.notify_one();
    }
}

/// Takes messages out. It may move to another thread but not be shared: there is one to wake.
pub struct Receiver<T> {
    inbox: Arc<Inbox<T>>,
    _one_thread: PhantomData<Cell<()>>,
}

impl<T> Receiver<T> {
    /// Waits until something is there and takes, without waiting for more, up to this weight; a
    /// single message may be heavier. None when it is closed, or nobody can send any more.
    pub fn recv_batch(&self, weight_max: usize) -> Option<Vec<T>> {
        let mut waiting = self.inbox.lock();
        while waiting.is_empty() {
            if waiting.is_closed || waiting.is_abandoned {
                return None;
            }
            waiting.is_asleep = true;
            waiting = self.inbox.arrived.wait(waiting).unwrap_or_else(PoisonError::into_inner);
            waiting.is_asleep = false;
        }
        let mut batch = Vec::with_capacity(waiting.count().min(weight_max).max(1));
        waiting.take(weight_max, &mut batch);
        Some(batch)
    }

    /// Takes nothing in any more, and gives all that waits, in fair order.
    pub fn drain(&self) -> Vec<T> {
        let mut waiting = self.inbox.lock();
        waiting.is_closed = true;
        let mut all = Vec::with_capacity(waiting.count());
        while !waiting.is_empty() {
            waiting.take(DRAIN_WEIGHT, &mut all);
        }
        all
    }

    /// Takes nothing in any more, and drops all that waits.
    pub fn close(&self) {
        // What is dropped may wake whoever waits for its answer: not under the lock.
        drop(self.drain());
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.close();
    }
}

struct Inbox<T> {
    waiting: Mutex<Waiting<T>>,
    arrived: Condvar,
}

impl<T> Inbox<T> {
    fn lock(&self) -> MutexGuard<'_, Waiting<T>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// All that waits. A lane is here as long as something is in it, and has one turn.
struct Waiting<T> {
    limits: Limits,
    urgent: VecDeque<T>,
    lanes: BTreeMap<EnvironmentId, Lane<T>>,
    turns: VecDeque<EnvironmentId>,
    /// In the lanes.
    messages: usize,
    /// In the lanes.
    weight: usize,
    /// The receiver waits, and nobody has woken it yet.
    is_asleep: bool,
    is_closed: bool,
    is_abandoned: bool,
}

/// What one environment waits for.
struct Lane<T> {
    messages: VecDeque<(usize, T)>,
    weight: usize,
    /// What it may still take in its turn; what a heavy message needs is saved up over turns.
    credit: usize,
    /// It was given its share of the turn that it is in.
    has_share: bool,
}

/// How a lane's turn ended.
enum Turn {
    /// The next lane's begins.
    Over,
    /// It goes on with the next batch.
    BatchFull,
}

impl<T> Waiting<T> {
    fn is_empty(&self) -> bool {
        self.count() == 0
    }

    fn count(&self) -> usize {
        self.urgent.len() + self.messages
    }

    fn admit(
        &mut self,
        environment: EnvironmentId,
        weight: usize,
        message: T,
    ) -> Result<(), Refused<T>> {
        if self.is_closed {
            return Err(Refused::Closed(message));
        }
        if !self.has_room(weight) && !self.is_due_room(environment, weight) {
            return Err(Refused::Full(message));
        }
        let lane = self.lanes.entry(environment).or_insert_with(|| {
            self.turns.push_back(environment);
            Lane { messages: VecDeque::new(), weight: 0, credit: 0, has_share: false }
        });
        lane.messages.push_back((weight, message));
        lane.weight += weight;
        self.messages += 1;
        self.weight += weight;
        Ok(())
    }

    fn has_room(&self, weight: usize) -> bool {
        // A message that is heavier than all that may wait could never go otherwise.
        self.messages < self.limits.messages_max
            && (self.weight.saturating_add(weight) <= self.limits.weight_max || self.messages == 0)
    }

    /// Whether the environment is admitted although the others left no room.
    fn is_due_room(&self, environment: EnvironmentId, weight: usize) -> bool {
        let Limits { messages_max, weight_max } = self.limits;
        let (active, messages_mine, weight_mine) = match self.lanes.get(&environment) {
            Some(lane) => (self.lanes.len(), lane.messages.len(), lane.weight),
            None => (self.lanes.len() + 1, 0, 0),
        };
        messages_mine < messages_max / active
            && weight_mine < weight_max / active
            && self.messages < messages_max.saturating_mul(2)
            && self.weight.saturating_add(weight) <= weight_max.saturating_mul(2)
    }

    /// Moves up to a weight of messages, one at least, behind those of the batch.
    fn take(&mut self, weight_max: usize, batch: &mut Vec<T>) {
        let mut room = Room { left: weight_max, is_untouched: true };
        while room.fits(1)
            && let Some(message) = self.urgent.pop_front()
        {
            room.fill(1);
            batch.push(message);
        }
        let share = (weight_max / self.turns.len().max(1)).max(SHARE_MIN);
        while let Some(environment) = self.turns.front().copied()
            && let Some(lane) = self.lanes.get_mut(&environment)
        {
            let before = (lane.messages.len(), lane.weight);
            let turn = if self.turns.len() == 1 {
                lane.take_alone(&mut room, batch)
            } else {
                lane.take_turn(share, &mut room, batch)
            };
            self.messages -= before.0 - lane.messages.len();
            self.weight -= before.1 - lane.weight;
            match turn {
                _ if lane.messages.is_empty() => {
                    self.turns.pop_front();
                    self.lanes.remove(&environment);
                }
                Turn::Over => self.turns.rotate_left(1),
                Turn::BatchFull => return,
            }
        }
    }
}

impl<T> Lane<T> {
    fn take_turn(&mut self, share: usize, room: &mut Room, batch: &mut Vec<T>) -> Turn {
        if !self.has_share {
            self.credit += share;
            self.has_share = true;
        }
        let turn = self.take_while(room, batch);
        if matches!(turn, Turn::Over) {
            self.has_share = false;
        }
        turn
    }

    /// Nobody else waits, so nothing is shared out and nothing is saved up.
    fn take_alone(&mut self, room: &mut Room, batch: &mut Vec<T>) -> Turn {
        self.credit = usize::MAX;
        let turn = self.take_while(room, batch);
        self.credit = 0;
        self.has_share = false;
        turn
    }

    fn take_while(&mut self, room: &mut Room, batch: &mut Vec<T>) -> Turn {
        while let Some(&(weight, _)) = self.messages.front() {
            if weight > self.credit {
                return Turn::Over;
            }
            if !room.fits(weight) {
                return Turn::BatchFull;
            }
            if let Some((_, message)) = self.messages.pop_front() {
                batch.push(message);
            }
            room.fill(weight);
            self.credit -= weight;
            self.weight -= weight;
        }
        Turn::Over
    }
}

/// What of a batch is still free.
struct Room {
    left: usize,
    is_untouched: bool,
}

impl Room {
    fn fits(&self, weight: usize) -> bool {
        weight <= self.left || self.is_untouched
    }

    fn fill(&mut self, weight: usize) {
        self.left = self.left.saturating_sub(weight);
        self.is_untouched = false;
    }
}
