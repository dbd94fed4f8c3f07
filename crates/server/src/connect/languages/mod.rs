//! The languages of the page: one file each, with every text; the compiler misses none. A new one is a file, its
//! `mod`, and a place in [`ALL`].
//!
//! `{…}` in a text stands for something that the page puts there.

mod de;
mod en;

#[cfg(test)]
mod tests;

/// English first: what no language says, it says.
pub(crate) const ALL: &[&Texts] = &[&en::TEXTS, &de::TEXTS];

/// Their codes.
pub(crate) const CODES: [&str; ALL.len()] = {
    let mut codes = [""; ALL.len()];
    let mut place = 0;
    while place < codes.len() {
        codes[place] = ALL[place].code;
        place += 1;
    }
    codes
};

/// The language with this code.
pub(crate) fn named(code: &str) -> Option<&'static Texts> {
    ALL.iter().copied().find(|texts| texts.code == code)
}

macro_rules! texts {
    ($($(#[$doc:meta])* $name:ident)*) => {
        /// Every text of the page in one language.
        pub(crate) struct Texts {
            $($(#[$doc])* pub(super) $name: &'static str,)*
            /// What can be wrong with a value, by the engine's English words.
            pub(super) wrong: &'static [(&'static str, &'static str)],
        }

        #[cfg(test)]
        impl Texts {
            fn each(&self) -> Vec<(&'static str, &'static str)> {
                vec![$((stringify!($name), self.$name)),*]
            }
        }
    };
}

texts! {
    /// ISO 639-1, for the attribute `lang`.
    code
    /// The language's own name.
    name
    /// What the switch between languages is called.
    languages
    asks
    privacy

    choose
    search
    search_button
    none_found
    show_all

    connect
    reconnect
    reconnect_note
    /// Before the heading, in the window's title.
    problem
    ways
    optional
    connect_button
    reconnect_button
    continue_button
    asked_once
    consent_note
    consent_window
    another_system

    history
    history_help
    nothing_old
    last_day
    last_days
    everything
    interval
    interval_help
    every_day
    every_days
    every_hour
    every_hours
    every_minute
    every_minutes
    every_second
    every_seconds
    when_asked
    suggested

    arrived
    arrived_note
    leaving
    leaving_note
    leaving_link
    answer
    try_again

    unknown
    unknown_advice
    used
    used_advice
    expired
    expired_advice
    exhausted
    exhausted_advice
    foreign
    foreign_advice
    nobody_waits
    nobody_waits_advice

    no_system
    no_system_advice
    not_on_offer
    not_on_offer_advice
    not_set_up
    not_set_up_advice
    values
    values_advice
    credentials
    credentials_advice
    permission
    permission_advice
    unreachable
    unreachable_advice
    slow_down
    slow_down_advice
    unexpected
    unexpected_advice
    denied
    denied_advice
    not_granted
    not_granted_advice
    busy
    busy_advice
    other
}

impl Texts {
    /// A message of the engine's, as far as it is known in this language. Details behind the known words are left out.
    pub(super) fn wrong(&self, message: &str) -> String {
        let known =
            |(english, own): &(&str, &str)| message.split_once(english).map(|(before, _)| format!("{before}{own}"));
        self.wrong.iter().find_map(known).unwrap_or_else(|| message.to_owned())
    }
}
