//! `openapi.json` against what there is.

use super::*;
use crate::control::http::{OPENAPI, routes};
use crate::scenario::describe;
use std::collections::BTreeSet;

/// Every route is described, nothing else is, and what stands there as an example is accepted.
#[tokio::test]
async fn the_description_is_what_there_is() {
    let described: Value = serde_json::from_str(OPENAPI).unwrap();
    let paths = described["paths"].as_object().unwrap();
    let there: BTreeSet<&str> = routes().iter().map(|(path, _)| *path).collect();
    assert_eq!(paths.keys().map(String::as_str).collect::<BTreeSet<_>>(), there);
    let keys: BTreeSet<&str> = described["components"]["schemas"]["Definition"]["properties"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let full = "[[swarm]]\nduration = \"1s\"\ntransport = \"ws\"\ncommands = { which = [\"status\"] }";
    let full = describe(&Scenario::parse(full).unwrap().swarms[0]);
    assert_eq!(keys, full.as_object().unwrap().keys().map(String::as_str).chain(["ids"]).collect::<BTreeSet<_>>());

    let folder = std::env::temp_dir().join(format!("grouploop-description-{}", std::process::id()));
    let stage = Stage::with(|settings| settings.recordings = folder.display().to_string());
    let examples = |operation: &Value| -> Vec<(String, Value)> {
        let content = operation["requestBody"]["content"].as_object().cloned().unwrap_or_default();
        let of = |(kind, content): (String, Value)| {
            content["examples"]
                .as_object()
                .unwrap()
                .values()
                .map(|one| (kind.clone(), one["value"].clone()))
                .collect::<Vec<_>>()
        };
        content.into_iter().flat_map(of).collect()
    };
    for (kind, value) in examples(&paths["/api/swarms"]["post"]) {
        let body = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let answer = stage.send("POST", "/api/swarms", ("Content-Type", &kind), body).await;
        assert_eq!(answer.status, 201, "{value}: {}", answer.text());
    }
    for (kind, value) in examples(&paths["/api/swarms/{name}"]["patch"]) {
        let answer = stage.send("PATCH", "/api/swarms/crowd", ("Content-Type", &kind), &value).await;
        assert_eq!(answer.status, 200, "{value}: {}", answer.text());
    }
    for (kind, value) in examples(&paths["/api/recordings"]["post"]) {
        let answer = stage.send("POST", "/api/recordings", ("Content-Type", &kind), &value).await;
        assert_eq!(answer.status, 201, "{value}: {}", answer.text());
    }
    assert_eq!(stage.send("POST", "/api/recordings/night/stop", JSON, "").await.status, 200);
    for (kind, value) in examples(&paths["/api/replays"]["post"]) {
        let answer = stage.send("POST", "/api/replays", ("Content-Type", &kind), &value).await;
        assert_eq!(answer.status, 201, "{value}: {}", answer.text());
    }
    for (path, item) in paths {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            let described = item.get(method.to_lowercase());
            // A swarm of no name has nothing to lose.
            let path = path.replace("{name}", "nobody").replace("{id}", "1a2b").replace("{number}", "99");
            let answer = stage.send(method, &path, JSON, "{}").await;
            assert_eq!(answer.status != 405, described.is_some(), "{method} {path}: {}", answer.text());
            if let Some(operation) = described {
                let status = answer.status.to_string();
                assert!(operation["responses"].get(&status).is_some(), "{method} {path}: {status} is not described");
            }
        }
        // The parameters of queries, with their examples.
        let parameters = item["get"]["parameters"].as_array().cloned().unwrap_or_default();
        let query: Vec<String> =
            parameters.iter().map(|one| format!("{}={}", one["name"].as_str().unwrap(), one["example"])).collect();
        if !query.is_empty() {
            let path = format!("{}?{}", path.replace("{name}", "crowd"), query.join("&"));
            let upgrades = path.contains("/stream");
            let fine = if upgrades {
                Peer::try_connect(&format!("ws://{}{path}", stage.at()), &[]).await.is_ok()
            } else {
                stage.get(&path).await.status == 200
            };
            assert!(fine, "{path}");
        }
    }
    assert!(stage.hub.attach().is_up());
    stage.drain().await;
    std::fs::remove_dir_all(folder).unwrap();
}
