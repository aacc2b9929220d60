//! A pass of a load: what is asked, over how many connections, how fast, and what it measures.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use tokio::task::{JoinSet, LocalSet};

use super::arrivals::{Arrivals, Schedule};
use super::connection::{Answer, Connection};
use super::latencies::Latencies;
use super::live::{self, Live};
use super::writer::{Acknowledged, Mix, Writer};
use crate::figures::Figures;
use crate::workload::Among;

/// How long a client waits whose request was refused for now, as the answer says.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// How long requests that were due before the end are still sent after it.
const PATIENCE: Duration = Duration::from_secs(2);
/// A server that answers nothing for so long after the end is given up.
const ANSWERED_WITHIN: Duration = Duration::from_secs(60);
/// Hundredths of what was due that are answered if the server keeps up with a rate.
const REACHED_PERCENT: u64 = 98;

/// What is asked over how many connections.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// What.
    pub mix: Mix,
    /// Consumptions of each request of a batch.
    pub items: usize,
    /// Connections, each with one request at a time.
    pub connections: usize,
}

impl Shape {
    /// One thing at a time.
    pub const fn of(mix: Mix, connections: usize) -> Self {
        Self { mix, items: 1, connections }
    }

    /// Batches of consumptions.
    pub const fn batches(items: usize, connections: usize) -> Self {
        Self { mix: Mix::Batch, items, connections }
    }

    /// What a request, or a pair of them, counts as.
    const fn count(self) -> usize {
        match self.mix {
            Mix::Batch => self.items,
            Mix::Single | Mix::Holds | Mix::Reads => 1,
        }
    }
}

/// How fast it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Every connection asks again as soon as it is answered.
    Closed,
    /// So many requests are due in a second, and their time counts from then on.
    Open {
        /// How many.
        each_second: u64,
    },
}

/// How long it is asked.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    /// First for so long, of which nothing counts.
    pub warm_up: Duration,
    /// Then for so long.
    pub counted: Duration,
}

/// One pass.
pub struct Load<'a> {
    /// The servers, over which the connections are spread in turn.
    pub addresses: &'a [SocketAddr],
    /// The key of all requests.
    pub api_key: &'a str,
    /// What is asked.
    pub shape: Shape,
    /// Of which wallets.
    pub among: Among,
    /// How fast.
    pub pace: Pace,
    /// How long.
    pub span: Span,
    /// Tells the keys of this pass from those of all others.
    pub run: u64,
    /// Whether it is shown while it runs.
    pub live: Live,
}

/// What a pass measured, and what it was told is done.
#[derive(Clone, Copy, Debug)]
pub struct Pass {
    /// In numbers.
    pub figures: Figures,
    /// All consumptions that were answered, those of the warm-up too.
    pub acknowledged: Acknowledged,
    /// Requests, or pairs of them, whose time counts.
    pub timed: u64,
    /// How often the server was too busy, and was asked again.
    pub refused: u64,
    /// Requests that were due and not sent, because all connections waited for answers. Each counts
    /// with the time that it waited.
    pub unsent: u64,
    /// Whether as much was answered as was due; always, if nothing was due.
    pub keeps_up: bool,
}

impl Load<'_> {
    /// Runs the pass in a thread of its own, as a client would.
    pub fn run(&self) -> anyhow::Result<Pass> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(LocalSet::new().run_until(self.measure()))
    }

    async fn measure(&self) -> anyhow::Result<Pass> {
        let Shape { connections, .. } = self.shape;
        let mut askers = Vec::new();
        for (number, address) in self.addresses.iter().cycle().take(connections).enumerate() {
            askers.push(Asker {
                connection: Connection::open(*address, self.api_key).await?,
                writer: Writer::new(self.among, self.run, number as u64),
                shape: self.shape,
            });
        }
        let watch = Rc::new(self.start()?);
        let mut tasks = JoinSet::new();
        for asker in askers {
            tasks.spawn_local(asker.ask(Rc::clone(&watch)));
        }
        let shown = tokio::task::spawn_local(live::show(self.live, Rc::clone(&watch)));
        let until = watch.end + PATIENCE + ANSWERED_WITHIN;
        let ended = tokio::time::timeout_at(until.into(), joined(tasks)).await;
        shown.abort();
        live::clear(self.live);
        let acknowledged = ended.with_context(|| {
            format!("the server answered nothing for {} s", ANSWERED_WITHIN.as_secs())
        })??;
        let mut meter = watch.meter.borrow_mut();
        let unsent = meter.add_unsent(&watch.gate);
        let due = watch.gate.due_within(self.span.counted);
        Ok(Pass {
            figures: meter.all.figures(meter.rate(self.shape, self.span.counted)),
            acknowledged,
            timed: meter.all.count(),
            refused: meter.refused,
            unsent,
            // As many may be on their way at the end.
            keeps_up: unsent == 0
                && (meter.answered + connections as u64) * 100 >= due * REACHED_PERCENT,
        })
    }

    fn start(&self) -> anyhow::Result<Watch> {
        let start = Instant::now();
        let counted_from = start + self.span.warm_up;
        let end = counted_from + self.span.counted;
        let gate = match self.pace {
            Pace::Closed => Gate::Closed { end },
            Pace::Open { each_second } => {
                let schedule = Schedule { start, each_second, end };
                Gate::Open(Arrivals::start(schedule, self.shape.connections, PATIENCE)?)
            }
        };
        let (meter, shape) = (RefCell::new(Meter::new()?), self.shape);
        Ok(Watch { shape, gate, start, counted_from, end, meter })
    }
}

async fn joined(mut tasks: JoinSet<anyhow::Result<Acknowledged>>) -> anyhow::Result<Acknowledged> {
    let mut acknowledged = Acknowledged::default();
    while let Some(finished) = tasks.join_next().await {
        acknowledged.add(finished??);
    }
    Ok(acknowledged)
}

/// What all connections share.
pub struct Watch {
    shape: Shape,
    gate: Gate,
    /// When the pass began.
    pub start: Instant,
    counted_from: Instant,
    end: Instant,
    meter: RefCell<Meter>,
}

/// Lets the next request out.
enum Gate {
    Closed { end: Instant },
    Open(Arrivals),
}

impl Gate {
    /// The instant from which the time of the next request counts; none if there is no next one.
    async fn next(&self) -> Option<Instant> {
        match self {
            Self::Closed { end } => {
                let now = Instant::now();
                (now < *end).then_some(now)
            }
            Self::Open(arrivals) => arrivals.next().await,
        }
    }

    /// Requests that are due in a time of this length.
    fn due_within(&self, time: Duration) -> u64 {
        match self {
            Self::Closed { .. } => 0,
            Self::Open(arrivals) => arrivals.due_within(time),
        }
    }
}

impl Watch {
    fn answered(&self, begun: Instant) {
        let now = Instant::now();
        let mut meter = self.meter.borrow_mut();
        let took = now - begun;
        meter.recent.record(took);
        if begun >= self.counted_from {
            meter.all.record(took);
        }
        if now >= self.end {
            meter.late += 1;
            meter.last_after = meter.last_after.max(now - self.counted_from);
        } else if now >= self.counted_from {
            meter.answered += 1;
        }
    }

    fn refused(&self) {
        self.meter.borrow_mut().refused += 1;
    }

    /// What was measured since this was asked last, a time of this length ago.
    pub fn recent(&self, time: Duration) -> Recent {
        let mut meter = self.meter.borrow_mut();
        let count = u128::from(meter.recent.count()) * self.shape.count() as u128;
        let figures = meter.recent.figures(count * 1_000_000 / time.as_micros().max(1));
        meter.recent.clear();
        let waiting = match &self.gate {
            Gate::Closed { .. } => None,
            Gate::Open(arrivals) => Some(arrivals.waiting()),
        };
        Recent { figures, refused: meter.refused, waiting }
    }
}

/// What was measured lately.
pub struct Recent {
    /// In numbers.
    pub figures: Figures,
    /// How often the server was too busy, from the beginning on.
    pub refused: u64,
    /// Requests that are due and wait for a connection.
    pub waiting: Option<u64>,
}

/// What is measured.
struct Meter {
    all: Latencies,
    recent: Latencies,
    /// Requests, or pairs of them, that were answered in the time that counts.
    answered: u64,
    /// Those that were answered after it, and how long after its beginning the last of them.
    late: u64,
    last_after: Duration,
    refused: u64,
}

impl Meter {
    fn new() -> anyhow::Result<Self> {
        Ok(Self {
            all: Latencies::new()?,
            recent: Latencies::new()?,
            answered: 0,
            late: 0,
            last_after: Duration::ZERO,
            refused: 0,
        })
    }

    /// Consumptions, or whatever is asked, each second. Where a single request takes longer than the
    /// time that counts, the time goes on until the last is answered.
    fn rate(&self, shape: Shape, time: Duration) -> u128 {
        let (requests, time) = match self.answered {
            0 => (self.late, self.last_after),
            answered => (answered, time),
        };
        let count = u128::from(requests) * shape.count() as u128;
        count * 1_000_000 / time.as_micros().max(1)
    }

    /// Counts those that wait still with the time that they waited, which is less than they would
    /// have taken.
    fn add_unsent(&mut self, gate: &Gate) -> u64 {
        let Gate::Open(arrivals) = gate else { return 0 };
        let now = Instant::now();
        let mut unsent = 0;
        for due in arrivals.not_taken() {
            self.all.record(now.saturating_duration_since(due));
            unsent += 1;
        }
        unsent
    }
}

/// One connection and what it asks.
struct Asker {
    connection: Connection,
    writer: Writer,
    shape: Shape,
}

impl Asker {
    /// Asks until the end. Who is refused for now asks the same again, and its time goes on.
    async fn ask(mut self, watch: Rc<Watch>) -> anyhow::Result<Acknowledged> {
        let Self { connection, writer, shape } = &mut self;
        while let Some(begun) = watch.gate.next().await {
            match shape.mix {
                Mix::Single => post(connection, writer.single(), &watch).await?,
                Mix::Batch => post(connection, writer.batch(shape.items), &watch).await?,
                Mix::Holds => {
                    post(connection, writer.reserve(), &watch).await?;
                    post(connection, writer.release(), &watch).await?;
                }
                Mix::Reads => {
                    let path = writer.balance();
                    while is_busy(&connection.try_get(path).await?)? {
                        watch.refused();
                        tokio::time::sleep(RETRY_AFTER).await;
                    }
                }
            }
            watch.answered(begun);
        }
        Ok(self.writer.written())
    }
}

async fn post(
    connection: &mut Connection,
    (path, body): (&str, &str),
    watch: &Watch,
) -> anyhow::Result<()> {
    while is_busy(&connection.try_post(path, body).await?)? {
        watch.refused();
        tokio::time::sleep(RETRY_AFTER).await;
    }
    Ok(())
}

/// What is neither a success nor a refusal for now ends the pass, as does a batch of which something
/// was rejected.
fn is_busy(answer: &Answer<'_>) -> anyhow::Result<bool> {
    const REJECTED: &[u8] = b"\"rejected\"";
    const BATCH_ACCEPTED: u16 = 202;
    if answer.is_busy() {
        return Ok(true);
    }
    let has_rejected = answer.status == BATCH_ACCEPTED
        && answer.body.windows(REJECTED.len()).any(|window| window == REJECTED);
    if !answer.is_success() || has_rejected {
        bail!("{}", answer.words());
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use std::io::{BufRead as _, BufReader, Read as _, Write as _};
    use std::net::TcpListener;
    use std::thread;

    use super::*;

    /// A server of one connection: what it does before each answer, and the answer's status.
    fn serve(mut each: impl FnMut(u32) -> &'static str + Send + 'static) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            let (stream, _) = listener.accept().unwrap();
            stream.set_nodelay(true).unwrap();
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            let mut writer = stream;
            for number in 1.. {
                let mut length = 0;
                loop {
                    let mut line = String::new();
                    if reader.read_line(&mut line).unwrap_or(0) == 0 {
                        return;
                    }
                    if let Some(value) = line.strip_prefix("content-length: ") {
                        length = value.trim().parse().unwrap();
                    }
                    if line == "\r\n" {
                        break;
                    }
                }
                reader.read_exact(&mut vec![0; length]).unwrap();
                let status = each(number);
                let body = "{\"message\":\"its own words\"}";
                let length = body.len();
                let answer =
                    format!("HTTP/1.1 {status} X\r\ncontent-length: {length}\r\n\r\n{body}");
                if writer.write_all(answer.as_bytes()).is_err() {
                    return;
                }
            }
        });
        address
    }

    fn pass(address: SocketAddr, pace: Pace) -> anyhow::Result<Pass> {
        let counted = Duration::from_millis(800);
        let load = Load {
            addresses: &[address],
            api_key: "key",
            shape: Shape::of(Mix::Single, 1),
            among: Among::all(10),
            pace,
            span: Span { warm_up: Duration::ZERO, counted },
            run: 1,
            live: Live::Hidden,
        };
        load.run()
    }

    const STALL: Duration = Duration::from_millis(300);
    const LONG: Duration = Duration::from_millis(100);

    fn stalling() -> SocketAddr {
        serve(|number| {
            if number == 100 {
                thread::sleep(STALL);
            }
            "200"
        })
    }

    /// A clock that begins when a request is sent would see one slow request of four hundred.
    #[test]
    fn a_stall_is_the_latency_of_all_that_should_have_been_sent_meanwhile() {
        let pass = pass(stalling(), Pace::Open { each_second: 500 }).unwrap();
        assert!(pass.figures.p90 >= LONG, "{pass:?}");
        assert!(pass.figures.max >= STALL, "{pass:?}");
        assert_eq!((pass.timed, pass.unsent), (400, 0), "{pass:?}");
        assert_eq!(pass.acknowledged.consumptions, 400);
    }

    #[test]
    fn a_closed_loop_waits_with_the_server() {
        let pass = pass(stalling(), Pace::Closed).unwrap();
        assert!(pass.figures.p90 < LONG, "{pass:?}");
        assert!(pass.figures.max >= STALL, "{pass:?}");
        assert!(pass.keeps_up);
    }

    #[test]
    fn a_rate_that_is_not_reached_is_told() {
        let slow = serve(|_| {
            thread::sleep(Duration::from_millis(20));
            "200"
        });
        let pass = pass(slow, Pace::Open { each_second: 1_000 }).unwrap();
        assert!(!pass.keeps_up && pass.unsent > 500, "{pass:?}");
        assert_eq!(pass.timed, 800, "what was not sent counts with the time that it waited");
        assert!(pass.figures.max >= PATIENCE, "{pass:?}");
    }

    #[test]
    fn who_is_refused_for_now_asks_again_and_its_time_goes_on() {
        let busy = serve(|number| if number == 10 { "503" } else { "200" });
        let pass = pass(busy, Pace::Open { each_second: 100 }).unwrap();
        assert_eq!((pass.refused, pass.timed), (1, 80), "{pass:?}");
        assert!(pass.figures.max >= RETRY_AFTER, "{pass:?}");
    }

    #[test]
    fn an_error_ends_the_pass_with_the_words_of_the_server() {
        let refusing = serve(|number| if number == 10 { "402" } else { "200" });
        let error = pass(refusing, Pace::Closed).unwrap_err();
        assert_eq!(error.to_string(), "the server answered 402: its own words");
    }
}
