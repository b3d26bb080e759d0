//! The registry under damage: whatever the file or the command is, it ends in an answer, and the answer is short.

use grouploop_bridge::{MAX_REGISTRY_BYTES, Registry, RegistryError};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

fn parse(json: &str) -> Result<Registry, RegistryError> {
    Registry::parse(json.as_bytes())
}

#[test]
fn a_large_hostile_file_is_refused_in_few_words() {
    let fill = |piece: &str| vec![piece; (MAX_REGISTRY_BYTES - 200) / (piece.len() + 1)].join(",");
    let keys: Vec<String> = (0..90_000).map(|n| format!("\"{n:05}\":5")).collect();
    for (file, few) in [
        ("[".repeat(MAX_REGISTRY_BYTES), 1),
        (format!(r#"{{"commands": {{"x": {{"parameters": [{}]}}}}}}"#, fill("0")), 101),
        (format!(r#"{{"commands": {{"x": {{"schema": [{}]}}}}}}"#, fill(r#"{"type":"enum","values":[0,0,0]}"#)), 101),
        (
            format!(
                r#"{{"commands": {{"x": {{"parameters": ["p"], "schema": [{{"type": "enum", "values": [{}]}}]}}}}}}"#,
                fill("\"a\"")
            ),
            1,
        ),
        (
            format!(
                r#"{{"commands": {{"x": {{"parameters": ["p"], "schema": [{{"type": "{}"}}]}}}}}}"#,
                "\\n".repeat(500_000)
            ),
            1,
        ),
        (format!(r#"{{"commands": {{{}}}}}"#, keys.join(",")), 101),
        (format!(r#"{{"commands": {{"{}": {{"handler": 0}}}}}}"#, "ü".repeat(500_000)), 2),
    ] {
        let error = parse(&file).unwrap_err();
        let mistakes = error.mistakes();
        assert_eq!(mistakes.len(), few, "{:?}", mistakes.iter().take(3).collect::<Vec<_>>());
        assert!(mistakes.iter().all(|mistake| mistake.len() < 400) && error.to_string().len() < 5000);
    }
}

#[test]
fn a_damaged_file_never_panics() {
    let mut rng = StdRng::seed_from_u64(12);
    let pieces =
        ["null", "-1", "1e999", "[]", "{}", "\"\"", ",", ":", "}", "]", "\"type\"", "\"int\"", "\u{0}", "é", "256"];
    let mut refused = 0;
    for _ in 0..3000 {
        let mut file = Registry::built_in_json().to_vec();
        for _ in 0..rng.random_range(1..4) {
            let at = rng.random_range(0..file.len());
            let end = (at + rng.random_range(0..12)).min(file.len());
            file.splice(at..end, pieces[rng.random_range(0..pieces.len())].bytes());
        }
        match Registry::parse(&file) {
            Ok(registry) => assert!(!registry.is_empty()),
            Err(error) => {
                assert!(!error.mistakes().is_empty());
                refused += 1;
            }
        }
    }
    assert!(refused > 1000, "{refused}");
}

#[test]
fn a_file_with_wrong_values_never_panics() {
    /// Replaces one value somewhere in the tree.
    fn damage(value: &mut Value, rng: &mut StdRng) {
        let inner = match value {
            Value::Array(list) if !list.is_empty() => {
                let at = rng.random_range(0..list.len());
                list.get_mut(at)
            }
            Value::Object(map) if !map.is_empty() => {
                let at = rng.random_range(0..map.len());
                map.values_mut().nth(at)
            }
            _ => None,
        };
        match inner {
            Some(inner) if rng.random_range(0..8) > 0 => damage(inner, rng),
            _ => {
                let others = [
                    json!(null),
                    json!(-1),
                    json!(1.5),
                    json!(1e300),
                    json!(u64::MAX),
                    json!(i64::MIN),
                    json!(""),
                    json!("url"),
                    json!(":"),
                    json!([null]),
                    json!([{}]),
                ];
                *value = others[rng.random_range(0..others.len())].clone();
            }
        }
    }
    let mut rng = StdRng::seed_from_u64(13);
    let whole = json!({"commands": {"set": {"parameters": ["a", "b", "c", "d", "e", "f"], "schema": [
        {"name": "a", "type": "int", "min": 0, "max": 9, "unit": "px", "default": 5},
        {"name": "b", "type": "color", "default": "red"},
        {"name": "c", "type": "enum", "values": ["one", "two"], "default": "two"},
        {"name": "d", "type": "duration_ms", "min": 1, "max": 500, "default": 20},
        {"name": "e", "type": "hex", "digits": 2, "default": "0f"},
        {"name": "f", "type": "url", "default": "http://h/x"}
    ]}}});
    let (mut taken, mut refused) = (0, 0);
    for _ in 0..10_000 {
        let mut file = whole.clone();
        for _ in 0..rng.random_range(1..4) {
            damage(&mut file, &mut rng);
        }
        match parse(&file.to_string()) {
            Ok(registry) => {
                let _ = registry.check("set", "1:red:ONE:100:ff:http://h:1/");
                taken += 1;
            }
            Err(error) => {
                assert!(!error.mistakes().is_empty());
                refused += 1;
            }
        }
    }
    assert!(taken > 50 && refused > 5000, "{taken} taken, {refused} refused");
}

#[test]
fn random_commands_never_panic_and_stay_what_they_are() {
    let mut rng = StdRng::seed_from_u64(14);
    let registry = Registry::built_in();
    let file: Value = serde_json::from_slice(Registry::built_in_json()).unwrap();
    let names: Vec<&String> = file["commands"].as_object().unwrap().keys().collect();
    let pieces = [
        ":", "red", "#", "ff", "0", "5", "255", ".", "-", "e", " ", "http://", "h", "[", "]", "@", "solid", "ß", "\0",
        "\u{2028}",
    ];
    let mut taken = 0;
    for _ in 0..50_000 {
        let name = names[rng.random_range(0..names.len())];
        let parameters: String =
            (0..rng.random_range(0..7)).map(|_| pieces[rng.random_range(0..pieces.len())]).collect();
        if let Ok(text) = registry.check(name, &parameters) {
            // A device that was sent a command can be sent the same again.
            let again = text.strip_prefix(name.as_str()).and_then(|rest| rest.strip_prefix(':')).unwrap();
            assert_eq!(registry.check(name, again), Ok(text.clone()), "{name}:{parameters}");
            taken += 1;
        }
    }
    assert!(taken > 5000, "{taken}");
}
