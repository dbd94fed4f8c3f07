//! Closed sets of words, stored and shown as text.

/// Declares an enum whose variants are words, with `as_str` and `parse`.
macro_rules! words {
    ($(#[$doc:meta])* pub enum $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)*
        }

        impl $name {
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word, as it is stored and as the API shows it.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)*
                }
            }

            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.as_str() == word)
            }

            pub(crate) fn stored(word: &str) -> $crate::Result<Self> {
                Self::parse(word).ok_or_else(|| $crate::Error::corrupt(stringify!($name), word))
            }
        }
    };
}

pub(crate) use words;
