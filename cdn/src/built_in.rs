//! What a CDN serves even when its store is empty: the libraries that `make libraries` fetched and `make web` built before it was built, and
//! the command registry of this version. Only what there is; when it is served is not decided here.

use grouploop_bridge::Registry;

include!(concat!(env!("OUT_DIR"), "/libraries.rs"));

/// A file that is part of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BuiltIn {
    /// Where it is served, without the first slash: `js/p5.min.js`.
    pub(crate) path: &'static str,
    /// What it holds.
    pub(crate) bytes: &'static [u8],
}

/// All of them. A program that was built without `make libraries web` has the registry alone.
pub(crate) fn built_in() -> Vec<BuiltIn> {
    let registry = BuiltIn { path: "static/commands.json", bytes: Registry::built_in_json() };
    LIBRARIES.iter().map(|&(path, bytes)| BuiltIn { path, bytes }).chain([registry]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(path: &str) -> &'static str {
        let file = built_in().into_iter().find(|file| file.path == path);
        let file = file.unwrap_or_else(|| panic!("no {path} is built in: run `make libraries web`, then build again"));
        std::str::from_utf8(file.bytes).unwrap()
    }

    #[test]
    fn the_libraries_are_whole_and_keep_their_banners() {
        let p5 = text("js/p5.min.js");
        assert!(p5.starts_with("/*! p5.js v1."), "{}", &p5[..60]);
        assert!(p5.len() > 900_000, "{} bytes", p5.len());
        let sound = text("js/p5.sound.min.js");
        assert!(sound.starts_with("/** [p5.sound]"), "{}", &sound[..60]);
        assert!(sound.len() > 150_000, "{} bytes", sound.len());
    }

    #[test]
    fn our_own_libraries_are_there_and_say_what_they_are() {
        for (path, holds) in [
            ("js/HitloopDevice.js", "var HitloopDevice="),
            ("js/HitloopDeviceManager.js", "var HitloopDeviceManager="),
            ("js/grouploop.js", "export{"),
        ] {
            let library = text(path);
            let (folder, name) = path.split_once('/').unwrap();
            assert_eq!(folder, "js");
            assert!(library.starts_with(&format!("/*! GroupLoop {name}")), "{path}");
            assert!(library.contains(holds), "{path}");
        }
        assert!(text("js/grouploop.d.ts").contains("declare function connect("));
    }

    #[test]
    fn the_registry_is_that_of_the_bridge() {
        assert!(Registry::parse(text("static/commands.json").as_bytes()).is_ok());
    }

    #[test]
    fn each_path_is_one_that_can_be_asked_for_and_is_there_once() {
        let mut paths: Vec<_> = built_in().iter().map(|file| file.path).collect();
        for path in &paths {
            assert!(crate::path::AssetPath::parse(path).is_some(), "{path}");
        }
        let all = paths.len();
        paths.sort_unstable();
        paths.dedup();
        assert_eq!(paths.len(), all);
    }
}
