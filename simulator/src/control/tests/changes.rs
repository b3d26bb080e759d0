//! Changes: what one leaves alone when it fails, and two at the same time.

use super::*;

#[tokio::test]
async fn a_change_to_an_edge_that_cannot_be_leaves_the_swarm_running() {
    let stage = Stage::new();
    stage.start(json!({"name": "a"})).await;
    eventually!(stage.get("/api/swarms/a").await.json()["status"] == "running");
    for edge in ["ws://a:b:1", "ws://[:1", "ws://a::1", "ws://a]b"] {
        let answer = stage.patch("a", json!({"transport": "ws", "ws": {"edges": [edge]}})).await;
        assert_eq!(answer.status, 400, "{edge}: {}", answer.text());
        let told = mistakes(&answer);
        assert!(told.len() == 1 && told[0].starts_with("ws: `edges` is"), "{edge}: {told:?}");
        assert_eq!(stage.get("/api/swarms/a").await.json()["status"], "running", "{edge}");
    }
    stage.drain().await;
}

#[tokio::test]
async fn a_swarm_that_is_stopped_while_it_begins_anew_is_gone() {
    let stage = Stage::new();
    for round in 0..20 {
        stage.start(json!({"name": "a", "seed": 100})).await;
        eventually!(stage.get("/api/swarms/a").await.json()["figures"]["present"] == 10);
        let (changed, stopped) =
            tokio::join!(stage.patch("a", json!({"seed": round})), stage.send("DELETE", "/api/swarms/a", JSON, ""));
        assert!([200, 404].contains(&changed.status), "{}", changed.text());
        assert_eq!(stopped.status, 204, "{}", stopped.text());
        assert_eq!(stage.get("/api/swarms/a").await.status, 404, "round {round}");
    }
    stage.drain().await;
}

#[tokio::test]
async fn null_for_ids_keeps_their_number() {
    let stage = Stage::new();
    stage.start(json!({"name": "a", "devices": 50})).await;
    assert_eq!(stage.patch("a", json!({"ids": null})).await.json()["devices"], 50);
    assert_eq!(stage.patch("a", json!({"ids": ["1a2b", "0007"]})).await.json()["devices"], 2);
    assert_eq!(stage.patch("a", json!({"ids": null, "devices": 3})).await.json()["devices"], 3);
    stage.drain().await;
}

#[tokio::test]
async fn swarms_that_name_no_seed_have_one_of_their_name() {
    let stage = Stage::new();
    let seed = |swarm: &Value| swarm["definition"]["seed"].as_u64().unwrap();
    let a = seed(&stage.start(json!({"name": "a"})).await);
    let b = seed(&stage.start(json!({"name": "b"})).await);
    // FNV-1a of "a", as its authors list it.
    assert_eq!(a, 0xe40c_292c);
    assert_ne!(a, b);
    assert_eq!(seed(&stage.patch("a", json!({"seed": 7})).await.json()), 7);
    assert_eq!(seed(&stage.patch("a", json!({"rate_hz": 5})).await.json()), 7);
    assert_eq!(seed(&stage.patch("a", json!({"seed": null})).await.json()), a);
    // Those of a scenario have what they have on the command line.
    let scenario = stage.send("POST", "/api/swarms", TOML, "[[swarm]]\nname = \"c\"\n[[swarm]]\nname = \"d\"").await;
    let scenario = scenario.json();
    assert_eq!([0, 1].map(|place| seed(&scenario["swarms"][place])), [1, 2]);
    stage.drain().await;
}
