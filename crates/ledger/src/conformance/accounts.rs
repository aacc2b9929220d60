//! Accounts and environments: made, archived, reset.

use scrip_core::{Entity, EnvironmentId, Refusal, WalletKey};

use super::world::{everything, item, rows_of, wallet};
use super::{Factory, PRODUCTION, SANDBOX, World};
use crate::{
    Account, Answer, ApiKey, ApiKeyChange, ApiKeyDeed, Environment, EnvironmentChange,
    EnvironmentType, EventQuery, ExportQuery, GrantQuery, KeyHolder, KeyRefusal, KeySecret,
    LedgerError, NewEnvironment, OrderRefusal, PlaceName, Point, ProvidedKeys, RecordKind, SYSTEM,
    Scope, Settings, Work, all_accounts, all_environments, bootstrap, environment_called,
    secret_hash,
};

/// An environment that is made is empty, and its first key speaks for it alone.
pub async fn are_made_with_a_key(make: &Factory<'_>) {
    let world = World::new(make).await;
    let acme = Account { id: "acme".to_owned(), display_name: "Acme, Inc.".to_owned() };
    let first = new("acme-production", EnvironmentType::Production, "acme", "first");
    let made = world.changed(EnvironmentChange::CreateAccount(acme.clone(), first)).await;
    assert_eq!((made.number, made.home), (EnvironmentId(3), EnvironmentId(3)));
    let staging = new("staging", EnvironmentType::Sandbox, Account::FIRST, "staging");
    let staging = world.changed(EnvironmentChange::Create(staging)).await;
    assert_eq!((staging.number, staging.account.as_str()), (EnvironmentId(4), "default"));
    for (secret, number, is_sandbox) in
        [("first", 3, false), ("staging", 4, true), ("server-production", 1, false)]
    {
        let holder = world.held_by(secret).unwrap();
        let held = (holder.environment, holder.home, holder.sandbox);
        assert_eq!(held, (EnvironmentId(number), EnvironmentId(number), is_sandbox), "{secret}");
        assert!(holder.permissions.allow(Scope::Settings), "{secret}");
    }
    let accounts = all_accounts(world.ledger.as_ref()).await.unwrap();
    let accounts: Vec<_> = accounts.into_iter().map(|(_, account)| account).collect();
    let default = Account { id: "default".to_owned(), display_name: "default".to_owned() };
    assert_eq!(accounts, [default, acme]);
    let names: Vec<_> = world.environments().await.into_iter().map(|it| it.id).collect();
    assert_eq!(names, ["production", "sandbox", "acme-production", "staging"]);
    // What is in the sandbox is nowhere else.
    let customer = world.ledger.record(staging.number, RecordKind::Customer, "ann").await.unwrap();
    assert_eq!(customer, None);
    world.populate(staging.number).await;
    let mut key = wallet("ann/gold");
    key.environment = staging.number;
    world.grant(&key, "main", "10").await;
    assert_eq!(world.available(&key).await, "10");
    assert_eq!(world.ledger.balance(&wallet("ann/gold")).await.unwrap(), None);
}

/// Names are given once, over all accounts, and what is made is made in an account that is there.
pub async fn are_refused_by_what_there_is(make: &Factory<'_>) {
    let world = World::bare(make, Settings::default()).await;
    let acme = || Account { id: "acme".to_owned(), display_name: "Acme".to_owned() };
    let first = |id| new(id, EnvironmentType::Production, "acme", id);
    world.changed(EnvironmentChange::CreateAccount(acme(), first("acme-production"))).await;
    let duplicate = |entity, id: &str| Refusal::Duplicate { entity, id: id.to_owned() };
    let missing = |entity, id: &str| Refusal::not_found(entity, id);
    let of = |account, id| new(id, EnvironmentType::Sandbox, account, id);
    let beta = Account { id: "beta".to_owned(), display_name: "Beta".to_owned() };
    let taken = EnvironmentChange::CreateAccount(beta, of("beta", "sandbox"));
    for (change, refusal) in [
        (taken, duplicate(Entity::Environment, "sandbox")),
        (
            EnvironmentChange::CreateAccount(acme(), first("other")),
            duplicate(Entity::Account, "acme"),
        ),
        (
            EnvironmentChange::Create(of("acme", "sandbox")),
            duplicate(Entity::Environment, "sandbox"),
        ),
        (
            EnvironmentChange::Create(of("acme", "sign-in")),
            Refusal::NameReserved { entity: Entity::Environment, id: "sign-in".to_owned() },
        ),
        (
            EnvironmentChange::Create(of("acme", "assets")),
            Refusal::NameReserved { entity: Entity::Environment, id: "assets".to_owned() },
        ),
        (EnvironmentChange::Create(of("nobody", "new")), missing(Entity::Account, "nobody")),
        (EnvironmentChange::Archive(EnvironmentId(9)), missing(Entity::Environment, "9")),
        (EnvironmentChange::Reset(EnvironmentId(9)), missing(Entity::Environment, "9")),
        (EnvironmentChange::Reset(PRODUCTION), Refusal::ResetForbidden),
        (
            EnvironmentChange::ArchiveAccount("nobody".to_owned()),
            missing(Entity::Account, "nobody"),
        ),
    ] {
        let what = format!("{change:?}");
        assert_eq!(world.unchanged(change).await, refusal, "{what}");
    }
    // Nothing of what was refused is there.
    assert_eq!(all_accounts(world.ledger.as_ref()).await.unwrap().len(), 2);
    let names: Vec<_> = world.environments().await.into_iter().map(|it| it.id).collect();
    assert_eq!(names, ["production", "sandbox", "acme-production"]);
    assert_eq!(world.held_by("other"), Err(KeyRefusal::Unknown));
    let mut key = ApiKey::full(EnvironmentId(9), true, KeySecret::brought("lost"));
    let create = |key: &ApiKey| Work::CreateRecord(key.record());
    let refused = world.execute(SYSTEM, create(&key)).await;
    assert_eq!(refused.unwrap_err(), refused_by(missing(Entity::Environment, "9")));
    world.changed(EnvironmentChange::Archive(SANDBOX)).await;
    key.environment = SANDBOX;
    let refused = world.execute(SYSTEM, create(&key)).await;
    let archived = Refusal::archived(Entity::Environment, "sandbox");
    assert_eq!(refused.unwrap_err(), refused_by(archived.clone()));
    assert_eq!(world.unchanged(EnvironmentChange::Reset(SANDBOX)).await, archived);
}

/// Keys of an archived environment are refused from the answer on, time stands still in it, and what is in
/// it can be read as it was.
pub async fn stand_still_when_archived(make: &Factory<'_>) {
    let world = World::new(make).await;
    let key = wallet("ann/gold");
    let end = super::instant("2030-01-05");
    world.grant_as(&key, "main", "10", |grant| grant.expire_at = Some(end)).await;
    let story = world.story(&key).await;
    for _ in 0..2 {
        let archived = world.changed(EnvironmentChange::Archive(SANDBOX)).await;
        assert!(archived.archived_at.is_some());
        assert_eq!(world.held_by("server-sandbox"), Err(KeyRefusal::EnvironmentArchived));
    }
    assert!(world.held_by("server-production").is_ok());
    world.pass(100 * 24 * 60 * 60 * 1_000);
    assert_eq!(world.ledger.now(SANDBOX), super::instant("2030-01-01"));
    assert_eq!((world.available(&key).await, world.story(&key).await), ("10".to_owned(), story));
    // It is not made again, and no key of it is.
    let keys = ProvidedKeys { production: None, sandbox: Some("server-another".to_owned()) };
    bootstrap(world.ledger.as_ref(), keys, |_| panic!("there are keys")).await.unwrap();
    assert_eq!(world.held_by("server-another"), Err(KeyRefusal::Unknown));
    assert_eq!(world.environments().await.len(), 2);
}

/// Of two that are archived at once, each the only other one, one stays.
pub async fn archived_at_once_leave_one(make: &Factory<'_>) {
    let world = World::bare(make, Settings::default()).await;
    let acme = Account { id: "acme".to_owned(), display_name: "Acme".to_owned() };
    let first = new("acme-production", EnvironmentType::Production, "acme", "first");
    world.changed(EnvironmentChange::CreateAccount(acme, first)).await;
    let archive = |number| {
        let change = EnvironmentChange::Archive(number);
        world.execute(SYSTEM, Work::ChangeEnvironments(Box::new(change)))
    };
    let both = futures_util::future::join(archive(PRODUCTION), archive(SANDBOX)).await;
    let refused = [both.0, both.1].into_iter().filter_map(Result::err).collect::<Vec<_>>();
    assert_eq!(refused, [refused_by(Refusal::LastEnvironment)]);
    let live = world.environments().await.into_iter().filter(|it| it.archived_at.is_none());
    let of_default: Vec<_> = live.filter(|it| it.account == Account::FIRST).collect();
    assert_eq!(of_default.len(), 1);
    // Another account's does not count, and its last one stays too.
    let refused = world.unchanged(EnvironmentChange::Archive(EnvironmentId(3))).await;
    assert_eq!(refused, Refusal::LastEnvironment);
    // What is archived already is answered as it is.
    let archived = if of_default[0].number == SANDBOX { PRODUCTION } else { SANDBOX };
    let again = world.changed(EnvironmentChange::Archive(archived)).await;
    assert!(again.archived_at.is_some());
}

/// An account goes with all of its environments, and takes nothing of others with it.
pub async fn of_an_archived_account_are_archived(make: &Factory<'_>) {
    let world = World::bare(make, Settings::default()).await;
    let acme = Account { id: "acme".to_owned(), display_name: "Acme".to_owned() };
    let first = new("acme-production", EnvironmentType::Production, "acme", "first");
    world.changed(EnvironmentChange::CreateAccount(acme, first)).await;
    let second = new("acme-sandbox", EnvironmentType::Sandbox, "acme", "second");
    world.changed(EnvironmentChange::Create(second)).await;
    let archive = EnvironmentChange::ArchiveAccount("acme".to_owned());
    let work = Work::ChangeEnvironments(Box::new(archive));
    let Answer::Record(account) = world.execute(SYSTEM, work).await.unwrap() else { panic!() };
    assert!(account.archived_at.is_some() && account.kind == RecordKind::Account);
    for (secret, refusal) in [
        ("first", Some(KeyRefusal::EnvironmentArchived)),
        ("second", Some(KeyRefusal::EnvironmentArchived)),
        ("server-production", None),
        ("server-sandbox", None),
    ] {
        assert_eq!(world.held_by(secret).err(), refusal, "{secret}");
    }
    let another = new("another", EnvironmentType::Sandbox, "acme", "third");
    let refusal = world.unchanged(EnvironmentChange::Create(another)).await;
    assert_eq!(refusal, Refusal::archived(Entity::Account, "acme"));
}

/// From the answer on, what was in a SANDBOX is gone for whoever has its keys, and everything else is as
/// it was.
pub async fn begin_anew_when_reset(make: &Factory<'_>) {
    let world = World::new(make).await;
    let before = wallet("ann/gold");
    let grant = world.grant(&before, "main", "10").await;
    world.consume(&before, "k", "4").await;
    world.populate(PRODUCTION).await;
    let mut there = before.clone();
    there.environment = PRODUCTION;
    world.grant(&there, "there", "7").await;
    let story = world.story(&before).await;
    let (revoked, key_id) = (world.make_a_key("revoked").await, world.held_by("server-sandbox"));
    world.key_deed(&revoked, ApiKeyDeed::Revoke).await;

    let reset = world.changed(EnvironmentChange::Reset(SANDBOX)).await;
    assert_eq!(
        (reset.number, reset.home, reset.id.as_str()),
        (EnvironmentId(3), SANDBOX, "sandbox")
    );
    assert!(
        reset.reset_at.is_some() && reset.is_sandbox() && reset.made_at < reset.updated_at.later(1)
    );
    let holder = world.held_by("server-sandbox").unwrap();
    let held = (holder.environment, holder.home, holder.sandbox);
    assert_eq!(held, (reset.number, SANDBOX, true));
    assert_eq!(holder.key_id, key_id.unwrap().key_id);
    assert_eq!(world.held_by("revoked"), Err(KeyRefusal::Revoked));
    assert_eq!(world.held_by("server-production").unwrap().environment, PRODUCTION);
    world.is_empty(reset.number, grant.grant.name.id).await;

    // The same names mean new things, and time is real time.
    world.populate(reset.number).await;
    let mut after = before.clone();
    after.environment = reset.number;
    world.grant(&after, "again", "100").await;
    world.consume(&after, "k", "1").await;
    assert_eq!(world.available(&after).await, "99");
    if world.time_can_pass {
        assert_ne!(world.ledger.now(reset.number), super::instant("2030-01-01"));
    }
    // What was stays, for whoever verifies it; nothing falls due in it any more.
    assert_eq!(
        (world.available(&before).await, world.story(&before).await),
        ("6".to_owned(), story)
    );
    assert_eq!(world.ledger.now(SANDBOX), super::instant("2030-01-01"));
    assert_eq!(world.available(&there).await, "7");
    let gone = world.execute(SANDBOX, Work::MoveClock(super::instant("2030-02-01"))).await;
    let missing = refused_by(Refusal::not_found(Entity::Environment, "2"));
    assert_eq!(gone.unwrap_err(), missing);

    // Again; the number that it had is nobody's, and no start makes it again.
    let again = world.changed(EnvironmentChange::Reset(reset.number)).await;
    assert_eq!((again.number, again.home), (EnvironmentId(4), SANDBOX));
    let missing = world.unchanged(EnvironmentChange::Reset(reset.number)).await;
    assert_eq!(missing, Refusal::not_found(Entity::Environment, "3"));
    bootstrap(world.ledger.as_ref(), ProvidedKeys::default(), |_| panic!("there are keys"))
        .await
        .unwrap();
    let numbers: Vec<_> = world.environments().await.iter().map(|it| it.number.0).collect();
    assert_eq!(numbers, [1, 4]);
    let called = environment_called(world.ledger.as_ref(), "sandbox").await.unwrap();
    assert_eq!(called.unwrap().number, again.number);
    assert_eq!(world.held_by("server-sandbox").unwrap().environment, again.number);
}

/// A key that the server is started with after a reset is one of the environment as it is now.
pub async fn get_their_given_key_after_a_reset(make: &Factory<'_>) {
    let world = World::bare(make, Settings::default()).await;
    let reset = world.changed(EnvironmentChange::Reset(SANDBOX)).await;
    let keys = ProvidedKeys { production: None, sandbox: Some("server-given".to_owned()) };
    bootstrap(world.ledger.as_ref(), keys, |_| panic!("there are keys")).await.unwrap();
    let holder = world.held_by("server-given").unwrap();
    assert_eq!((holder.environment, holder.home), (reset.number, SANDBOX));
    // A key of an environment that has another number by now is refused.
    let late = ApiKey::full(SANDBOX, true, KeySecret::brought("late"));
    let refused = world.execute(SYSTEM, Work::CreateRecord(late.record())).await;
    let missing = Refusal::not_found(Entity::Environment, "2");
    assert_eq!(refused.unwrap_err(), refused_by(missing));
}

/// An environment to be made.
fn new(id: &str, kind: EnvironmentType, account: &str, secret: &str) -> NewEnvironment {
    NewEnvironment {
        id: PlaceName::parse(id).unwrap(),
        display_name: id.to_owned(),
        environment_type: kind,
        account: account.to_owned(),
        key_name: "First key".to_owned(),
        key_secret: KeySecret::brought(secret),
        created_by: None,
    }
}

fn refused_by(refusal: Refusal) -> LedgerError {
    LedgerError::Refused(OrderRefusal { index: None, refusal })
}

impl World {
    /// Changes an environment, or makes one, and answers how it is then.
    async fn changed(&self, change: EnvironmentChange) -> Environment {
        let work = Work::ChangeEnvironments(Box::new(change));
        match self.execute(SYSTEM, work).await.unwrap() {
            Answer::Record(record) => Environment::of(&record).unwrap(),
            other => panic!("no environment: {other:?}"),
        }
    }

    async fn unchanged(&self, change: EnvironmentChange) -> Refusal {
        match self.execute(SYSTEM, Work::ChangeEnvironments(Box::new(change))).await {
            Err(LedgerError::Refused(OrderRefusal { index: None, refusal })) => refusal,
            other => panic!("should have been refused: {other:?}"),
        }
    }

    async fn environments(&self) -> Vec<Environment> {
        all_environments(self.ledger.as_ref()).await.unwrap()
    }

    fn held_by(&self, secret: &str) -> Result<std::sync::Arc<KeyHolder>, KeyRefusal> {
        self.ledger.key_holder(secret_hash(secret.as_bytes()))
    }

    /// A key of the sandbox; the identifier of its record.
    async fn make_a_key(&self, secret: &str) -> String {
        let new = ApiKey::full(SANDBOX, true, KeySecret::brought(secret)).record();
        let id = new.id.clone();
        self.execute(SYSTEM, Work::CreateRecord(new)).await.unwrap();
        id
    }

    async fn key_deed(&self, record_id: &str, deed: ApiKeyDeed) {
        let change = ApiKeyChange { record_id: record_id.to_owned(), deed };
        self.execute(SYSTEM, Work::ChangeApiKey(Box::new(change))).await.unwrap();
    }

    /// Nothing that was made in another environment is found in this one.
    async fn is_empty(&self, environment: EnvironmentId, grant: scrip_core::GrantId) {
        let mut query = rows_of("ann");
        query.environment = environment;
        let customer = query.customer.clone();
        assert!(self.rows(query).await.items.is_empty());
        let ledger = &self.ledger;
        for (kind, id) in [(RecordKind::Customer, "ann"), (RecordKind::CustomCurrency, "gold")] {
            assert_eq!(ledger.record(environment, kind, id).await.unwrap(), None);
        }
        assert_eq!(ledger.grant(environment, grant).await.unwrap(), None);
        assert_eq!(ledger.wallets(environment, &customer).await.unwrap(), []);
        let key = WalletKey { environment, ..wallet("ann/gold") };
        assert_eq!(ledger.balance(&key).await.unwrap(), None);
        let page = everything();
        let events = EventQuery { environment, kinds: Vec::new(), page };
        assert!(ledger.events(events).await.unwrap().items.is_empty());
        let grants = GrantQuery {
            environment,
            customer,
            resource: None,
            currency: None,
            created: crate::CreatedRange::default(),
            page,
        };
        assert!(ledger.grants(grants).await.unwrap().items.is_empty());
        let export = ExportQuery { environment, customer: None, resource: None, currency: None };
        let slice = ledger.export(export, Point::END, None).await.unwrap().unwrap();
        assert!(slice.rows.is_empty());
        let unknown = Work::Consume(Box::new(item(&key, "k", "4")));
        let refusal = Refusal::not_found(Entity::Customer, "ann");
        assert_eq!(self.execute(environment, unknown).await.unwrap_err(), refused_by(refusal));
    }
}
