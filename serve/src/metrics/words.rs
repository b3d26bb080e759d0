//! Enums whose variants are the values of a label.

/// An enum of words: `ALL` has every variant, `word` says what it is called for programs. Both are made from the variants, so nothing is
/// ever counted under a word that `ALL` does not have.
#[macro_export]
macro_rules! words {
    (
        $(#[$about:meta])*
        $visible:vis enum $name:ident {
            $($(#[$meaning:meta])* $variant:ident = $word:literal,)+
        }
    ) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $visible enum $name {
            $($(#[$meaning])* $variant,)+
        }

        impl $name {
            /// Every one there is.
            $visible const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// What it is called.
            #[must_use]
            $visible fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }
    };
}
