//! Coming in, staying in, and being put out.

use console_server::{Password, Role};
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::support::World;

#[tokio::test]
async fn a_link_opens_once_and_only_for_minutes() {
    let world = World::new().await;
    let mut first = world.browser();
    let answer = first.get(&format!("{}&next=/events%3Fq%3Dx", world.link())).await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/events?q=x"));
    let cookie = answer.header("set-cookie");
    assert!(cookie.contains("; HttpOnly; SameSite=Strict; Max-Age=43200"), "{cookie}");
    assert_eq!(first.get("/api/v1/session").await.json()["user"], "operator");

    let mut second = world.browser();
    let again = second.get(&world.link()).await;
    assert_eq!((again.header("location"), again.header("set-cookie")), ("/login?link=used", ""));

    let late = world.store.new_link(world.now()).unwrap();
    world.pass(15 * 60 + 1);
    let answer = second.get(&format!("/open?token={}", late.expose())).await;
    assert_eq!(answer.header("location"), "/login?link=used");
    assert_eq!(second.get("/api/v1/session").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_password_signs_in_and_a_wrong_one_does_not() {
    let world = World::new().await;
    let mut browser = world.browser();
    assert_eq!(browser.get("/api/v1/sign-in").await.json()["password"], false);
    let mut ana = world.signed_in_as("ana@example.com", Role::Viewer).await;
    assert_eq!(browser.get("/api/v1/sign-in").await.json()["password"], true);
    let session = ana.get("/api/v1/session").await.json();
    assert_eq!((&session["user"], &session["role"]), (&json!("ana@example.com"), &json!("viewer")));
    for (user, password) in [("ana@example.com", "wrong"), ("nobody", "correct horse battery"), ("", "")] {
        let answer = browser.post("/login", json!({ "user": user, "password": password })).await;
        assert_eq!(
            (answer.status, answer.kind().as_str()),
            (StatusCode::UNAUTHORIZED, "wrong_password"),
            "{user}"
        );
        assert_eq!(answer.header("set-cookie"), "");
    }
}

#[tokio::test]
async fn guessing_is_slowed_down_and_forgiven_later() {
    let world = World::new().await;
    world.store.put_user("ana", Role::Viewer, &Password::new("correct horse battery"), world.now()).unwrap();
    let mut browser = world.browser();
    let guess = json!({ "user": "ana", "password": "guess" });
    for _ in 0..10 {
        assert_eq!(browser.post("/login", guess.clone()).await.status, StatusCode::UNAUTHORIZED);
    }
    let right = json!({ "user": "ana", "password": "correct horse battery" });
    let refused = browser.post("/login", right.clone()).await;
    assert_eq!(refused.status, StatusCode::TOO_MANY_REQUESTS, "even the right one waits");
    assert_eq!(refused.header("retry-after"), "900");
    world.pass(15 * 60);
    assert_eq!(browser.post("/login", right).await.status, StatusCode::OK);
}

#[tokio::test]
async fn sessions_end_by_age_by_idleness_and_by_signing_out() {
    let world = World::new().await;
    let mut idle = world.signed_in().await;
    let mut busy = world.signed_in().await;
    for _ in 0..6 {
        world.pass(2 * 3_600 - 1);
        assert_eq!(busy.get("/api/v1/session").await.status, StatusCode::OK);
    }
    assert_eq!(
        idle.get("/api/v1/session").await.status,
        StatusCode::UNAUTHORIZED,
        "two hours without a request"
    );
    world.pass(10);
    assert_eq!(busy.get("/api/v1/session").await.status, StatusCode::UNAUTHORIZED, "twelve hours in all");

    let mut leaving = world.signed_in().await;
    let before = leaving.clone();
    let answer = leaving.send(Method::POST, "/api/v1/logout", None).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    assert!(answer.header("set-cookie").contains("Max-Age=0"));
    assert_eq!(
        before.clone().get("/api/v1/session").await.status,
        StatusCode::UNAUTHORIZED,
        "a kept cookie is dead"
    );
}

#[tokio::test]
async fn an_administrator_ends_anybody_s_session_and_a_viewer_only_their_own() {
    let world = World::new().await;
    let mut admin = world.signed_in().await;
    let mut ana = world.signed_in_as("ana", Role::Viewer).await;
    let mut bob = world.signed_in_as("bob", Role::Viewer).await;
    let listed = admin.get("/api/v1/sessions").await.json();
    let sessions = listed["sessions"].as_array().unwrap();
    assert_eq!(sessions.len(), 3);
    let of = |user: &str| {
        let found = sessions.iter().find(|session| session["user"] == user).expect("listed");
        format!("/api/v1/sessions/{}", found["id"].as_str().unwrap())
    };
    assert_eq!(ana.get("/api/v1/sessions").await.json()["sessions"].as_array().unwrap().len(), 1);
    assert_eq!(ana.send(Method::DELETE, &of("bob"), None).await.status, StatusCode::NOT_FOUND);
    assert_eq!(bob.get("/api/v1/session").await.status, StatusCode::OK);
    assert_eq!(admin.send(Method::DELETE, &of("bob"), None).await.status, StatusCode::NO_CONTENT);
    assert_eq!(bob.get("/api/v1/session").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(ana.send(Method::DELETE, &of("ana"), None).await.status, StatusCode::NO_CONTENT);
    assert_eq!(ana.get("/api/v1/session").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_new_password_and_a_removed_user_end_sessions() {
    let world = World::new().await;
    let mut ana = world.signed_in_as("ana", Role::Admin).await;
    world.store.put_user("ana", Role::Admin, &Password::new("another password"), world.now()).unwrap();
    assert_eq!(ana.get("/api/v1/session").await.status, StatusCode::UNAUTHORIZED);
    let mut bob = world.signed_in_as("bob", Role::Viewer).await;
    assert!(world.store.remove_user("bob").unwrap());
    assert_eq!(bob.get("/api/v1/session").await.status, StatusCode::UNAUTHORIZED);
    assert!(!world.store.remove_user("bob").unwrap());
    for (name, password) in
        [("", "correct horse battery"), ("a b", "correct horse battery"), ("ana", "short")]
    {
        assert!(
            world.store.put_user(name, Role::Viewer, &Password::new(password), world.now()).is_err(),
            "{name}"
        );
    }
}

#[cfg(unix)]
#[tokio::test]
async fn no_secret_is_kept_in_clear_and_nobody_else_reads_the_file() {
    use std::os::unix::fs::PermissionsExt as _;
    let world = World::new().await;
    let browser = world.signed_in_as("ana", Role::Viewer).await;
    let link = world.store.new_link(world.now()).unwrap();
    let path = world.folder.path().join("console.sqlite");
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let mut kept = std::fs::read(&path).unwrap();
    kept.extend(std::fs::read(path.with_extension("sqlite-wal")).unwrap_or_default());
    let cookie = browser.cookie.expect("a cookie");
    let token = cookie.split_once('=').unwrap().1;
    for secret in [token, link.expose(), "correct horse battery"] {
        assert!(!kept.windows(secret.len()).any(|part| part == secret.as_bytes()));
    }
    assert!(kept.windows(9).any(|part| part == b"$argon2id"), "the hash is where it was looked for");
}
