//! The movement types: with which code they are posted, what they do to stock, and what takes them back.

/// What a movement does to the stock of its item's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    In,
    Out,
    /// From one kind of stock to another, in the same place.
    Kind(&'static str, &'static str),
    /// To the issuing or receiving place; back from there, for a reversal.
    Transfer {
        back: bool,
    },
}

#[derive(Debug)]
pub(super) struct Movement {
    pub(super) kind: &'static str,
    /// The goods movement codes with which it may be posted; `06` posts every reversal.
    codes: &'static [&'static str],
    pub(super) reversed_by: &'static str,
    pub(super) effect: Effect,
}

const fn movement(
    kind: &'static str,
    codes: &'static [&'static str],
    reversed_by: &'static str,
    effect: Effect,
) -> Movement {
    Movement { kind, codes, reversed_by, effect }
}

const THERE: Effect = Effect::Transfer { back: false };
const BACK: Effect = Effect::Transfer { back: true };

static MOVEMENTS: [Movement; 23] = [
    movement("101", &["01", "02"], "102", Effect::In),
    movement("102", &["01", "02", "06"], "101", Effect::Out),
    movement("122", &["01"], "123", Effect::Out),
    movement("123", &["01", "06"], "122", Effect::In),
    movement("201", &["03"], "202", Effect::Out),
    movement("202", &["03", "06"], "201", Effect::In),
    movement("261", &["03"], "262", Effect::Out),
    movement("262", &["03", "06"], "261", Effect::In),
    movement("301", &["04"], "302", THERE),
    movement("302", &["04", "06"], "301", BACK),
    movement("311", &["04"], "312", THERE),
    movement("312", &["04", "06"], "311", BACK),
    movement("321", &["04"], "322", Effect::Kind("02", "01")),
    movement("322", &["04", "06"], "321", Effect::Kind("01", "02")),
    movement("343", &["04"], "344", Effect::Kind("07", "01")),
    movement("344", &["04", "06"], "343", Effect::Kind("01", "07")),
    movement("501", &["05"], "502", Effect::In),
    movement("502", &["05", "06"], "501", Effect::Out),
    movement("561", &["05"], "562", Effect::In),
    movement("562", &["05", "06"], "561", Effect::Out),
    movement("701", &["03", "05", "06"], "702", Effect::In),
    movement("702", &["03", "05", "06"], "701", Effect::Out),
    movement("551", &["03"], "552", Effect::Out),
];

pub(super) fn of(kind: &str) -> Option<&'static Movement> {
    MOVEMENTS.iter().find(|movement| movement.kind == kind)
}

impl Movement {
    pub(super) fn allows(&self, code: &str) -> bool {
        self.codes.contains(&code)
    }

    /// Whether it stands for goods that came for a purchase order, or went back: with which sign.
    pub(super) fn counts_for_order(&self) -> Option<i64> {
        match self.kind {
            "101" | "123" => Some(1),
            "102" | "122" => Some(-1),
            _ => None,
        }
    }
}
