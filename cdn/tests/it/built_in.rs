//! What the program brings along, seen from outside.

use crate::stage::{Node, REGISTRY, Stage, registry};

const LIBRARIES: [&str; 2] = ["/js/p5.min.js", "/js/p5.sound.min.js"];

async fn restarted(stage: &Stage, cdn: Node) -> Node {
    assert!(cdn.cdn.drain().await);
    stage.cdn().await
}

async fn an_empty_store_is_filled_and_what_people_do_stays(stage: Stage) {
    let cdn = stage.cdn().await;
    for path in LIBRARIES {
        let answer = cdn.get_with(path, &[("Accept-Encoding", "br")]).await;
        assert_eq!((answer.status, answer.header("content-encoding")), (200, Some("br")), "{path}");
    }
    assert!(cdn.get(REGISTRY).await.json()["commands"]["led"].is_object());
    cdn.put(REGISTRY, registry("wink")).await;
    cdn.put(LIBRARIES[0], b"my own").await;
    assert_eq!(cdn.write("DELETE", LIBRARIES[1], &[], b"").await.status, 204);
    let cdn = restarted(&stage, cdn).await;
    assert_eq!(cdn.get(REGISTRY).await.text(), registry("wink"));
    assert_eq!(cdn.get(LIBRARIES[0]).await.text(), "my own");
    assert_eq!(cdn.get(LIBRARIES[1]).await.status, 404);
}

#[tokio::test]
async fn a_folder_is_filled_and_what_people_do_stays() {
    an_empty_store_is_filled_and_what_people_do_stays(Stage::folder().await).await;
}

#[tokio::test]
async fn a_bucket_is_filled_and_what_people_do_stays() {
    an_empty_store_is_filled_and_what_people_do_stays(Stage::s3().await).await;
}

#[tokio::test]
async fn what_was_there_before_the_first_start_stays() {
    let stage = Stage::folder().await;
    std::fs::create_dir(stage.path().join("js")).unwrap();
    std::fs::write(stage.path().join("js/p5.min.js"), "theirs").unwrap();
    let cdn = stage.cdn().await;
    assert_eq!(cdn.get(LIBRARIES[0]).await.text(), "theirs");
    assert_eq!(cdn.get(LIBRARIES[1]).await.status, 200);
}
