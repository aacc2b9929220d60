//! What is taken in comes out once, in order, and no environment waits for another's backlog.

use std::collections::BTreeMap;
use std::sync::mpsc;
use std::time::Duration;

use proptest::prelude::*;
use tokio::sync::oneshot::{self, error::TryRecvError};

use super::*;

const PRODUCTION: EnvironmentId = EnvironmentId(1);
const SANDBOX: EnvironmentId = EnvironmentId(2);
const BATCH: usize = 1_024;
/// Room for whatever a test sends.
const WIDE: Limits = Limits { messages_max: 100_000, weight_max: 100_000_000 };
/// Longer than any wait that is not for ever.
const FOR_EVER: Duration = Duration::from_secs(60);

fn limits(messages_max: usize, weight_max: usize) -> Limits {
    Limits { messages_max, weight_max }
}

#[test]
fn a_lane_is_first_in_first_out() {
    let (sender, receiver) = queue(WIDE);
    for number in 0..10 {
        sender.try_send(PRODUCTION, 1, number).unwrap();
    }
    assert_eq!(receiver.recv_batch(4), Some(vec![0, 1, 2, 3]));
    assert_eq!(receiver.recv_batch(BATCH), Some((4..10).collect()));
}

#[test]
fn a_batch_is_no_heavier_than_asked_unless_one_message_is() {
    let (sender, receiver) = queue(WIDE);
    for weight in [400, 400, 400, 5_000, 0, 7] {
        sender.try_send(PRODUCTION, weight, weight).unwrap();
    }
    assert_eq!((sender.len(), sender.weight()), (6, 6_208));
    assert_eq!(receiver.recv_batch(BATCH), Some(vec![400, 400]));
    assert_eq!(receiver.recv_batch(BATCH), Some(vec![400]));
    assert_eq!(receiver.recv_batch(BATCH), Some(vec![5_000]));
    assert_eq!((sender.len(), sender.weight()), (2, 8), "nothing weighs nothing");
    assert_eq!(receiver.recv_batch(BATCH), Some(vec![0, 7]));
    assert_eq!((sender.len(), sender.weight()), (0, 0));
}

#[test]
fn what_belongs_to_no_environment_always_goes_and_goes_first() {
    let (sender, receiver) = queue(limits(1, 1));
    sender.try_send(PRODUCTION, 1, "order").unwrap();
    sender.try_send_always("prune").unwrap();
    sender.try_send_always("stop").unwrap();
    assert_eq!((sender.len(), sender.weight()), (3, 1));
    assert_eq!(receiver.recv_batch(2), Some(vec!["prune", "stop"]));
    assert_eq!(receiver.recv_batch(2), Some(vec!["order"]));
}

#[test]
fn a_sandbox_that_leaps_delays_production_by_no_more_than_a_batch() {
    for batches_before in 0..5 {
        let (sender, receiver) = queue(WIDE);
        for _ in 0..4_000 {
            sender.try_send(SANDBOX, 256, SANDBOX).unwrap();
        }
        for _ in 0..batches_before {
            assert_eq!(receiver.recv_batch(BATCH), Some(vec![SANDBOX; 4]));
        }
        sender.try_send(PRODUCTION, 1, PRODUCTION).unwrap();
        let batch = receiver.recv_batch(BATCH).unwrap();
        assert!(batch.contains(&PRODUCTION), "after {batches_before} batches");
        assert!(batch.len() > 2, "what production leaves free is the sandbox's");
    }
}

#[test]
fn busy_environments_share_batches_by_weight() {
    let weights = [1, 16, 256, 700];
    let (sender, receiver) = queue(WIDE);
    for (lane, weight) in (0..).zip(weights) {
        for _ in 0..(40_000 / weight) {
            sender.try_send(EnvironmentId(lane), weight, (lane, weight)).unwrap();
        }
    }
    let mut shares = [0; 4];
    for _ in 0..80 {
        for (lane, weight) in receiver.recv_batch(BATCH).unwrap() {
            shares[lane as usize] += weight;
        }
        let (least, most) = (shares.iter().min().unwrap(), shares.iter().max().unwrap());
        assert!(most - least <= 700 + BATCH / 4, "{shares:?}");
    }
}

#[test]
fn a_batch_holds_an_equal_share_of_each_busy_environment() {
    let (sender, receiver) = queue(WIDE);
    for lane in 0..4 {
        for _ in 0..2_000 {
            sender.try_send(EnvironmentId(lane), 1, lane).unwrap();
        }
    }
    for _ in 0..7 {
        let batch = receiver.recv_batch(BATCH).unwrap();
        for lane in 0..4 {
            assert_eq!(batch.iter().filter(|&&of| of == lane).count(), BATCH / 4);
        }
    }
}

#[test]
fn a_hundred_busy_environments_delay_a_message_by_one_turn_of_each() {
    let (sender, receiver) = queue(WIDE);
    for lane in 2..102 {
        for _ in 0..400 {
            sender.try_send(EnvironmentId(lane), 1, EnvironmentId(lane)).unwrap();
        }
    }
    sender.try_send(PRODUCTION, 1, PRODUCTION).unwrap();
    let batches_most = (100 * SHARE_MIN).div_ceil(BATCH);
    let is_there =
        (0..batches_most).any(|_| receiver.recv_batch(BATCH).unwrap().contains(&PRODUCTION));
    assert!(is_there, "within {batches_most} batches");
}

#[test]
fn an_environment_with_less_than_its_share_is_admitted_when_others_fill_the_queue() {
    for limits in [limits(100, 1_000_000), limits(1_000_000, 100)] {
        let (sender, _receiver) = queue(limits);
        let send = |lane: u32| sender.try_send(EnvironmentId(lane), 1, lane);
        assert_eq!((0..1_000).take_while(|_| send(2).is_ok()).count(), 100);
        assert_eq!(send(2), Err(Refused::Full(2)), "the message comes back");
        assert_eq!((0..1_000).take_while(|_| send(1).is_ok()).count(), 50);
        assert_eq!((0..1_000).take_while(|_| send(3).is_ok()).count(), 33);
        assert_eq!((0..1_000).take_while(|_| send(4).is_ok()).count(), 17, "twice the bound");
        assert_eq!(send(5), Err(Refused::Full(5)));
        assert_eq!(sender.len(), 200);
    }
}

#[test]
fn a_message_heavier_than_all_that_may_wait_goes_when_nothing_waits() {
    let (sender, receiver) = queue(limits(10, 100));
    sender.try_send(PRODUCTION, 500, "import").unwrap();
    assert_eq!(sender.try_send(PRODUCTION, 1, "consume"), Err(Refused::Full("consume")));
    assert_eq!(receiver.recv_batch(BATCH), Some(vec!["import"]));
    sender.try_send(PRODUCTION, 1, "consume").unwrap();
    assert_eq!(sender.try_send(PRODUCTION, 500, "import"), Err(Refused::Full("import")));
}

#[test]
fn a_stop_gives_all_that_waits_and_takes_nothing_more() {
    let (sender, receiver) = queue(WIDE);
    for number in 0..3_000 {
        sender.try_send(SANDBOX, 1, (SANDBOX, number)).unwrap();
    }
    sender.try_send(PRODUCTION, 1, (PRODUCTION, 0)).unwrap();
    sender.try_send_always((SANDBOX, 3_000)).unwrap();
    let all = receiver.drain();
    assert_eq!(all.len(), 3_002);
    assert_eq!(all[0], (SANDBOX, 3_000));
    assert_eq!(all.iter().position(|&(lane, _)| lane == PRODUCTION), Some(1 + BATCH / 2));
    assert_eq!(sender.try_send(PRODUCTION, 1, (PRODUCTION, 1)), Err(closed((PRODUCTION, 1))));
    assert_eq!(sender.try_send_always((PRODUCTION, 2)), Err(closed((PRODUCTION, 2))));
    assert_eq!(receiver.recv_batch(BATCH), None);
}

fn closed<T>(message: T) -> Refused<T> {
    Refused::Closed(message)
}

#[test]
fn what_waits_when_the_receiver_goes_is_dropped_and_its_senders_know() {
    let leaves: [fn(Receiver<oneshot::Sender<()>>); 2] = [
        |receiver| {
            receiver.close();
            assert!(receiver.recv_batch(BATCH).is_none());
        },
        drop,
    ];
    for leave in leaves {
        let (sender, receiver) = queue(WIDE);
        let (reply, mut answer) = oneshot::channel();
        let (urgent, mut urgent_answer) = oneshot::channel();
        sender.try_send(PRODUCTION, 1, reply).unwrap();
        sender.try_send_always(urgent).unwrap();
        leave(receiver);
        assert_eq!(answer.try_recv(), Err(TryRecvError::Closed));
        assert_eq!(urgent_answer.try_recv(), Err(TryRecvError::Closed));
        let late = sender.try_send(PRODUCTION, 1, oneshot::channel().0);
        assert!(matches!(late, Err(Refused::Closed(_))));
        assert_eq!((sender.len(), sender.weight()), (0, 0));
    }
}

#[test]
fn a_receiver_without_senders_gets_the_rest_and_then_nothing() {
    let (sender, receiver) = queue(WIDE);
    let other = sender.clone();
    sender.try_send(PRODUCTION, 1, ()).unwrap();
    drop(sender);
    assert_eq!(receiver.recv_batch(BATCH), Some(vec![()]));
    let (told, tell) = mpsc::channel();
    std::thread::spawn(move || told.send(receiver.recv_batch(BATCH)));
    assert!(tell.recv_timeout(Duration::from_millis(50)).is_err(), "a sender is left");
    drop(other);
    assert_eq!(tell.recv_timeout(FOR_EVER), Ok(None));
}

/// Each message is sent when the one before came back, so that the receiver sleeps each time.
#[test]
fn no_wake_up_is_lost() {
    let (sender, receiver) = queue(WIDE);
    let (back, came) = mpsc::channel();
    std::thread::spawn(move || {
        while let Some(batch) = receiver.recv_batch(BATCH) {
            batch.into_iter().for_each(|message| back.send(message).unwrap());
        }
    });
    for number in 0..20_000_u32 {
        if number % 3 == 0 {
            sender.try_send_always(number).unwrap();
        } else {
            sender.try_send(EnvironmentId(number % 2), 1, number).unwrap();
        }
        assert_eq!(came.recv_timeout(FOR_EVER), Ok(number));
    }
}

/// Many threads, little room: what was accepted comes out once, in the order of its sender.
#[test]
fn threads_lose_and_double_nothing() {
    const THREADS: u32 = 8;
    const EACH: u32 = 5_000;
    let (sender, receiver) = queue(limits(64, 512));
    for thread in 0..THREADS {
        let sender = sender.clone();
        std::thread::spawn(move || {
            for number in 0..EACH {
                let lane = EnvironmentId(thread % 3);
                let mut message = (thread, number);
                while let Err(refused) = sender.try_send(lane, 1 + number as usize % 40, message) {
                    let Refused::Full(back) = refused else { panic!("nobody closed it") };
                    message = back;
                    std::thread::yield_now();
                }
            }
        });
    }
    let watched = sender.clone();
    drop(sender);
    let (told, tell) = mpsc::channel();
    std::thread::spawn(move || {
        let mut next = [0; THREADS as usize];
        while next.iter().sum::<u32>() < THREADS * EACH {
            for (thread, number) in receiver.recv_batch(100).unwrap() {
                assert_eq!(next[thread as usize], number, "of thread {thread}");
                next[thread as usize] += 1;
            }
            assert!(watched.len() <= 128 && watched.weight() <= 1_024);
        }
        drop(watched);
        told.send(receiver.recv_batch(100)).unwrap();
    });
    assert_eq!(tell.recv_timeout(FOR_EVER), Ok(None));
}

#[derive(Clone, Debug)]
enum Step {
    Send { lane: u32, weight: usize },
    SendAlways,
    Receive { weight_max: usize },
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        12 => (0..5_u32, 0..300_usize).prop_map(|(lane, weight)| Step::Send { lane, weight }),
        1 => Just(Step::SendAlways),
        2 => (0..1_500_usize).prop_map(|weight_max| Step::Receive { weight_max }),
    ];
    proptest::collection::vec(step, 1..300)
}

/// What must be true of a queue, checked from outside.
#[derive(Default)]
struct Model {
    /// Numbers and weights of what waits, lane by lane; none is the urgent one.
    waiting: BTreeMap<Option<u32>, VecDeque<(usize, usize)>>,
}

impl Model {
    fn receive(&mut self, batch: &[(Option<u32>, usize)], weight_max: usize) {
        let mut weight_sum = 0;
        for &(lane, number) in batch {
            let (expected, weight) = self.waiting.get_mut(&lane).unwrap().pop_front().unwrap();
            assert_eq!(number, expected, "of lane {lane:?}");
            weight_sum += weight;
        }
        assert!(weight_sum <= weight_max || batch.len() == 1, "a batch of weight {weight_sum}");
    }

    fn of_environments(&self) -> (usize, usize) {
        let all = self.waiting.iter().filter(|(lane, _)| lane.is_some()).flat_map(|(_, lane)| lane);
        all.fold((0, 0), |(count, sum), (_, weight)| (count + 1, sum + weight))
    }
}

proptest! {
    #[test]
    fn what_is_accepted_comes_out_once_in_order_and_within_bounds(steps in steps()) {
        let (messages_max, weight_max) = (20, 2_000);
        let (sender, receiver) = queue(limits(messages_max, weight_max));
        let mut model = Model::default();
        for (number, step) in steps.into_iter().enumerate() {
            match step {
                Step::Send { lane, weight } => {
                    let (messages, weights) = model.of_environments();
                    let has_room = messages < messages_max && weights + weight.max(1) <= weight_max;
                    let sent = sender.try_send(EnvironmentId(lane), weight, (Some(lane), number));
                    prop_assert!(sent.is_ok() || !has_room);
                    if sent.is_ok() {
                        let waits = model.waiting.entry(Some(lane)).or_default();
                        waits.push_back((number, weight.max(1)));
                    }
                }
                Step::SendAlways => {
                    sender.try_send_always((None, number)).unwrap();
                    model.waiting.entry(None).or_default().push_back((number, 1));
                }
                Step::Receive { weight_max } if sender.len() > 0 => {
                    model.receive(&receiver.recv_batch(weight_max).unwrap(), weight_max);
                }
                Step::Receive { .. } => {}
            }
            let (messages, weights) = model.of_environments();
            prop_assert!(messages <= 2 * messages_max && weights <= 2 * weight_max);
            prop_assert_eq!(sender.weight(), weights);
        }
        model.receive(&receiver.drain(), usize::MAX);
        prop_assert!(model.waiting.values().all(VecDeque::is_empty), "something is lost");
    }
}
