//! The run: a server, rounds, and the check after each.

use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io::IsTerminal as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

use anyhow::{Context as _, anyhow};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use scrip_oracle::Request;

use super::call::{Call, Noted};
use super::check::Checker;
use super::linearize::End;
use super::plan::{CLOCK_START, CURRENCY, Plan, World};
use super::round::{self, NO_THREAD, Notes};
use super::server::{API_KEY, Server};
use super::wire::{Names, Wire};
use super::{Failure, Options, Report};

/// Calls that a wallet sees in a round, about.
const CALLS_A_WALLET: usize = 14;
/// Rounds after which wallets are left: the oracle begins with their first day every time.
const ROUNDS_A_WALLET: u32 = 3;

/// Speaks to the server directly.
///
/// # Errors
///
/// What the wallets were answered cannot be explained, or the server did not do its part.
pub fn run(options: &Options) -> Result<Report, Failure> {
    run_through(options, |server| server)
}

/// Speaks to whatever `gate` puts before the server, which a test may have lie.
///
/// # Errors
///
/// As [`run`].
pub fn run_through(
    options: &Options,
    gate: impl FnOnce(SocketAddr) -> SocketAddr,
) -> Result<Report, Failure> {
    let seed = options.seed.unwrap_or_else(fresh_seed);
    let binary = binary(options)?;
    let mut random = StdRng::seed_from_u64(seed);
    let server = Server::start(&binary, &mut random)?;
    let url = format!("http://{}", gate(server.address()));
    let names = Names::default();
    let mut run = Run {
        options: options.clone(),
        report: Report { seed, ..Report::default() },
        wire: Wire::new(&url, API_KEY, names.clone()),
        notes: Notes::new(Instant::now()),
        clock: Arc::default(),
        random,
        server,
        names,
        url,
    };
    run.rounds()?;
    run.server.kill()?;
    run.server.verify()?;
    if run.server.log().contains("panicked") {
        return Err(anyhow!("the server panicked:\n{}", run.server.log()).into());
    }
    Ok(run.report)
}

/// The program under test: named, or beside this one.
fn binary(options: &Options) -> anyhow::Result<PathBuf> {
    let beside = || {
        let own = std::env::current_exe()?;
        let directory = own.parent().context("a program stands in a directory")?;
        anyhow::Ok(directory.join("scrip"))
    };
    let path = options.binary.clone().map_or_else(beside, Ok)?;
    if !path.is_file() {
        let hint = "build it (cargo build -p scrip) or set SCRIP_BINARY";
        anyhow::bail!("there is no scrip at {}: {hint}", path.display());
    }
    Ok(path)
}

/// A seed that nobody chose.
#[must_use]
pub fn fresh_seed() -> u64 {
    // The standard library's hashers begin somewhere else every time.
    RandomState::new().build_hasher().finish()
}

struct Run {
    options: Options,
    report: Report,
    wire: Wire,
    notes: Notes,
    clock: Arc<std::sync::atomic::AtomicI64>,
    random: StdRng,
    server: Server,
    names: Names,
    url: String,
}

impl Run {
    fn rounds(&mut self) -> Result<(), Failure> {
        let began = Instant::now();
        self.clock.store(CLOCK_START, Ordering::SeqCst);
        self.do_now(Request::CreateCurrency(CURRENCY.to_owned()))?;
        self.do_now(Request::MoveClock(CLOCK_START))?;
        self.notes.take();
        let seconds = self.options.seconds;
        let is_over = || began.elapsed() >= Duration::from_secs(seconds);
        let mut generation = 0;
        // At least one, however short the time.
        while generation == 0 || !is_over() {
            generation += 1;
            let world = self.new_world(generation)?;
            let mut checker = Checker::new(&world, self.clock.load(Ordering::SeqCst));
            for number in 0..ROUNDS_A_WALLET {
                if number > 0 && is_over() {
                    break;
                }
                let round = generation * ROUNDS_A_WALLET + number;
                if !self.round(&world, &mut checker, round)? {
                    self.report.undecided += 1;
                    break;
                }
            }
        }
        Ok(())
    }

    fn new_world(&mut self, generation: u32) -> Result<World, Failure> {
        // Moves that were asked for and refused do not count.
        let stands = self.clock.load(Ordering::SeqCst);
        self.do_now(Request::MoveClock(stands))?;
        let wallets = usize::from(self.options.wallets);
        let world = World::new(generation, wallets, Arc::clone(&self.clock));
        for customer in world.customers() {
            self.do_now(Request::CreateCustomer(customer))?;
        }
        self.notes.take();
        self.report.wallets += wallets;
        Ok(world)
    }

    /// Has something done of which nothing is to be checked.
    fn do_now(&self, request: Request) -> anyhow::Result<()> {
        let key = Some(format!("now-{}", self.notes.now()));
        self.notes.insist(&self.wire, &Call::Write { request, key })
    }

    fn round(&mut self, world: &World, checker: &mut Checker, round: u32) -> Result<bool, Failure> {
        if round.is_multiple_of(ROUNDS_A_WALLET) {
            // From then on every wallet, and so every resource, is there.
            for call in self.openings(world, round) {
                self.notes.insist(&self.wire, &call)?;
            }
        }
        self.threads(world, round)?;
        round::settle(&self.notes, &self.wire, world)?;
        let mut calls = self.notes.take();
        round::name_grants(&mut calls, &self.names.all());
        self.count(&calls);
        checker.check(world, &calls)
    }

    fn openings(&mut self, world: &World, round: u32) -> Vec<Call> {
        let opening = |(place, wallet): (usize, &scrip_oracle::WalletName)| {
            let key = format!("opening-{place}");
            let request = Request::Consume(scrip_oracle::Consume {
                wallet: wallet.clone(),
                key: format!("opening-{round}"),
                amount: 1_000_000_001,
                created_at: None,
                dimensions: Default::default(),
                short: scrip_oracle::Short::Overdraft,
            });
            Call::Write { request, key: Some(format!("{key}-{round}")) }
        };
        world.wallets.iter().enumerate().map(opening).collect()
    }

    fn threads(&mut self, world: &World, round: u32) -> Result<(), Failure> {
        let threads = usize::from(self.options.threads);
        let calls = (CALLS_A_WALLET * world.wallets.len() / threads).max(3);
        let start = Barrier::new(threads + 1);
        let first = Plan::new(world, &self.names, round, threads, self.random.random()).next();
        let kills = !self.options.without_kills && self.random.random_ratio(1, 5);
        let pause = Duration::from_micros(self.random.random_range(200..12_000));
        let seeds: Vec<u64> = (0..threads).map(|_| self.random.random()).collect();
        let (notes, names, url) = (&self.notes, &self.names, &self.url);
        let server = &mut self.server;
        let outcomes = std::thread::scope(|scope| {
            let start = &start;
            let callers: Vec<_> = (0..threads)
                .map(|place| {
                    let mut plan = Plan::new(world, names, round, place, seeds[place]);
                    let first = first.clone();
                    scope.spawn(move || {
                        let wire = Wire::new(url, API_KEY, names.clone());
                        round::thread(notes, &wire, &mut plan, place, first, calls, start)
                    })
                })
                .collect();
            start.wait();
            let killed = if kills { kill(server, notes, pause) } else { Ok(()) };
            let mut outcomes = vec![killed];
            outcomes.extend(callers.into_iter().map(|caller| match caller.join() {
                Ok(outcome) => outcome,
                Err(_) => Err(anyhow!("a caller panicked")),
            }));
            outcomes
        });
        self.report.kills += usize::from(kills);
        Ok(outcomes.into_iter().collect::<anyhow::Result<()>>()?)
    }

    fn count(&mut self, calls: &[Noted]) {
        let report = &mut self.report;
        report.rounds += 1;
        report.calls += calls.len();
        for noted in calls.iter().filter(|noted| matches!(noted.end, End::Open { .. })) {
            report.unanswered += 1;
            let is_answer = |other: &&Noted| {
                matches!(other.end, End::Answered { .. }) && other.call == noted.call
            };
            let retried = calls.iter().filter(|other| other.thread == NO_THREAD);
            report.retries += usize::from(retried.filter(is_answer).count() > 0);
        }
        if std::io::stderr().is_terminal() {
            eprint!("\r{report} ");
        }
    }
}

/// Kills the server under its callers, and starts it again.
fn kill(server: &mut Server, notes: &Notes, pause: Duration) -> anyhow::Result<()> {
    std::thread::sleep(pause);
    notes.is_down.store(true, Ordering::SeqCst);
    let outcome = server.kill();
    let died = notes.now();
    let outcome = outcome.and_then(|()| server.run());
    notes.is_down.store(false, Ordering::SeqCst);
    notes.deaths.lock().map_err(|_| anyhow!("a caller panicked"))?.push(died);
    outcome
}
