//! People: invited, changed, removed; their links and sessions; and an owner for every account.

use futures_util::future::join;
use scrip_core::{Actor, Entity, Origin, Refusal, TraceId};

use super::world::everything;
use super::{Factory, World, record};
use crate::{
    Answer, CreatedRange, Email, Executed, Identity, LedgerError, LinkPurpose, LinkUse, NewRecord,
    Order, PasswordHash, Person, PersonChange, PersonDeed, RecordKind, RecordQuery, Role, SYSTEM,
    Session, Settings, SignInLink, Work, person_by_id, person_by_identity, person_of, secret_hash,
    session_of, sessions_of,
};

const ANN: &str = "ann@example.com";
const BOB: &str = "bob@example.com";
const CAT: &str = "cat@example.com";

/// Whoever is invited is found by the address, the identifier and who they are elsewhere, until removed.
pub async fn are_invited_and_found(make: &Factory<'_>) {
    let world = World::of_ann(make).await;
    world.deed(BOB, invite("default", Role::Viewer, None)).await.unwrap();
    let bob = world.person(BOB).await.unwrap();
    assert_eq!((bob.id.as_str(), bob.is_invited()), ("person_bob", true));
    assert_eq!(bob.role_in("default"), Some(Role::Viewer));
    let ledger = world.ledger.as_ref();
    assert_eq!(person_by_id(ledger, "person_bob").await.unwrap().unwrap().1, bob);
    let again = world.deed(BOB, invite("default", Role::Owner, None)).await;
    assert_eq!(refusal(again), Refusal::Duplicate { entity: Entity::Person, id: BOB.to_owned() });
    let identity = Identity { issuer: "https://a.example".to_owned(), subject: "b".to_owned() };
    assert_eq!(person_by_identity(ledger, &identity).await.unwrap(), None);
    world.deed(BOB, PersonDeed::Identify(identity.clone())).await.unwrap();
    let found = person_by_identity(ledger, &identity).await.unwrap().unwrap();
    assert_eq!((found.id.as_str(), found.is_invited()), ("person_bob", false));
    let other = Identity { subject: "c".to_owned(), ..identity.clone() };
    let refused = world.deed(BOB, PersonDeed::Identify(other)).await;
    assert_eq!(refusal(refused), Refusal::PersonIsAnother);
    world.deed(BOB, leave("default")).await.unwrap();
    assert_eq!(world.person(BOB).await, None);
    assert_eq!(person_by_identity(ledger, &identity).await.unwrap(), None);
    let (removed, _) = person_by_id(ledger, "person_bob").await.unwrap().unwrap();
    assert!(removed.archived_at.is_some());
    let refused = world.deed(BOB, PersonDeed::EndSessions).await;
    assert_eq!(refusal(refused), Refusal::not_found(Entity::Person, BOB));
    // Somebody else has the address later.
    let deed = invite_as("person_other", "default", Role::Support, None);
    world.deed(BOB, deed).await.unwrap();
    let other = world.person(BOB).await.unwrap();
    assert_eq!((other.id.as_str(), other.is_invited()), ("person_other", true));
    assert_eq!(person_by_id(ledger, "person_bob").await.unwrap(), None);
    assert_eq!(person_by_identity(ledger, &identity).await.unwrap(), None);
}

/// Whatever is done, an account has somebody who may everything.
pub async fn keep_an_owner(make: &Factory<'_>) {
    let world = World::of_ann(make).await;
    let set_role = |role| PersonDeed::SetRole { account: "default".to_owned(), role };
    let disable =
        |is_disabled| PersonDeed::SetDisabled { account: "default".to_owned(), is_disabled };
    for deed in [set_role(Role::Admin), disable(true), leave("default")] {
        assert_eq!(refusal(world.deed(ANN, deed).await), Refusal::LastOwner);
    }
    world.deed(BOB, invite("default", Role::Support, None)).await.unwrap();
    assert_eq!(refusal(world.deed(ANN, leave("default")).await), Refusal::LastOwner);
    world.deed(BOB, set_role(Role::Owner)).await.unwrap();
    // One who is disabled is none.
    world.deed(BOB, disable(true)).await.unwrap();
    assert_eq!(refusal(world.deed(ANN, set_role(Role::Admin)).await), Refusal::LastOwner);
    world.deed(BOB, disable(false)).await.unwrap();
    world.deed(ANN, set_role(Role::Admin)).await.unwrap();
    assert_eq!(refusal(world.deed(BOB, leave("default")).await), Refusal::LastOwner);
    let ann = world.person(ANN).await.unwrap();
    assert_eq!(ann.role_in("default"), Some(Role::Admin));
    world.deed(ANN, leave("default")).await.unwrap();
}

/// Of two owners who leave at once, one stays.
pub async fn who_leave_at_once_leave_one(make: &Factory<'_>) {
    let world = World::of_ann(make).await;
    world.deed(BOB, invite("default", Role::Owner, None)).await.unwrap();
    let (ann, bob) = (world.deed(ANN, leave("default")), world.deed(BOB, leave("default")));
    let (ann, bob) = join(ann, bob).await;
    assert_eq!([ann.is_ok(), bob.is_ok()].iter().filter(|left| **left).count(), 1);
}

/// A link works once, in time, and for nobody who has changed since.
pub async fn get_links_that_work_once(make: &Factory<'_>) {
    let world = World::of_ann(make).await;
    // The first owner came to be by a link, which is over; another one makes nobody.
    assert_eq!(refusal(world.use_link("owner", Some(ANN)).await), Refusal::LinkOver);
    world.first_owner_link("second").await;
    assert_eq!(refusal(world.use_link("second", Some(BOB)).await), Refusal::LinkOver);
    world.deed(BOB, invite("default", Role::Viewer, Some(world.link("invited")))).await.unwrap();
    assert_eq!(refusal(world.use_link("wrong", None).await), Refusal::LinkOver);
    assert_eq!(refusal(world.use_link("invited", Some(BOB)).await), Refusal::LinkOver);
    world.use_link("invited", None).await.unwrap();
    let bob = world.person(BOB).await.unwrap();
    assert_eq!((bob.display_name.as_str(), bob.generation), ("Chosen", 1));
    assert_eq!(bob.password_hash, Some(PasswordHash("hash of invited".to_owned())));
    assert_eq!(refusal(world.use_link("invited", None).await), Refusal::LinkOver);
    // Two links: what one does ends the other.
    for token in ["one", "two"] {
        let link = world.link(token);
        let deed = PersonDeed::Link { account: "default".to_owned(), link };
        world.deed(BOB, deed).await.unwrap();
    }
    world.use_link("two", None).await.unwrap();
    assert_eq!(refusal(world.use_link("one", None).await), Refusal::LinkOver);
    // So does removing the person, whoever has the address then.
    let link = world.link("late");
    world.deed(BOB, PersonDeed::Link { account: "default".to_owned(), link }).await.unwrap();
    world.deed(BOB, leave("default")).await.unwrap();
    world.deed(BOB, invite_as("person_other", "default", Role::Viewer, None)).await.unwrap();
    assert_eq!(refusal(world.use_link("late", None).await), Refusal::LinkOver);
    if world.time_can_pass {
        let link = world.link("expires");
        world.deed(BOB, PersonDeed::Link { account: "default".to_owned(), link }).await.unwrap();
        world.pass(60_000);
        assert_eq!(refusal(world.use_link("expires", None).await), Refusal::LinkOver);
    }
}

/// A link that several use at once makes one of them somebody.
pub async fn use_a_link_once_at_once(make: &Factory<'_>) {
    let world = World::bare(make, Settings::default()).await;
    world.first_owner_link("owner").await;
    let (ann, bob) = (world.use_link("owner", Some(ANN)), world.use_link("owner", Some(BOB)));
    let (ann, bob) = join(ann, bob).await;
    assert_eq!([ann.is_ok(), bob.is_ok()].iter().filter(|it| **it).count(), 1);
}

/// A session stands until it is ended, its person changes the password, or is removed: from the answer on.
pub async fn lose_their_sessions(make: &Factory<'_>) {
    let world = World::of_ann(make).await;
    let stands =
        async |token: &str| session_of(world.ledger.as_ref(), token).await.unwrap().is_some();
    for token in ["a", "b"] {
        world.sign_in(ANN, token).await;
        assert!(stands(token).await);
    }
    assert!(!stands("c").await);
    let ann = world.person(ANN).await.unwrap();
    let listed = async || sessions_of(world.ledger.as_ref(), &ann).await.unwrap();
    let (good, over) = listed().await;
    assert_eq!((good.len(), over.len()), (2, 0));
    let id = good.iter().find(|it| it.token_hash == secret_hash(b"a")).unwrap().record_id();
    world.execute(SYSTEM, Work::ArchiveRecord(RecordKind::Session, id)).await.unwrap();
    assert!(!stands("a").await && stands("b").await);
    let (good, over) = listed().await;
    assert_eq!((good.len(), over.len()), (1, 1));
    let hash = PasswordHash("another".to_owned());
    world.deed(ANN, PersonDeed::SetPassword(hash)).await.unwrap();
    assert!(!stands("b").await);
    world.sign_in(ANN, "d").await;
    assert!(stands("d").await);
    world.deed(ANN, PersonDeed::EndSessions).await.unwrap();
    assert!(!stands("d").await);
    world.deed(BOB, invite("default", Role::Owner, None)).await.unwrap();
    world.sign_in(BOB, "e").await;
    world.deed(BOB, leave("default")).await.unwrap();
    assert!(!stands("e").await);
    world.deed(BOB, invite_as("person_other", "default", Role::Owner, None)).await.unwrap();
    assert!(!stands("e").await, "nobody else's is his");
}

/// What an account decides about a person holds there only, and no link of it leads into another.
pub async fn belong_to_accounts_apart(make: &Factory<'_>) {
    let world = World::of_ann(make).await;
    let other = record(RecordKind::Account, "other", &[("name", "other")]);
    world.execute(SYSTEM, Work::CreateRecord(other)).await.unwrap();
    world.deed(BOB, invite("other", Role::Owner, None)).await.unwrap();
    world.deed(BOB, invite("default", Role::Viewer, Some(world.link("trick")))).await.unwrap();
    let bob = world.person(BOB).await.unwrap();
    let roles = ["other", "default"].map(|account| bob.role_in(account));
    assert_eq!(roles, [Some(Role::Owner), Some(Role::Viewer)]);
    assert_eq!(refusal(world.use_link("trick", None).await), Refusal::LinkOver);
    let link = world.link("reset");
    let deed = PersonDeed::Link { account: "default".to_owned(), link };
    assert_eq!(refusal(world.deed(BOB, deed).await), Refusal::PersonElsewhere);
    let nowhere = invite("nowhere", Role::Viewer, None);
    assert_eq!(
        refusal(world.deed(BOB, nowhere).await),
        Refusal::not_found(Entity::Account, "nowhere")
    );
    world.deed(BOB, leave("default")).await.unwrap();
    let bob = world.person(BOB).await.unwrap();
    assert_eq!((bob.role_in("default"), bob.role_in("other")), (None, Some(Role::Owner)));
    assert_eq!(refusal(world.deed(BOB, leave("other")).await), Refusal::LastOwner);
}

/// Links that are over, whatever ended them, are forgotten, and of too many the oldest.
pub async fn leave_no_links_behind(make: &Factory<'_>) {
    let world = World::of_ann(make).await;
    let kept = async || {
        let query = RecordQuery {
            environment: SYSTEM,
            kind: RecordKind::SignInLink,
            matching: Vec::new(),
            created: CreatedRange::default(),
            archived: None,
            page: everything(),
        };
        world.ledger.records(query).await.unwrap().items.len()
    };
    assert_eq!(kept().await, 0, "one that was used");
    world.deed(BOB, invite("default", Role::Viewer, Some(world.link("0")))).await.unwrap();
    let more = |token: &str| {
        let link = world.link(token);
        PersonDeed::Link { account: "default".to_owned(), link }
    };
    for token in ["1", "2", "3", "4", "5", "6"] {
        world.deed(BOB, more(token)).await.unwrap();
    }
    assert_eq!(kept().await, 5, "too many");
    world.deed(CAT, invite("default", Role::Viewer, Some(world.link("cat")))).await.unwrap();
    assert_eq!(kept().await, 6, "another's count for him");
    assert_eq!(refusal(world.use_link("1", None).await), Refusal::LinkOver);
    world.use_link("2", None).await.unwrap();
    assert_eq!(kept().await, 1, "what one does ends the others");
    world.deed(BOB, more("7")).await.unwrap();
    world.deed(BOB, PersonDeed::EndSessions).await.unwrap();
    assert_eq!(kept().await, 1, "so does what ends his sessions");
    world.deed(BOB, more("8")).await.unwrap();
    world.deed(BOB, leave("default")).await.unwrap();
    assert_eq!(kept().await, 1, "and whoever removes him");
    if world.time_can_pass {
        world.pass(60_000);
        world.deed(ANN, PersonDeed::Rename("Ann".to_owned())).await.unwrap();
        assert_eq!(kept().await, 0, "its time is over");
        world.first_owner_link("first").await;
        world.pass(60_000);
        world.first_owner_link("second").await;
        assert_eq!(kept().await, 1);
    }
}

/// What one account handed out, a link or the password that it set, leads nowhere that another account gave.
pub async fn are_not_taken_over(make: &Factory<'_>) {
    let world = World::of_ann(make).await;
    let other = record(RecordKind::Account, "other", &[("name", "other")]);
    world.execute(SYSTEM, Work::CreateRecord(other)).await.unwrap();
    world.deed(ANN, invite("other", Role::Owner, None)).await.unwrap();
    let roles_of = async |email: &str| {
        let person = world.person(email).await.unwrap();
        ["default", "other"].map(|account| person.role_in(account))
    };
    // A link that one account keeps is over once another one has given a place, and stays so when there
    // is that place only.
    world.deed(BOB, invite("other", Role::Viewer, Some(world.link("kept")))).await.unwrap();
    world.deed(BOB, invite("default", Role::Owner, Some(world.link("trick")))).await.unwrap();
    assert_eq!(refusal(world.use_link("kept", None).await), Refusal::LinkOver);
    assert_eq!(refusal(world.use_link("trick", None).await), Refusal::LinkOver);
    world.deed(BOB, leave("other")).await.unwrap();
    assert_eq!(refusal(world.use_link("kept", None).await), Refusal::LinkOver);
    assert!(world.person(BOB).await.unwrap().is_invited());
    // So is one for another password.
    let link = world.link("own");
    world.deed(BOB, PersonDeed::Link { account: "default".to_owned(), link }).await.unwrap();
    world.use_link("own", None).await.unwrap();
    let link = world.link("reset");
    world.deed(BOB, PersonDeed::Link { account: "default".to_owned(), link }).await.unwrap();
    world.deed(BOB, invite("other", Role::Owner, None)).await.unwrap();
    assert_eq!(refusal(world.use_link("reset", None).await), Refusal::LinkOver);
    // Whoever has the password may nothing in an account that came later, until it says so itself.
    assert_eq!(roles_of(BOB).await, [Some(Role::Owner), None]);
    let account = "other".to_owned();
    world.deed(BOB, PersonDeed::SetDisabled { account, is_disabled: false }).await.unwrap();
    assert_eq!(roles_of(BOB).await, [Some(Role::Owner), Some(Role::Owner)]);
    // Somebody whom only an issuer vouches for is who the address says.
    world.deed(CAT, invite("other", Role::Viewer, Some(world.link("unused")))).await.unwrap();
    let identity = Identity { issuer: "https://a.example".to_owned(), subject: "c".to_owned() };
    world.deed(CAT, PersonDeed::Identify(identity)).await.unwrap();
    world.deed(CAT, invite("default", Role::Support, None)).await.unwrap();
    assert_eq!(roles_of(CAT).await, [Some(Role::Support), Some(Role::Viewer)]);
    assert_eq!(refusal(world.use_link("unused", None).await), Refusal::LinkOver);
}

impl World {
    /// A world with an owner, who came to be by a link.
    async fn of_ann(make: &Factory<'_>) -> Self {
        let world = Self::bare(make, Settings::default()).await;
        world.first_owner_link("owner").await;
        world.use_link("owner", Some(ANN)).await.unwrap();
        world
    }

    async fn first_owner_link(&self, token: &str) {
        let purpose = LinkPurpose::FirstOwner { account: "default".to_owned() };
        let new = SignInLink { purpose, ..self.link(token) }.record();
        self.execute(SYSTEM, Work::CreateRecord(new)).await.unwrap();
    }

    /// A link that is good for a minute.
    fn link(&self, token: &str) -> SignInLink {
        SignInLink {
            token_hash: secret_hash(token.as_bytes()),
            purpose: LinkPurpose::FirstOwner { account: String::new() },
            expires_at: self.ledger.now(SYSTEM).later(60_000),
        }
    }

    async fn use_link(&self, token: &str, newcomer: Option<&str>) -> Result<Answer, LedgerError> {
        let used = LinkUse {
            token_hash: secret_hash(token.as_bytes()),
            display_name: "Chosen".to_owned(),
            password_hash: PasswordHash(format!("hash of {token}")),
            newcomer: newcomer.map(|email| (address(email), person_id(email))),
        };
        self.execute(SYSTEM, Work::UseSignInLink(Box::new(used))).await
    }

    async fn deed(&self, email: &str, deed: PersonDeed) -> Result<Answer, LedgerError> {
        let deed = match deed {
            PersonDeed::Invite { person_id: id, display_name, account, role, link } => {
                let person_id = if id.is_empty() { person_id(email) } else { id };
                PersonDeed::Invite { person_id, display_name, account, role, link }
            }
            deed => deed,
        };
        let change = PersonChange { email: address(email), deed };
        let work = Work::ChangePerson(Box::new(change));
        let origin = Origin {
            actor: Actor::Person("person_ann".into()),
            trace_id: TraceId([7; 16]),
            salt: [8; 16],
        };
        match self
            .ledger
            .execute(Order { environment: SYSTEM, origin, work, remember: None })
            .await?
        {
            Executed::Fresh(answer) => Ok(answer),
            Executed::Replayed(answer) => panic!("nothing was remembered: {answer:?}"),
        }
    }

    async fn person(&self, email: &str) -> Option<Person> {
        person_of(self.ledger.as_ref(), &address(email)).await.unwrap()
    }

    async fn sign_in(&self, email: &str, token: &str) {
        let person = self.person(email).await.unwrap();
        let now = self.ledger.now(SYSTEM);
        let session = Session {
            token_hash: secret_hash(token.as_bytes()),
            email: person.email,
            person_id: person.id,
            generation: person.generation,
            began_at: now,
            seen_at: now,
            by: "password".to_owned(),
            user_agent: "a browser".to_owned(),
            address: "127.0.0.1".to_owned(),
        };
        let new: NewRecord = session.record();
        self.execute(SYSTEM, Work::CreateRecord(new)).await.unwrap();
    }
}

fn address(email: &str) -> Email {
    Email::parse(email).unwrap()
}

fn person_id(email: &str) -> String {
    format!("person_{}", email.split('@').next().unwrap_or_default())
}

fn invite(account: &str, role: Role, link: Option<SignInLink>) -> PersonDeed {
    invite_as("", account, role, link)
}

fn invite_as(id: &str, account: &str, role: Role, link: Option<SignInLink>) -> PersonDeed {
    PersonDeed::Invite {
        person_id: id.to_owned(),
        display_name: "Invited".to_owned(),
        account: account.to_owned(),
        role,
        link,
    }
}

fn leave(account: &str) -> PersonDeed {
    PersonDeed::Leave { account: account.to_owned() }
}

fn refusal(result: Result<Answer, LedgerError>) -> Refusal {
    match result {
        Err(LedgerError::Refused(refused)) => refused.refusal,
        other => panic!("should have been refused: {other:?}"),
    }
}
