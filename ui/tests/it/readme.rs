//! What the list says of an app: its README, however it is.

use crate::stage::Stage;
use serde_json::{Value, json};

async fn app(stage: &Stage) -> Value {
    let mut apps = stage.apps().await;
    assert_eq!(apps.len(), 1, "{apps:?}");
    apps.remove(0)
}

#[tokio::test]
async fn an_app_is_shown_as_its_readme_says() {
    let stage = Stage::start().await;
    stage.write("wave/index.html", "x");
    assert_eq!(app(&stage).await, json!({"name": "wave", "title": "wave", "url": "/apps/wave/", "description": ""}));
    stage.write("wave/README.md", "# The *Wave*\n\nMakes waves,\nall over.\n\n![shot](shot.png) [more](docs.html)\n");
    assert_eq!(
        app(&stage).await,
        json!({
            "name": "wave",
            "title": "The Wave",
            "url": "/apps/wave/",
            "description": "Makes waves, all over.",
            "readme_html": "<h1>The <em>Wave</em></h1>\n<p>Makes waves,\nall over.</p>\n<p><img src=\"/apps/wave/shot.png\" alt=\"shot\" /> \
                            <a href=\"/apps/wave/docs.html\">more</a></p>\n",
        })
    );
}

#[tokio::test]
async fn a_readme_runs_nothing() {
    let stage = Stage::start().await;
    stage.write("evil/index.html", "x");
    stage.write(
        "evil/README.md",
        "# <img src=x onerror=alert(1)>\n\n<script>alert(1)</script>\n\n[a](javascript:alert(1)) ![b](https://evil.example/pixel.png)\n\n\
         A <https://fine.example/> <style>*{display:none}</style> <iframe src=//evil.example>\n",
    );
    let app = app(&stage).await;
    let html = app["readme_html"].as_str().unwrap();
    for tag in ["<script", "<img", "<style", "<iframe", "javascript:", "evil.example/pixel"] {
        assert!(!html.contains(tag), "{tag} in {html}");
    }
    assert!(html.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), "{html}");
    assert!(html.contains("<a href=\"https://fine.example/\">"), "{html}");
    // Heads of cards are text, whatever is in them.
    assert_eq!(app["title"], "evil");
}

#[tokio::test]
async fn a_huge_readme_is_read_as_far_as_is_sensible() {
    let stage = Stage::start().await;
    stage.write("huge/index.html", "x");
    stage.write("huge/README.md", format!("# Huge\n\n{}", "ä word\n\n".repeat(100_000)));
    let app = app(&stage).await;
    assert_eq!((&app["title"], &app["description"]), (&json!("Huge"), &json!("ä word")));
    let html = app["readme_html"].as_str().unwrap();
    assert!((50_000..200_000).contains(&html.len()), "{} bytes", html.len());
    // One that is no text shows its damage, and no more happens.
    stage.write("huge/README.md", [b"# A\xff\xfe\n\n".as_slice(), &[0xc3; 100]].concat());
    assert!(stage.apps().await[0]["title"].as_str().unwrap().starts_with("A\u{fffd}"));
}

#[tokio::test]
async fn many_huge_readmes_do_not_make_a_huge_list() {
    let stage = Stage::start().await;
    for number in 0..50 {
        stage.write(&format!("app-{number:02}/index.html"), "x");
        stage.write(&format!("app-{number:02}/README.md"), format!("# T{number}\n\n{}", "& ".repeat(30_000)));
    }
    let list = stage.get("/api/apps").await;
    assert!(list.body.len() < 2 << 20, "{} bytes", list.body.len());
    let apps = list.json();
    let apps = apps.as_array().unwrap();
    assert_eq!(apps.len(), 50);
    assert!(apps[0]["readme_html"].is_string() && apps[49].get("readme_html").is_none());
    assert_eq!(apps[49]["title"], "T49", "titles stay");
}

#[tokio::test]
async fn markdown_that_means_harm_costs_little() {
    let stage = Stage::start().await;
    for (number, piece) in ["[", "![", "*a_", "<", "> ", "`", "- ", "|a", "[a](", "&#", "<!--"].into_iter().enumerate()
    {
        stage.write(&format!("app-{number:02}/index.html"), "x");
        stage.write(&format!("app-{number:02}/README.md"), piece.repeat(70_000 / piece.len()));
    }
    assert_eq!(stage.apps().await.len(), 11);
}
