//! Accounts: made and archived from the first one, by its owners.

use scrip_ledger::{Role, all_environments};
use serde_json::json;

use crate::support::{World, secret};

const NEW: &str = "/new/account";
const ARCHIVE: &str = "/accounts/acme/archive";

#[tokio::test]
async fn an_account_is_made_and_archived() {
    let world = World::furnished().await;
    let fields = [("id", "acme"), ("displayName", "Acme, Inc.")];
    let plan = world.send(NEW, &fields).await.is(200);
    insta::assert_snapshot!("account_plan", plan.words());
    let (one, two) = tokio::join!(world.confirm(NEW, &plan), world.confirm(NEW, &plan));
    let shown = [one.is(200), two.is(200)].into_iter();
    let mut shown = shown.filter(|told| told.text.contains("<code class=\"secret\">"));
    let done = shown.next().unwrap();
    assert!(shown.next().is_none(), "it is shown once");
    let key = secret(&done);
    insta::assert_snapshot!("account_made", done.words().replace(&key, "SECRET"));
    let again = world.confirm(NEW, &plan).await.is(200).says("it was not done a second time");
    let list = world.page("/accounts").await.is(200);
    assert!(!again.text.contains(&key) && !list.text.contains(&key));
    insta::assert_snapshot!("page_accounts", list.words());
    for (id, refused) in [("Acme", "id must be 1 to"), ("acme", "id:")] {
        let plan = world.send(NEW, &[("id", id)]).await.is(200);
        let told = world.confirm(NEW, &plan).await;
        assert!(told.status.is_client_error(), "{}", told.words());
        told.says("Nothing was changed").says(refused);
    }
    world.send(ARCHIVE, &[("accountId", "other")]).await.is(400).says("accountId must be acme");
    let plan = world.send(ARCHIVE, &[("accountId", "acme")]).await.is(200);
    insta::assert_snapshot!("account_archive_plan", plan.words());
    let done = world.confirm(ARCHIVE, &plan).await.is(200).says("The account acme was archived");
    done.says("Active Archived");
    world.confirm(ARCHIVE, &plan).await.is(200).says("not done a second time");
    let known = all_environments(world.ledger.as_ref()).await.unwrap();
    let ended: Vec<_> = known.iter().filter(|it| it.archived_at.is_some()).collect();
    assert_eq!(ended.iter().map(|it| it.id.as_str()).collect::<Vec<_>>(), ["acme-production"]);
    world.send(ARCHIVE, &[("accountId", "acme")]).await.is(400).says("acme is archived");
    let path = "/accounts/default/archive";
    let refused = world.send(path, &[("accountId", "default")]).await.is(400);
    refused.says("whoever runs the server is not archived");
}

#[tokio::test]
async fn others_see_their_own_account() {
    let world = World::furnished().await;
    world.ask("/accounts", json!({"id": "acme"})).await;
    for role in [Role::Viewer, Role::Admin] {
        let seen = world.page_as(role, "/console/production/accounts").await.is(200);
        let words = seen.words();
        assert!(words.contains("acme") && !words.contains("New account"), "{words}");
        assert!(!seen.text.contains("/archive\""));
    }
    // An owner of another account.
    let seen = world.page("/console/acme-production/accounts").await.is(200).says("acme");
    let words = seen.words();
    assert!(!words.contains("default") && !words.contains("New account"), "{words}");
    assert!(!seen.text.contains("/archive\""));
    let fields = [("id", "third"), ("step", "confirmed"), ("request_id", "r")];
    let told = world.send("/console/acme-production/new/account", &fields).await.is(403);
    told.says("accounts are made and ended from the account `default`");
    let path = "/console/acme-production/accounts/default/archive";
    world.send(path, &[("accountId", "default")]).await.is(404);
}
