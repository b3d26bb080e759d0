//! Who is near whom: a grid over the floor, filled once for each round, and the three rules of a flock.
//!
//! The grid holds copies, so all bodies see the same moment, and it does not matter in which order or in how many pieces they
//! are moved. Filling is a counting sort into buffers that stay; looking is bounded whatever the crowd.

use super::device::Body;
use super::motion::Motion;
use super::settings::Floor;

/// How far a body sees its neighbours, in metres.
const SIGHT: f32 = 1.5;
/// Neighbours closer than this push away, in metres.
const PERSONAL: f32 = 0.8;
/// Cells along one side of the floor at most; on a larger floor they are larger.
const MAX_CELLS: f32 = 256.0;
/// Neighbours looked at in one row of three cells, at most: of a denser crowd, evenly chosen ones.
const MAX_LOOKS: usize = 96;
/// The greatest acceleration, in m/s².
const MAX_STEER: f32 = 4.0;
/// How far from a wall bodies turn away from it, in metres.
const MARGIN: f32 = 1.0;

/// Where a member of the flock was, and where it went.
#[derive(Debug, Clone, Copy, Default)]
struct Member {
    at: [f32; 2],
    velocity: [f32; 2],
}

/// The members of the flock by the cells of the floor.
#[derive(Debug, Clone, Default)]
pub(crate) struct Flock {
    columns: u32,
    rows: u32,
    cells_per_m: [f32; 2],
    /// For each cell the index of its first member, and one more at the end.
    starts: Vec<u32>,
    members: Vec<Member>,
}

impl Flock {
    /// Takes in all bodies that flock.
    pub(crate) fn fill(&mut self, floor: Floor, bodies: &[Body]) {
        let flocking = || bodies.iter().filter(|body| body.motion == Motion::Flock);
        let count = flocking().count();
        self.members.clear();
        if count == 0 {
            return;
        }
        self.members.resize(count, Member::default());
        self.lay_out(floor);
        for body in flocking() {
            let cell = self.cell(body.at);
            if let Some(start) = self.starts.get_mut(cell) {
                *start += 1;
            }
        }
        let mut sum = 0;
        for start in &mut self.starts {
            sum += *start;
            *start = sum;
        }
        // From the end, each before the one behind it: then the starts are starts again, and the order of the bodies is kept.
        for body in flocking().rev() {
            let cell = self.cell(body.at);
            if let Some(start) = self.starts.get_mut(cell) {
                *start -= 1;
                if let Some(member) = self.members.get_mut(*start as usize) {
                    *member = Member { at: body.at, velocity: body.velocity };
                }
            }
        }
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        self.starts.capacity() * size_of::<u32>() + self.members.capacity() * size_of::<Member>()
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "1 to 256")]
    fn lay_out(&mut self, floor: Floor) {
        let cells = |length: f32| (length / SIGHT).clamp(1.0, MAX_CELLS) as u32;
        (self.columns, self.rows) = (cells(floor.width_m), cells(floor.depth_m));
        #[expect(clippy::cast_precision_loss, reason = "1 to 256")]
        let per_m = [self.columns as f32 / floor.width_m, self.rows as f32 / floor.depth_m];
        self.cells_per_m = per_m;
        self.starts.clear();
        self.starts.resize((self.columns * self.rows + 1) as usize, 0);
    }

    #[inline]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "casts of floats stop at the ends")]
    fn column_and_row(&self, [x, y]: [f32; 2]) -> (u32, u32) {
        let [per_x, per_y] = self.cells_per_m;
        (((x * per_x) as u32).min(self.columns - 1), ((y * per_y) as u32).min(self.rows - 1))
    }

    #[inline]
    fn cell(&self, at: [f32; 2]) -> usize {
        let (column, row) = self.column_and_row(at);
        (row * self.columns + column) as usize
    }

    /// The members in the cells of one row from one column to another.
    #[inline]
    fn row(&self, row: u32, from: u32, to: u32) -> &[Member] {
        let cell = |column: u32| self.starts.get((row * self.columns + column) as usize).copied();
        match (cell(from), cell(to + 1)) {
            (Some(start), Some(end)) => self.members.get(start as usize..end as usize).unwrap_or_default(),
            _ => &[],
        }
    }

    /// The acceleration (m/s²) that the neighbours and the walls ask for.
    pub(crate) fn steer(&self, floor: Floor, at: [f32; 2], velocity: [f32; 2]) -> [f32; 2] {
        let [x, y] = at;
        let mut around = Around::default();
        if !self.members.is_empty() {
            let (column, row) = self.column_and_row(at);
            let (from, to) = (column.saturating_sub(1), (column + 1).min(self.columns - 1));
            for row in row.saturating_sub(1)..=(row + 1).min(self.rows - 1) {
                let members = self.row(row, from, to);
                for member in members.iter().step_by(1 + members.len() / MAX_LOOKS) {
                    around.add(at, member);
                }
            }
        }
        let [ax, ay] = around.steer(at, velocity);
        let ax = ax + from_wall(x, floor.width_m);
        let ay = ay + from_wall(y, floor.depth_m);
        let square = ax * ax + ay * ay;
        let scale = if square > MAX_STEER * MAX_STEER { MAX_STEER / square.sqrt() } else { 1.0 };
        [ax * scale, ay * scale]
    }
}

/// Sums over the neighbours of one body.
#[derive(Debug, Default)]
struct Around {
    count: f32,
    at: [f32; 2],
    velocity: [f32; 2],
    away: [f32; 2],
}

impl Around {
    #[inline]
    fn add(&mut self, [x, y]: [f32; 2], member: &Member) {
        let [other_x, other_y] = member.at;
        let (dx, dy) = (x - other_x, y - other_y);
        let square = dx * dx + dy * dy;
        // At the very same place is the body itself.
        if square >= SIGHT * SIGHT || square == 0.0 {
            return;
        }
        let [vx, vy] = member.velocity;
        let [sum_x, sum_y] = self.at;
        let [sum_vx, sum_vy] = self.velocity;
        self.count += 1.0;
        self.at = [sum_x + other_x, sum_y + other_y];
        self.velocity = [sum_vx + vx, sum_vy + vy];
        if square < PERSONAL * PERSONAL {
            // Grows as they come closer, and is bounded when they touch.
            let push = 1.0 / (square + 0.02) - 1.0 / (PERSONAL * PERSONAL + 0.02);
            let [away_x, away_y] = self.away;
            self.away = [away_x + dx * push, away_y + dy * push];
        }
    }

    #[inline]
    fn steer(&self, [x, y]: [f32; 2], [vx, vy]: [f32; 2]) -> [f32; 2] {
        if self.count == 0.0 {
            return [0.0; 2];
        }
        const ALIGNMENT: f32 = 1.2;
        const COHESION: f32 = 0.5;
        const SEPARATION: f32 = 1.0;
        let share = 1.0 / self.count;
        let ([sum_x, sum_y], [sum_vx, sum_vy], [away_x, away_y]) = (self.at, self.velocity, self.away);
        [
            (sum_vx * share - vx) * ALIGNMENT + (sum_x * share - x) * COHESION + away_x * SEPARATION,
            (sum_vy * share - vy) * ALIGNMENT + (sum_y * share - y) * COHESION + away_y * SEPARATION,
        ]
    }
}

#[inline]
fn from_wall(at: f32, end: f32) -> f32 {
    let margin = if end < 4.0 * MARGIN { end * 0.25 } else { MARGIN };
    const PUSH: f32 = 5.0;
    if at < margin {
        (margin - at) * PUSH
    } else if at > end - margin {
        (end - margin - at) * PUSH
    } else {
        0.0
    }
}
