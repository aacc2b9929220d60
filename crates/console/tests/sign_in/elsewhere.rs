//! Signing in elsewhere.

use std::sync::{Arc, Mutex};

use scrip_console::Boxed;
use scrip_console::sign_in::{Elsewhere, ElsewhereError, Identified, SignInOptions, Started};
use scrip_ledger::Identity;

use crate::world::{ANN, Browser, PASSWORD, SIGN_IN, World, csrf};

const BACK: &str = "/console/sign-in/elsewhere/back";

/// An issuer that says what it is told to, of codes that begin with the nonce of the sign-in.
#[derive(Default)]
struct Says {
    who: Option<Identified>,
    begun: u32,
}

#[derive(Clone, Default)]
struct Issuer(Arc<Mutex<Says>>);

impl Elsewhere for Issuer {
    fn name(&self) -> String {
        "Example Login".to_owned()
    }

    fn start(&self) -> Boxed<'_, Result<Started, ElsewhereError>> {
        Box::pin(async move {
            let mut says = self.0.lock().unwrap();
            says.begun += 1;
            let number = says.begun;
            Ok(Started {
                url: format!("https://login.example/authorize?state=state{number}"),
                state: format!("state{number}"),
                nonce: format!("nonce{number}"),
                verifier: format!("verifier{number}"),
            })
        })
    }

    fn finish<'a>(
        &'a self,
        code: &'a str,
        issuer: Option<&'a str>,
        begun: &'a Started,
        _: i64,
    ) -> Boxed<'a, Result<Identified, ElsewhereError>> {
        Box::pin(async move {
            let refused = |why: &str| ElsewhereError::Refused(why.to_owned());
            if issuer.is_some_and(|issuer| issuer != "https://login.example") {
                return Err(refused("issuer"));
            }
            let expected = format!("{} {}", begun.nonce, begun.verifier);
            if code != expected {
                return Err(refused("code"));
            }
            self.0.lock().unwrap().who.take().ok_or_else(|| refused("used"))
        })
    }
}

impl Issuer {
    fn knows(&self, subject: &str, verified_email: Option<&str>) {
        self.0.lock().unwrap().who = Some(Identified {
            identity: Identity {
                issuer: "https://login.example".to_owned(),
                subject: subject.to_owned(),
            },
            verified_email: verified_email.map(str::to_owned),
        });
    }
}

async fn world() -> (World, Issuer) {
    let issuer = Issuer::default();
    let elsewhere: Option<Arc<dyn Elsewhere>> = Some(Arc::new(issuer.clone()));
    let world = World::with(SignInOptions { elsewhere, ..SignInOptions::default() }).await;
    world.make_owner().await;
    (world, issuer)
}

/// Begins a sign-in; its number.
async fn begin(browser: &Browser<'_>) -> u32 {
    let told = browser.get(&format!("{SIGN_IN}/elsewhere?next=/console/production")).await.is(303);
    let (_, number) = told.header("location").split_once("state=state").unwrap();
    number.parse().unwrap()
}

fn back(number: u32) -> String {
    format!("{BACK}?state=state{number}&code=nonce{number}+verifier{number}")
}

#[tokio::test]
async fn somebody_signs_in_elsewhere() {
    let (world, issuer) = world().await;
    let browser = world.browser();
    let shown = browser.get(&format!("{SIGN_IN}?next=/console/production?a%26b")).await;
    // A link: a form would not be let go to the issuer.
    let link = "href=\"/console/sign-in/elsewhere?next=%2Fconsole%2Fproduction%3Fa%26b\"";
    assert!(shown.text.contains(link), "{}", shown.text);
    assert!(shown.text.contains("Sign in with Example Login"));
    // Known by the address that was verified the first time, and by the subject from then on.
    for email in [Some("Ann@Example.com"), None, Some("other@example.com")] {
        let number = begin(&browser).await;
        issuer.knows("subject", email);
        let told = browser.get(&back(number)).await.is(303);
        assert_eq!(told.header("location"), "/console/production");
        assert!(browser.is_in().await);
        assert!(!browser.jar.borrow().contains_key("scrip-elsewhere"));
    }
    let identity = world.person(ANN).await.unwrap().identity.unwrap();
    assert_eq!(identity.subject, "subject");
}

/// Whoever was not invited, whose address is not verified, or who is somebody else there, is nobody here.
#[tokio::test]
async fn nobody_is_somebody_by_chance() {
    let (world, issuer) = world().await;
    let browser = world.browser();
    let comes = async |subject: &str, email: Option<&str>| {
        let number = begin(&browser).await;
        issuer.knows(subject, email);
        browser.get(&back(number)).await
    };
    comes("stranger", Some("stranger@example.com")).await.is(403);
    comes("stranger", None).await.is(403);
    assert_eq!(world.person(ANN).await.unwrap().identity, None);
    comes("ann", Some(ANN)).await.is(303);
    let other = world.browser();
    let number = begin(&other).await;
    issuer.knows("impostor", Some(ANN));
    other.get(&back(number)).await.is(403);
    assert!(!other.is_in().await);
    let (_, bob) = world.invite("bob@example.com", "VIEWER").await;
    comes("bob", Some("bob@example.com")).await.is(303);
    assert!(!world.person("bob@example.com").await.unwrap().is_invited());
    world.api("DELETE", &bob, serde_json::Value::Null).await.is(200);
    comes("bob", Some("bob@example.com")).await.is(403);
}

/// What comes back must belong to a sign-in that this browser began, and is good once.
#[tokio::test]
async fn what_comes_back_must_be_of_this_browser() {
    let (world, issuer) = world().await;
    let (browser, other) = (world.browser(), world.browser());
    issuer.knows("ann", Some(ANN));
    // Nothing was begun.
    browser.get(&back(1)).await.is(403);
    let number = begin(&browser).await;
    // Somebody has the victim's browser come back with the sign-in of another one.
    let theirs = begin(&other).await;
    browser.get(&back(theirs)).await.is(403);
    // That ended the sign-in that was begun.
    browser.get(&back(number)).await.is(403);
    let wrong: [fn(u32) -> String; 5] = [
        |number| format!("{BACK}?code=nonce{number}+verifier{number}"),
        |number| format!("{BACK}?state=&code=nonce{number}+verifier{number}"),
        |number| format!("{BACK}?state=state{number}&code=wrong"),
        |number| format!("{BACK}?state=state{number}&error=access_denied"),
        |number| format!("{}&iss=https%3A%2F%2Fevil.example", back(number)),
    ];
    for path in wrong {
        let path = path(begin(&browser).await);
        browser.get(&path).await.is(403);
        assert!(!browser.is_in().await, "{path}");
    }
    let number = begin(&browser).await;
    browser.get(&back(number)).await.is(303);
    browser.get(&back(number)).await.is(403);
}

/// Where people sign in elsewhere only, no password lets anybody in.
#[tokio::test]
async fn passwords_can_be_turned_off() {
    let elsewhere: Option<Arc<dyn Elsewhere>> = Some(Arc::new(Issuer::default()));
    let options = SignInOptions { elsewhere, without_passwords: true, ..SignInOptions::default() };
    let world = World::with(options).await;
    world.make_owner().await;
    let browser = world.browser();
    let shown = browser.get(SIGN_IN).await.is(200);
    assert!(!shown.text.contains("type=\"password\""));
    let plain = World::of_ann().await;
    // The token is that of the cookie, whoever shows the form.
    let other = plain.browser();
    let token = csrf(&other.get(SIGN_IN).await.is(200).text);
    *browser.jar.borrow_mut() = other.jar.borrow().clone();
    let fields = [("csrf", token.as_str()), ("email", ANN), ("password", PASSWORD)];
    let refused = browser.post(SIGN_IN, &fields).await.is(403);
    assert!(refused.text.contains("Nobody signs in by a password here."), "{}", refused.text);
    assert!(!browser.is_in().await);
    // Nor by a link, which would set one.
    let (link, _) = world.invite("bob@example.com", "VIEWER").await;
    browser.get(&link).await.is(410);
    let (_, secret) = link.split_once("token=").unwrap();
    let chosen = [("token", secret), ("displayName", "Bob"), ("again", PASSWORD)];
    let sent = [&fields[..1], &chosen, &[("password", PASSWORD)]].concat();
    browser.post(&format!("{SIGN_IN}/link"), &sent).await.is(410);
    assert!(world.person("bob@example.com").await.unwrap().is_invited());
    other.post(SIGN_IN, &fields).await.is(303);
    plain.browser().get(&format!("{SIGN_IN}/elsewhere")).await.is(404);
}
