//! Who has which id: in each space every device has another one. Swarms that name theirs get them, the others get what is left.

use super::mistakes::Mistakes;
use super::{Given, MAX_DEVICES};
use grouploop_bridge::{DeviceId, Space};
use std::collections::BTreeMap;

/// The ids that a swarm asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wanted {
    /// So many that are free.
    Any(u32),
    /// So many, from one on.
    From(DeviceId, u32),
    /// These.
    These(Vec<DeviceId>),
}

/// What a swarm asks for, where, and the place in the text to blame.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) space: Space,
    pub(super) wanted: Wanted,
    pub(super) at: usize,
}

impl Wanted {
    pub(super) fn count(&self) -> u32 {
        match self {
            Self::Any(count) | Self::From(_, count) => *count,
            Self::These(ids) => u32::try_from(ids.len()).unwrap_or(u32::MAX),
        }
    }

    /// The ids by name.
    fn named(&self) -> Vec<DeviceId> {
        match self {
            Self::Any(_) => Vec::new(),
            Self::From(first, count) => (first.0..=u16::MAX).take(*count as usize).map(DeviceId).collect(),
            Self::These(ids) => ids.clone(),
        }
    }
}

/// The ids of each swarm, in the order of the requests.
pub(super) fn assign(requests: &[Request], given: &Given<'_>, mistakes: &mut Mistakes) -> Vec<Vec<DeviceId>> {
    let mut by_space: BTreeMap<&Space, Vec<usize>> = BTreeMap::new();
    for (place, request) in requests.iter().enumerate() {
        by_space.entry(&request.space).or_default().push(place);
    }
    let mut ids: Vec<Vec<DeviceId>> = requests.iter().map(|request| request.wanted.named()).collect();
    for (space, places) in by_space {
        fill(space, &places, requests, &mut ids, given, mistakes);
    }
    ids
}

/// One space.
fn fill(
    space: &Space,
    places: &[usize],
    requests: &[Request],
    ids: &mut [Vec<DeviceId>],
    given: &Given<'_>,
    mistakes: &mut Mistakes,
) {
    let of_space = || places.iter().filter_map(|place| requests.get(*place).map(|request| (*place, request)));
    let mut total = 0u64;
    for (_, request) in of_space() {
        let before = total;
        total += u64::from(request.wanted.count());
        // Said once, where it becomes too much.
        if before <= u64::from(MAX_DEVICES) && total > u64::from(MAX_DEVICES) {
            let what = "spread the devices over several swarms, each in a `space` of its own";
            mistakes.note(
                request.at,
                format_args!(
                    "a space holds {MAX_DEVICES} devices, with these `{space}` would have {total} or more: {what}"
                ),
            );
        }
    }
    if total > u64::from(MAX_DEVICES) {
        return;
    }
    // For each id the request that has it.
    let mut owners: Vec<Option<usize>> = vec![None; MAX_DEVICES as usize];
    for (place, request) in of_space() {
        let mut clash = None;
        for id in ids.get(place).into_iter().flatten() {
            let Some(owner) = owners.get_mut(usize::from(id.0)) else { continue };
            match owner {
                Some(other) => clash = clash.or(Some((*id, *other))),
                None => *owner = Some(place),
            }
        }
        if let Some((id, other)) = clash {
            let before = match requests.get(other) {
                Some(before) if other != place => format!(", before by the swarm on line {}", mistakes.line(before.at)),
                _ => String::new(),
            };
            let instead = "`faults.duplicate_ids` has devices share an id on purpose";
            mistakes.note(request.at, format_args!("device {id} of space `{space}` is named twice{before}; {instead}"));
        }
    }
    if !of_space().any(|(_, request)| matches!(request.wanted, Wanted::Any(_))) {
        return;
    }
    // Whoever names an id that another swarm has hears of it when it begins; the others go out of its way.
    let taken = (given.taken)(space);
    let mut is_free: Vec<bool> = owners.iter().map(Option::is_none).collect();
    for id in &taken {
        if let Some(free) = is_free.get_mut(usize::from(id.0)) {
            *free = false;
        }
    }
    let candidates = given.first.iter().copied().chain((0..=u16::MAX).map(DeviceId));
    // Each is handed out once, though the first ones come by twice.
    let mut free = candidates.filter(|id| is_free.get_mut(usize::from(id.0)).is_some_and(std::mem::take));
    for (place, request) in of_space() {
        if let (Wanted::Any(count), Some(ids)) = (&request.wanted, ids.get_mut(place)) {
            ids.extend(free.by_ref().take(*count as usize));
            if ids.len() < *count as usize {
                let (found, instead) = (ids.len(), "use another `space`, or stop other swarms");
                mistakes.note(
                    request.at,
                    format_args!("other swarms leave {found} ids of space `{space}`, for {count} devices: {instead}"),
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use grouploop_bridge::Registry;
    use std::collections::BTreeSet;

    fn request(space: &str, wanted: Wanted) -> Request {
        Request { space: space.parse().unwrap(), wanted, at: 0 }
    }

    #[test]
    fn swarms_without_names_get_what_others_leave() {
        let mut mistakes = Mistakes::new("");
        let ids = assign(
            &[
                request("a", Wanted::Any(3)),
                request("a", Wanted::From(DeviceId(1), 2)),
                request("b", Wanted::Any(65_536)),
                request("a", Wanted::These(vec![DeviceId(9), DeviceId(4)])),
                request("a", Wanted::Any(1)),
            ],
            &Given::alone(&Registry::built_in()),
            &mut mistakes,
        );
        mistakes.or(()).unwrap();
        let numbers = |place: usize| ids[place].iter().map(|id| id.0).collect::<Vec<u16>>();
        assert_eq!((numbers(0), numbers(1)), (vec![0, 3, 5], vec![1, 2]));
        assert_eq!((numbers(3), numbers(4)), (vec![9, 4], vec![6]));
        assert_eq!(numbers(2), (0..=u16::MAX).collect::<Vec<u16>>());
    }

    #[test]
    fn too_many_and_twice_are_said_once_for_each_swarm() {
        let mut mistakes = Mistakes::new("");
        let requests = [
            request("full", Wanted::Any(65_536)),
            request("full", Wanted::Any(1)),
            request("full", Wanted::Any(1)),
            request("twice", Wanted::From(DeviceId(0), 9)),
            request("twice", Wanted::From(DeviceId(5), 9)),
        ];
        assign(&requests, &Given::alone(&Registry::built_in()), &mut mistakes);
        let texts: Vec<String> = mistakes.or(()).unwrap_err().into_iter().map(|mistake| mistake.text).collect();
        assert_eq!(texts.len(), 2, "{texts:?}");
        assert!(texts[0].contains("`full` would have 65537") && texts[0].contains("spread"), "{texts:?}");
        assert!(texts[1].starts_with("device 0005 of space `twice` is named twice"), "{texts:?}");
    }

    #[test]
    fn what_others_have_is_left_alone_and_what_one_had_comes_first() {
        let registry = Registry::built_in();
        let taken = |space: &Space| {
            (space.as_str() == "a").then_some([DeviceId(0), DeviceId(9)]).into_iter().flatten().collect()
        };
        let first = [DeviceId(7), DeviceId(9), DeviceId(3)];
        let given = Given { taken: &taken, first: &first, ..Given::alone(&registry) };
        let mut mistakes = Mistakes::new("");
        let ids = assign(&[request("a", Wanted::Any(4)), request("b", Wanted::Any(2))], &given, &mut mistakes);
        assert_eq!(ids, [[7, 3, 1, 2].map(DeviceId).to_vec(), [7, 9].map(DeviceId).to_vec()]);
        let all_but_two = |_: &Space| (2..=u16::MAX).map(DeviceId).collect::<BTreeSet<_>>();
        let given = Given { taken: &all_but_two, ..Given::alone(&registry) };
        assign(&[request("a", Wanted::Any(3))], &given, &mut mistakes);
        let said = mistakes.or(()).unwrap_err().remove(0).text;
        assert!(said.starts_with("other swarms leave 2 ids of space `a`, for 3 devices: use another"), "{said}");
    }
}
