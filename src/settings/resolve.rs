//! Laying the layers over each other, and collecting all that is wrong with any of them.

use super::given::{Flags, Given, Origin};
use super::key::{self, Key};
use super::{Mistakes, Settings, environment, layer};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The settings in effect, and where each value came from.
#[derive(Debug, Clone)]
pub(crate) struct Effective {
    /// The values.
    pub(crate) settings: Settings,
    /// Every key in the order of `default.toml`.
    pub(crate) entries: Vec<Entry>,
}

/// One key in effect.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Entry {
    /// Dotted name.
    pub(crate) key: String,
    /// Its value.
    pub(crate) value: Value,
    /// Where it came from.
    pub(crate) origin: Origin,
}

/// Reads all layers. `folder` is the one that relative paths start from.
///
/// # Errors
/// Every mistake of every layer.
pub(crate) fn load(
    flags: &Flags,
    environment: &BTreeMap<String, String>,
    folder: &Path,
) -> Result<Effective, Mistakes> {
    let keys = key::all().map_err(|error| Mistakes(vec![format!("the built-in settings are broken: {error}")]))?;
    let mut wrong = Vec::new();

    let mut given = Vec::new();
    if let Some((path, named_by)) = layer::chosen_file(flags, environment, folder) {
        match layer::file(&path, &named_by, folder) {
            Ok(layer) => given.extend(layer),
            Err(complaint) => wrong.push(complaint),
        }
    }
    match environment::explicit(environment) {
        Ok(mut explicit) => {
            // `GROUPLOOP_EDGE_LISTEN` is a slip; `GROUPLOOP_BIN` belongs to someone else, such as a test or a script.
            explicit.retain(|one| one.key.contains('.') || !key::nearest(&keys, &one.key).is_empty());
            let taken: BTreeSet<&str> = explicit.iter().map(|one| one.key.as_str()).collect();
            let listen = environment::last_text(&given, "edge.listen").or_else(|| default_text(&keys, "edge.listen"));
            let (legacy, complaints) = environment::legacy(environment, &taken, listen.unwrap_or_default());
            wrong.extend(complaints);
            given.extend(legacy);
            given.extend(explicit);
        }
        Err(complaint) => wrong.push(complaint),
    }
    let (layer, complaints) = layer::flags(flags);
    given.extend(layer);
    wrong.extend(complaints);

    let resolved = resolve(&keys, given, wrong).and_then(|effective| {
        let wrong = grouploop_cdn::variables_complaints(&effective.settings.cdn.store, environment);
        if wrong.is_empty() { Ok(effective) } else { Err(Mistakes(wrong)) }
    });
    let named = |complaint| environment::with_env_name(environment, complaint);
    resolved.map_err(|Mistakes(wrong)| Mistakes(wrong.into_iter().map(named).collect()))
}

fn default_text<'a>(keys: &'a [Key], name: &str) -> Option<&'a str> {
    keys.iter().find(|key| key.name == name)?.default.as_str()
}

/// Later ones win. A value that is wrong in itself is complained about and left out, so that the rest can still be checked.
fn resolve(keys: &[Key], given: Vec<Given>, mut wrong: Vec<String>) -> Result<Effective, Mistakes> {
    let mut entries: Vec<Entry> = keys
        .iter()
        .map(|key| Entry { key: key.name.clone(), value: key.default.clone(), origin: Origin::Default })
        .collect();
    for one in given {
        match check(keys, &one) {
            Ok(Some(value)) => {
                if let Some(entry) = entries.iter_mut().find(|entry| entry.key == one.key) {
                    entry.value = value;
                    entry.origin = one.origin;
                }
            }
            Ok(None) => {}
            Err(complaint) => wrong.push(complaint),
        }
    }
    let settings = match from_entries(entries.iter().map(|entry| (entry.key.as_str(), &entry.value))) {
        Ok(settings) => settings,
        Err(error) => {
            wrong.push(error);
            return Err(Mistakes(wrong));
        }
    };
    wrong.extend(settings.validate().into_iter().map(|complaint| with_origin(&entries, complaint)));
    if wrong.is_empty() { Ok(Effective { settings, entries }) } else { Err(Mistakes(wrong)) }
}

/// The value of one key of one layer, tried alone on top of the defaults; `None` for a section without keys.
fn check(keys: &[Key], one: &Given) -> Result<Option<Value>, String> {
    let complain = |why: &str| format!("{}: {why} ({})", one.key, one.origin.phrase());
    let Some(key) = keys.iter().find(|key| key.name == one.key) else {
        let section = format!("{}.", one.key);
        if keys.iter().any(|key| key.name.starts_with(&section)) {
            let empty = matches!(&one.raw, super::given::Raw::Typed(Value::Object(_)));
            return if empty { Ok(None) } else { Err(complain("this is a section with keys of its own, not a value")) };
        }
        let near: Vec<String> =
            key::nearest(keys, &one.key).into_iter().map(|name| one.origin.spelling(name)).collect();
        let hint = if near.is_empty() {
            "`grouploop config` shows all that there are".to_owned()
        } else {
            format!("did you mean {}?", near.join(" or "))
        };
        return Err(format!("{}; {hint}", complain("there is no such setting")));
    };
    let value = key.read(&one.raw).map_err(|why| complain(&why))?;
    let trial = keys.iter().map(|other| {
        let value = if other.name == key.name { &value } else { &other.default };
        (other.name.as_str(), value)
    });
    match from_entries(trial) {
        Ok(_) => Ok(Some(value)),
        Err(_) if value.is_number() => {
            Err(complain(&format!("`{value}` is out of range, it must not be negative nor over 4294967295")))
        }
        Err(error) => Err(complain(&error)),
    }
}

/// The settings that these dotted keys make.
fn from_entries<'a>(entries: impl Iterator<Item = (&'a str, &'a Value)>) -> Result<Settings, String> {
    let mut root = Map::new();
    for (key, value) in entries {
        insert(&mut root, key, value);
    }
    serde_json::from_value(Value::Object(root)).map_err(|error| error.to_string())
}

fn insert(table: &mut Map<String, Value>, key: &str, value: &Value) {
    match key.split_once('.') {
        Some((section, rest)) => {
            let inner = table.entry(section).or_insert_with(|| Value::Object(Map::new()));
            if let Value::Object(inner) = inner {
                insert(inner, rest, value);
            }
        }
        None => {
            table.insert(key.to_owned(), value.clone());
        }
    }
}

/// Says where the value came from that a complaint of the form `<key>: <why>` is about.
fn with_origin(entries: &[Entry], complaint: String) -> String {
    let key = complaint.split_once(": ").map_or("", |(key, _)| key);
    match entries.iter().find(|entry| entry.key == key) {
        Some(entry) => format!("{complaint} ({})", entry.origin.phrase()),
        None => complaint,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use grouploop_bridge::EngineKind;
    use std::path::PathBuf;

    /// A folder of its own, gone when dropped.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str, files: &[(&str, &str)]) -> Self {
            let path = std::env::temp_dir().join(format!("grouploop-settings-{name}-{}", std::process::id()));
            std::fs::create_dir_all(&path).unwrap();
            for (file, text) in files {
                std::fs::write(path.join(file), text).unwrap();
            }
            Self(path)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn environment(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
    }

    fn set(pairs: &[&str]) -> Flags {
        Flags { set: pairs.iter().map(|pair| (*pair).into()).collect(), ..Flags::default() }
    }

    fn entry<'a>(effective: &'a Effective, key: &str) -> &'a Entry {
        effective.entries.iter().find(|entry| entry.key == key).unwrap()
    }

    #[test]
    fn each_layer_wins_over_the_one_before() {
        let folder = Folder::new(
            "layers",
            &[("grouploop.toml", "[edge]\nthreads = 1\nmax_spaces = 11\ncommand_queue = 21\nring_frames = 300\n")],
        );
        let variables = environment(&[
            ("GROUPLOOP_EDGE__MAX_SPACES", "12"),
            ("GROUPLOOP_EDGE__COMMAND_QUEUE", "22"),
            ("GROUPLOOP_EDGE__RING_FRAMES", "400"),
        ]);
        let flags = Flags {
            set: vec![
                "edge.command_queue=23".into(),
                "edge.ring_frames=500".into(),
                "edge.ring_frames=600".into(),
                "edge.listen=1.1.1.1:1".into(),
            ],
            named: vec![("--listen", "edge.listen", "2.2.2.2:2".into())],
            ..Flags::default()
        };
        let effective = load(&flags, &variables, &folder.0).unwrap();
        let edge = &effective.settings.edge;
        assert_eq!((edge.threads, edge.max_spaces, edge.command_queue, edge.ring_frames), (1, 12, 23, 600));
        assert_eq!(edge.listen, "2.2.2.2:2");
        let origin = |key: &str| entry(&effective, key).origin.to_string();
        assert_eq!(origin("edge.threads"), "grouploop.toml");
        assert_eq!(origin("edge.max_spaces"), "GROUPLOOP_EDGE__MAX_SPACES");
        assert_eq!(origin("edge.command_queue"), "--set");
        assert_eq!(origin("edge.listen"), "--listen");
        assert_eq!(origin("log.filter"), "default");
    }

    #[test]
    fn a_named_file_is_used_instead_of_the_one_in_the_folder() {
        let folder = Folder::new(
            "named",
            &[
                ("grouploop.toml", "[edge]\nthreads = 1\n"),
                ("b.toml", "[edge]\nthreads = 2\n"),
                ("c.toml", "[edge]\nthreads = 3\n"),
            ],
        );
        let threads = |flags: &Flags, variables: &[(&str, &str)]| {
            load(flags, &environment(variables), &folder.0).unwrap().settings.edge.threads
        };
        let flag = Flags { config: Some("c.toml".into()), ..Flags::default() };
        assert_eq!(threads(&Flags::default(), &[]), 1);
        assert_eq!(threads(&Flags::default(), &[("GROUPLOOP_CONFIG", "")]), 1);
        assert_eq!(threads(&Flags::default(), &[("GROUPLOOP_CONFIG", "b.toml")]), 2);
        assert_eq!(threads(&flag, &[("GROUPLOOP_CONFIG", "b.toml")]), 3);
    }

    #[test]
    fn variables_of_a_store_are_looked_at_when_there_is_one_far_away() {
        let load = |store: &str| {
            let variables = environment(&[
                ("GROUPLOOP_CDN__STORE", store),
                ("AWS_ENDPOINT_URL", "many"),
                ("GROUPLOOP_ENV_NAMES", "AWS_ENDPOINT_URL=CDN_STORE_ENDPOINT"),
            ]);
            load(&Flags::default(), &variables, Path::new("/nonexistent"))
        };
        assert!(load("memory://").is_ok());
        assert_eq!(
            load("s3://bucket").unwrap_err().0,
            ["cdn.store: AWS_ENDPOINT_URL is `many`, which is no URL; it must look like http://store:8333 \
              (from the environment: AWS_ENDPOINT_URL, which is CDN_STORE_ENDPOINT in .env)"]
        );
    }

    #[test]
    fn older_variables_stand_between_the_file_and_ours() {
        let folder = Folder::new("legacy", &[("grouploop.toml", "[edge]\nlisten = \"127.0.0.1:7000\"\n")]);
        let variables = environment(&[
            ("WS_PORT", "8000"),
            ("WS_DEFAULT_URL", "ws://hub:1/"),
            ("CDN_BASE_URL", "http://cdn:2"),
            ("GROUPLOOP_CDN__BASE_URL", "http://cdn:3"),
            ("NATS_URL", "nats://n:4"),
        ]);
        let effective = load(&Flags::default(), &variables, &folder.0).unwrap();
        assert_eq!(effective.settings.edge.listen, "127.0.0.1:8000");
        assert_eq!(entry(&effective, "edge.listen").origin.to_string(), "WS_PORT");
        assert_eq!(effective.settings.ui.ws_default_url, "ws://hub:1/");
        assert_eq!(effective.settings.cdn.base_url, "http://cdn:3");
        assert_eq!(effective.settings.bus.engine, EngineKind::Nats);
        assert_eq!(effective.settings.bus.nats.url, "nats://n:4");
        let flags = set(&["bus.engine=embedded"]);
        assert_eq!(load(&flags, &variables, &folder.0).unwrap().settings.bus.engine, EngineKind::Embedded);
    }

    #[test]
    fn all_mistakes_of_all_layers_are_named_in_one_go() {
        let folder = Folder::new(
            "mistakes",
            &[(
                "my.toml",
                "bus = 7\n[edge]\nthreads = \"many\"\ntreads = 3\nmax_spaces = -1\n[egde]\nlisten = \"x\"\n[nowhere_at_all]\n[cdn]\n[log]\nfilter = \"a=b=c\"\n",
            )],
        );
        let flags = Flags {
            config: Some("my.toml".into()),
            ..set(&["edge.threads=999", "nonsense", "log.format=xml", "edge.ring_frames=99999999999"])
        };
        let variables = environment(&[
            ("GROUPLOOP_BUS__ENGINE", "kafka"),
            ("GROUPLOOP_EDGE_LISTEN", "0.0.0.0:1"),
            ("GROUPLOOP_EDGE__PING_INTERVAL_MS", ""),
            ("WS_PORT", "x"),
            ("WS_DEFAULT_URL", "http://hub"),
        ]);
        let Mistakes(wrong) = load(&flags, &variables, &folder.0).unwrap_err();
        let expected = [
            "WS_PORT: `x` is no port, it must be 0 to 65535 (from the environment)",
            "--set nonsense: it must look like key=value, such as --set edge.threads=2",
            "bus: this is a section with keys of its own, not a value (from the file my.toml)",
            "edge.max_spaces: `-1` is out of range, it must not be negative nor over 4294967295 (from the file my.toml)",
            "edge.threads: `\"many\"` is of the wrong type, it must be a whole number such as 0 (from the file my.toml)",
            "edge.treads: there is no such setting (from the file my.toml); did you mean edge.threads?",
            "egde.listen: there is no such setting (from the file my.toml); did you mean edge.listen?",
            "nowhere_at_all: there is no such setting (from the file my.toml); `grouploop config` shows all that there are",
            "bus.engine: unknown variant `kafka`, expected `embedded` or `nats` (from the environment: GROUPLOOP_BUS__ENGINE)",
            "edge_listen: there is no such setting (from the environment: GROUPLOOP_EDGE_LISTEN); did you mean GROUPLOOP_EDGE__LISTEN?",
            "edge.ping_interval_ms: it is empty, it must be a whole number such as 20000 (from the environment: GROUPLOOP_EDGE__PING_INTERVAL_MS)",
            "log.format: unknown variant `xml`, expected `text` or `json` (from the flag --set)",
            "edge.ring_frames: `99999999999` is out of range, it must not be negative nor over 4294967295 (from the flag --set)",
            "ui.ws_default_url: `http://hub` is no ws or wss URL, it must look like ws://host:5003/ (from the environment: WS_DEFAULT_URL)",
            "edge.threads: 999 is out of range, it must be 0 to 256 (from the flag --set)",
        ];
        for complaint in expected {
            assert!(wrong.iter().any(|found| found == complaint), "missing: {complaint}\nin: {wrong:#?}");
        }
        assert!(
            wrong.iter().any(|found| found.starts_with("log.filter: ") && found.ends_with("(from the file my.toml)")),
            "{wrong:#?}"
        );
        assert_eq!(wrong.len(), expected.len() + 1, "{wrong:#?}");
        assert!(wrong.iter().all(|complaint| !complaint.contains('\n')));
    }

    #[test]
    fn a_file_that_is_not_there_or_not_toml_is_a_mistake_among_the_others() {
        let folder = Folder::new("broken", &[("broken.toml", "[edge\n")]);
        let load = |name: &str| {
            let flags = Flags { config: Some(name.into()), ..set(&["edge.thread=1"]) };
            load(&flags, &BTreeMap::new(), &folder.0).unwrap_err().0
        };
        let missing = load("missing.toml");
        assert!(
            missing[0].starts_with("the settings file missing.toml (from --config) cannot be read: "),
            "{missing:?}"
        );
        assert_eq!(
            missing[1],
            "edge.thread: there is no such setting (from the flag --set); did you mean edge.threads?"
        );
        let broken = load("broken.toml");
        assert!(broken[0].starts_with("the settings file broken.toml is not TOML: line 1, column "), "{broken:?}");
        assert_eq!(broken.len(), 2);
    }

    #[test]
    fn a_mistake_that_a_later_layer_covers_is_still_named() {
        let Mistakes(wrong) = load(
            &set(&["bus.engine=nats"]),
            &environment(&[("GROUPLOOP_BUS__ENGINE", "kafka")]),
            Path::new("/nonexistent"),
        )
        .unwrap_err();
        assert_eq!(wrong.len(), 1, "{wrong:?}");
    }

    #[test]
    fn variables_that_resemble_no_setting_belong_to_someone_else() {
        let variables = environment(&[
            ("GROUPLOOP_BIN", "x"),
            ("GROUPLOOP_BENCH_FILES_RAISED", "1"),
            ("GROUPLOOP_EDGE_PORT", "tcp://10.0.0.1:1"),
        ]);
        assert!(load(&Flags::default(), &variables, Path::new("/nonexistent")).is_ok());
        let variables = environment(&[("GROUPLOOP_LISTEN", "x"), ("GROUPLOOP_NO__SUCH_KEY", "1")]);
        let Mistakes(wrong) = load(&Flags::default(), &variables, Path::new("/nonexistent")).unwrap_err();
        assert_eq!(wrong.len(), 2, "{wrong:?}");
    }

    #[test]
    fn no_complaint_shows_a_password() {
        let Mistakes(wrong) = load(
            &set(&["cdn.base_url=ftp://me:secret@a", "ui.ws_default_url=me:secret@a"]),
            &BTreeMap::new(),
            Path::new("/nonexistent"),
        )
        .unwrap_err();
        assert_eq!(wrong.len(), 2);
        assert!(wrong.iter().all(|complaint| !complaint.contains("secret")), "{wrong:?}");
    }
}
