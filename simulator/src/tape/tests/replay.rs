//! What is in the file arrives, when it is due.

use super::*;

/// What arrives in a space, each with the time since this began.
async fn listen(bus: &Bus, space: Space) -> impl Future<Output = Vec<Timed>> + use<> {
    let mut telemetry = bus.subscribe(Pattern::Telemetry { space }).await.unwrap();
    let (begin, bus) = (Instant::now(), bus.clone());
    async move {
        let mut heard = Vec::new();
        while let Some(delivery) = telemetry.next().await {
            for line in delivery.payload.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
                heard.push((begin.elapsed(), Frame::parse(line).unwrap()));
            }
        }
        drop(bus);
        heard
    }
}

async fn play(path: &Path, into: Option<Space>, options: PlayerOptions) -> (Played, Vec<Timed>) {
    let hub = Hub::new();
    let (ears, mouth) = (hub.attach(), hub.attach());
    let tape = open(path).await;
    let into = into.unwrap_or_else(|| tape.header().space.clone());
    let heard = listen(&ears, into.clone()).await;
    let player = Player::connect(Way::Bus { bus: mouth, node: "replay".parse().unwrap() }, into).await.unwrap();
    let (played, heard) = tokio::join!(
        async {
            let played = player.play(&tape, options, std::future::pending()).await.unwrap();
            ears.drain(ms(10)).await;
            played
        },
        heard
    );
    (played, heard)
}

#[tokio::test(start_paused = true)]
async fn a_recording_is_played_as_it_was_heard() {
    let folder = Folder::new();
    let path = folder.path("a");
    let frames = some_frames();
    write(&path, &frames);
    let (played, heard) = play(&path, None, PlayerOptions::default()).await;
    assert!(heard.iter().map(|(_, frame)| frame).eq(frames.iter().map(|(_, frame)| frame)));
    for ((heard_at, _), (at, _)) in heard.iter().zip(&frames) {
        let (heard_at, at) = (*heard_at - heard[0].0, *at - frames[0].0);
        assert!(heard_at.abs_diff(at) <= ms(1), "{heard_at:?} for {at:?}");
    }
    assert_eq!((played.frames, played.devices, played.rounds, played.late), (20, 2, 1, 0));
    assert_eq!((played.end, played.dropped.len()), (Some(End::Clean), 0));
    assert!(played.timing.worst <= ms(1), "{:?}", played.timing);
}

#[tokio::test(start_paused = true)]
async fn speed_devices_and_space_can_be_chosen() {
    let folder = Folder::new();
    let path = folder.path("a");
    write(&path, &some_frames());
    let options = PlayerOptions {
        speed: "10".parse().unwrap(),
        devices: Some(BTreeSet::from([DeviceId(0x3c4d), DeviceId(9)])),
        ..PlayerOptions::default()
    };
    let (played, heard) = play(&path, Some(Space::main()), options.clone()).await;
    let numbers: Vec<_> = heard.iter().map(|(_, frame)| *frame).collect();
    assert_eq!(numbers, (0..10).map(|number| parsed(0x3c4d, number)).collect::<Vec<_>>());
    assert_eq!((played.frames, played.devices), (10, 1));
    let span = heard[9].0 - heard[0].0;
    assert!(span.abs_diff(ms(45)) <= ms(1), "{span:?}");
    let (played, _) = play(&path, None, PlayerOptions { devices: Some(BTreeSet::new()), ..options }).await;
    assert_eq!((played.frames, played.end), (0, Some(End::Clean)));
}

#[tokio::test(start_paused = true)]
async fn a_loop_goes_on_at_the_mean_spacing_until_it_is_stopped() {
    let folder = Folder::new();
    let path = folder.path("a");
    let frames: Vec<Timed> = (0..5).map(|number| (ms(1000 + 40 * number), parsed(1, number))).collect();
    write(&path, &frames);
    let hub = Hub::new();
    let (ears, mouth) = (hub.attach(), hub.attach());
    let tape = open(&path).await;
    let heard = listen(&ears, space()).await;
    let player = Player::connect(Way::Bus { bus: mouth, node: "replay".parse().unwrap() }, space()).await.unwrap();
    let progress = player.progress();
    let options = PlayerOptions { repeat: true, ..PlayerOptions::default() };
    let (played, heard) = tokio::join!(
        async {
            let played = player.play(&tape, options, sleep(ms(40 * 12 - 20))).await.unwrap();
            ears.drain(ms(10)).await;
            played
        },
        heard
    );
    assert_eq!((played.frames, played.rounds, played.devices), (12, 2, 1));
    assert_eq!(progress().frames, 12);
    for (index, (at, frame)) in heard.iter().enumerate() {
        assert_eq!(*frame, parsed(1, index as u64 % 5));
        assert!((*at - heard[0].0).abs_diff(ms(40 * index as u64)) <= ms(1), "{at:?} of {index}");
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_is_cut_or_damaged_is_played_up_to_there() {
    let folder = Folder::new();
    let path = folder.path("a");
    write(&path, &some_frames());
    let whole = std::fs::read(&path).unwrap();
    std::fs::write(&path, &whole[..whole.len() - 1]).unwrap();
    let (played, heard) = play(&path, None, PlayerOptions::default()).await;
    assert_eq!((played.frames, heard.len()), (18, 18), "the last block holds two");
    let Some(End::Cut { at_byte }) = played.end else { panic!("{:?}", played.end) };
    let mut damaged = whole;
    damaged[usize::try_from(at_byte).unwrap() + 45] ^= 1;
    std::fs::write(&path, &damaged).unwrap();
    let (played, _) = play(&path, None, PlayerOptions::default()).await;
    assert_eq!((played.frames, played.end), (18, Some(End::Damaged { at_byte })));
}

#[tokio::test(start_paused = true)]
async fn who_is_behind_says_so_and_skips_nothing() {
    let folder = Folder::new();
    let path = folder.path("a");
    write(&path, &some_frames());
    let hub = Hub::new();
    let (ears, mouth) = (hub.attach(), hub.attach());
    let tape = open(&path).await;
    let heard = listen(&ears, space()).await;
    let player = Player::connect(Way::Bus { bus: mouth, node: "replay".parse().unwrap() }, space()).await.unwrap();
    let (played, heard) = tokio::join!(
        async {
            let play = player.play(&tape, PlayerOptions::default(), std::future::pending());
            tokio::pin!(play);
            // Whoever else is on the thread holds it for a while.
            tokio::select! {
                biased;
                () = sleep(ms(60)) => tokio::time::advance(ms(200)).await,
                _ = &mut play => panic!("it is over already"),
            }
            let played = play.await.unwrap();
            ears.drain(ms(10)).await;
            played
        },
        heard
    );
    assert_eq!((played.frames, heard.len()), (20, 20));
    assert!((6..=8).contains(&played.late), "{}", played.late);
    assert!(played.timing.worst > ms(100), "{:?}", played.timing);
}

#[tokio::test]
async fn a_bus_that_is_away_is_no_silent_loss() {
    let folder = Folder::new();
    let path = folder.path("a");
    write(&path, &some_frames()[..4]);
    let bus = Hub::new().attach();
    let tape = open(&path).await;
    let player =
        Player::connect(Way::Bus { bus: bus.clone(), node: "replay".parse().unwrap() }, space()).await.unwrap();
    bus.drain(ms(10)).await;
    let played = player.play(&tape, PlayerOptions::default(), std::future::pending()).await.unwrap();
    assert_eq!((played.frames, played.dropped.get("bus_away")), (4, Some(&4)));
}
