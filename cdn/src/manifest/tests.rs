//! What the manifest must do.

use super::*;
use crate::mistakes::MAX_MISTAKES;
use serde_json::json;

/// As people have it today.
const BY_HAND: &str = r#"{"version": "1.2.0", "build_date": "2025-01-31", "boards": {"seeed_xiao_esp32c3": "firmware/firmware-seeed.bin", "esp32-c3-devkitm-1": "firmware/firmware-devkit.bin"}}"#;
const SEEED: &str = "seeed_xiao_esp32c3";

fn parse(value: &Value) -> Result<Manifest, Vec<String>> {
    Manifest::parse(value.to_string().as_bytes())
}

fn image(version: &str) -> Image {
    Image {
        version: version.into(),
        build_date: format!("date of {version}"),
        path: format!("firmware/{version}.bin"),
        ..Image::default()
    }
}

fn board(name: &str) -> Board {
    name.parse().unwrap()
}

fn versions<'a>(manifest: &'a Manifest, board: &str) -> Vec<&'a str> {
    manifest.images[board].iter().map(|image| image.version.as_str()).collect()
}

fn json(manifest: &Manifest) -> Value {
    serde_json::from_slice(&manifest.to_json()).unwrap()
}

#[test]
fn the_facts_of_known_bytes() {
    let facts = Facts::of(b"abc");
    assert_eq!(facts.size, 3);
    assert_eq!(facts.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    assert_eq!(facts.md5, "900150983cd24fb0d6963f7d28e17f72");
}

#[test]
fn a_record_by_hand_is_a_manifest_and_stays_as_it_is() {
    let manifest = Manifest::parse(BY_HAND.as_bytes()).unwrap();
    assert_eq!(json(&manifest), serde_json::from_str::<Value>(BY_HAND).unwrap());
    assert_eq!(manifest.version_of("firmware/firmware-seeed.bin"), Some("1.2.0"));
    assert_eq!(manifest.version_of("firmware/other.bin"), None);
}

#[test]
fn nothing_published_has_the_three_keys_too() {
    let empty = Manifest::default();
    assert_eq!(empty.to_json(), b"{\n  \"version\": \"\",\n  \"build_date\": \"\",\n  \"boards\": {}\n}\n");
    assert_eq!(Manifest::parse(&empty.to_json()).unwrap(), empty);
}

#[test]
fn what_was_written_is_read_again_other_keys_included() {
    let mut manifest = Manifest::parse(BY_HAND.as_bytes()).unwrap();
    manifest.other.insert("notes".into(), json!({"by": ["hand"]}));
    let mut new = image("1.3.0");
    new.other.insert("changes".into(), json!("brighter"));
    manifest.publish(&board(SEEED), new).unwrap();
    manifest.describe(|path| Some(Facts::of(path.as_bytes())));
    let text = manifest.to_json();
    let again = Manifest::parse(&text).unwrap();
    assert_eq!(again, manifest);
    assert_eq!(again.to_json(), text);
    assert_eq!(again.other["notes"]["by"][0], "hand");
    assert_eq!(again.images[SEEED][0].other["changes"], "brighter");
}

#[test]
fn publishing_keeps_the_rest() {
    let mut manifest = Manifest::parse(BY_HAND.as_bytes()).unwrap();
    manifest.publish(&board(SEEED), image("1.3.0")).unwrap();
    assert_eq!((manifest.version.as_str(), manifest.build_date.as_str()), ("1.3.0", "date of 1.3.0"));
    assert_eq!(manifest.boards[SEEED], "firmware/1.3.0.bin");
    assert_eq!(versions(&manifest, SEEED), ["1.3.0", "1.2.0"]);
    // The other board's image does not become a newer one by this.
    assert_eq!(manifest.version_of("firmware/firmware-devkit.bin"), Some("1.2.0"));
    assert_eq!(versions(&manifest, "esp32-c3-devkitm-1"), ["1.2.0"]);
    assert_eq!(manifest.images["esp32-c3-devkitm-1"][0].build_date, "2025-01-31");

    manifest.publish(&board(SEEED), image("1.4.0")).unwrap();
    manifest.publish(&board(SEEED), Image { size: Some(1), ..image("1.3.0") }).unwrap();
    assert_eq!(versions(&manifest, SEEED), ["1.3.0", "1.4.0", "1.2.0"]);
    assert_eq!(manifest.images[SEEED][0].size, Some(1));
    // Neither a version nor a path is listed twice.
    manifest.publish(&board(SEEED), Image { path: "firmware/new.bin".into(), ..image("1.3.0") }).unwrap();
    assert_eq!(versions(&manifest, SEEED), ["1.3.0", "1.4.0", "1.2.0"]);
    manifest.publish(&board(SEEED), image("1.3.0")).unwrap();
    manifest.publish(&board(SEEED), Image { version: "2".into(), ..image("1.4.0") }).unwrap();
    assert_eq!(versions(&manifest, SEEED), ["2", "1.3.0", "1.2.0"]);
    assert_eq!(
        manifest.paths().into_iter().collect::<Vec<_>>(),
        ["firmware/1.3.0.bin", "firmware/1.4.0.bin", "firmware/firmware-devkit.bin", "firmware/firmware-seeed.bin"]
    );
}

#[test]
fn only_so_many_images_and_boards() {
    let mut manifest = Manifest::default();
    for number in 0..20 {
        manifest.publish(&board(SEEED), image(&format!("1.{number}"))).unwrap();
    }
    assert_eq!(manifest.images[SEEED].len(), 16);
    assert_eq!((manifest.images[SEEED][0].version.as_str(), manifest.version.as_str()), ("1.19", "1.19"));
    for number in 0..63 {
        manifest.publish(&board(&format!("esp32-{number}").replace("-", "-n-")), image("2")).unwrap();
    }
    let before = manifest.clone();
    assert_eq!(manifest.publish(&board("esp32-one-more"), image("3")), Err(TooManyBoards));
    assert_eq!(manifest, before);
    manifest.publish(&board(SEEED), image("3")).unwrap();
    assert!(Manifest::parse(&manifest.to_json()).is_ok());
}

#[test]
fn what_is_served_is_what_is_stored() {
    let mut manifest = Manifest::parse(BY_HAND.as_bytes()).unwrap();
    let lie = Image { size: Some(1), sha256: Some("0".repeat(64)), md5: Some("0".repeat(32)), ..image("1.3.0") };
    manifest.publish(&board(SEEED), lie).unwrap();
    manifest.publish(&board(SEEED), image("1.4.0")).unwrap();
    let gone = ["firmware/1.4.0.bin", "firmware/firmware-devkit.bin"];
    manifest.describe(|path| (!gone.contains(&path)).then(|| Facts::of(path.as_bytes())));
    assert_eq!(manifest.boards, BTreeMap::from([(SEEED.into(), "firmware/1.3.0.bin".into())]));
    assert_eq!(versions(&manifest, SEEED), ["1.3.0", "1.2.0"]);
    assert_eq!(manifest.images.len(), 1);
    let facts = Facts::of(b"firmware/1.3.0.bin");
    let current = &manifest.images[SEEED][0];
    assert_eq!((current.size, &current.sha256, &current.md5), (Some(18), &Some(facts.sha256), &Some(facts.md5)));
    manifest.describe(|_| None);
    assert!(manifest.boards.is_empty() && manifest.images.is_empty() && manifest.paths().is_empty());
}

#[test]
fn a_board_with_a_path_alone_gets_an_entry() {
    let mut manifest = Manifest::parse(BY_HAND.as_bytes()).unwrap();
    manifest.describe(|path| Some(Facts::of(path.as_bytes())));
    let served = json(&manifest);
    let by_hand: Value = serde_json::from_str(BY_HAND).unwrap();
    for key in ["version", "build_date", "boards"] {
        assert_eq!(served[key], by_hand[key]);
    }
    let image = &served["images"]["esp32-c3-devkitm-1"][0];
    assert_eq!((&image["version"], &image["build_date"]), (&json!("1.2.0"), &json!("2025-01-31")));
    assert_eq!(image["md5"].as_str().unwrap().len(), 32);
}

#[test]
fn who_changes_boards_by_hand_is_followed() {
    let mut manifest = Manifest::default();
    for version in ["1", "2", "3"] {
        manifest.publish(&board(SEEED), image(version)).unwrap();
    }
    manifest.boards.insert(SEEED.into(), "firmware/1.bin".into());
    manifest.describe(|path| Some(Facts::of(path.as_bytes())));
    assert_eq!(versions(&manifest, SEEED), ["1", "3", "2"]);
    assert_eq!(manifest.boards[SEEED], "firmware/1.bin");
    // Images without a current one have their first.
    manifest.boards.clear();
    manifest.images.insert("esp32".into(), Vec::new());
    manifest.describe(|path| Some(Facts::of(path.as_bytes())));
    assert_eq!(manifest.boards, BTreeMap::from([(SEEED.into(), "firmware/1.bin".into())]));
}

#[test]
fn every_mistake_is_named_in_one_go() {
    let mistakes = parse(&json!({
        "version": 14,
        "boards": {"x": "firmware/../secret", "y": 7, "a b": "firmware/a.bin"},
        "images": {
            "x": [
                {"version": "1", "build_date": "a\nb", "path": "firmware/manifest.json", "size": -1, "sha256": "xyz"},
                "firmware/x.bin",
                {"md5": 7},
            ],
            "y": {},
            "z": vec![json!({"version": "1", "build_date": "", "path": "firmware/z.bin"}); 17],
        },
    }))
    .unwrap_err();
    let places: Vec<&str> = mistakes.iter().map(|mistake| mistake.split(": ").next().unwrap()).collect();
    assert_eq!(
        places,
        [
            "version",
            "build_date",
            "boards",
            "boards.x",
            "boards.y",
            "images.x[0].build_date",
            "images.x[0].path",
            "images.x[0].size",
            "images.x[0].sha256",
            "images.x[1]",
            "images.x[2].version",
            "images.x[2].build_date",
            "images.x[2].path",
            "images.x[2].md5",
            "images.y",
            "images.z",
        ]
    );
    assert!(mistakes[3].starts_with("boards.x: the path must be firmware/<file>"), "{}", mistakes[3]);
}

#[test]
fn paths_stay_below_firmware() {
    let good = ["firmware/a.bin", "firmware/1.4.0/a+b@c_d-e.bin", "firmware/a/manifest.json"];
    let long = format!("firmware/{}", "a".repeat(248));
    let wrong = [
        "firmware/",
        "firmware",
        "/firmware/a.bin",
        "firmware//a.bin",
        "firmware/a/",
        "firmware/.a",
        "firmware/a/../b",
        "firmware/manifest.json",
        "js/a.js",
        "firmware/a b",
        "firmware/a%2fb",
        "firmware/a?b",
        "firmware/a\\b",
        "http://elsewhere/firmware/a.bin",
        &long,
        "",
    ];
    for path in good {
        assert!(is_path(path), "{path}");
    }
    for path in wrong {
        let mistakes = parse(&json!({"version": "", "build_date": "", "boards": {"x": path}})).unwrap_err();
        assert_eq!(mistakes.len(), 1, "{path}");
    }
}

#[test]
fn hostile_records_are_refused_and_complaints_stay_short() {
    let deep = "[".repeat(100_000);
    for text in ["", "null", "[]", "7", "\"x\"", "{", "{\"boards\": {}}", "\u{feff}{}", &deep] {
        assert!(Manifest::parse(text.as_bytes()).is_err(), "{}", shortened(text));
    }
    assert!(Manifest::parse(b"\xff\xfe").is_err());
    let boards: Map<String, Value> = (0..65).map(|board| (format!("b{board}"), json!("firmware/a.bin"))).collect();
    let mistakes = parse(&json!({"version": "", "build_date": "", "boards": boards})).unwrap_err();
    assert_eq!(mistakes, ["boards: 65 boards are named, at most 64 fit"]);
    let boards: Map<String, Value> =
        (0..1000).map(|board| (format!("é{board}{}", "\u{1b}".repeat(500)), json!(0))).collect();
    let mistakes = parse(&json!({"version": "", "build_date": "", "boards": boards})).unwrap_err();
    assert_eq!(mistakes.len(), MAX_MISTAKES + 1);
    assert!(mistakes.iter().all(|mistake| mistake.len() < 800 && !mistake.contains('\u{1b}')));
}

#[test]
fn random_damage_never_panics_and_what_passes_can_be_written() {
    let mut whole = Manifest::parse(BY_HAND.as_bytes()).unwrap();
    whole.publish(&board(SEEED), image("1.3.0")).unwrap();
    whole.describe(|path| Some(Facts::of(path.as_bytes())));
    let whole = whole.to_json();
    let mut state = 7_u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    let signs = b"{}[]\",:0.x/\\ n\x1b\xff";
    let mut passed = 0;
    for _ in 0..20_000 {
        let mut bytes = whole.clone();
        for _ in 0..=random() % 3 {
            let at = random() as usize % bytes.len();
            bytes[at] = signs[random() as usize % signs.len()];
        }
        if let Ok(mut manifest) = Manifest::parse(&bytes) {
            passed += 1;
            manifest.describe(|path| Some(Facts::of(path.as_bytes())));
            assert_eq!(Manifest::parse(&manifest.to_json()).as_ref(), Ok(&manifest));
        }
    }
    assert!(passed > 100, "only {passed}");
}
