//! Which characters a reader cannot see, and where that matters.

/// How much counts as hidden.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Names, titles, descriptions, schemas, instructions: what a model obeys. Zero-width characters are hidden here.
    Metadata,
    /// Results: joiners and variation selectors that scripts and emoji need stay.
    Result,
}

/// Whether a character has no business in the place whatever stands around it.
pub(crate) fn is_hidden(c: char, place: Place) -> bool {
    is_control(c)
        || is_bidi_control(c)
        || is_tag(c)
        || (place == Place::Metadata && is_invisible(c))
}

/// C0 and C1 controls and DEL, except the three that lay out plain text.
pub(crate) fn is_control(c: char) -> bool {
    c.is_control() && !matches!(c, '\t' | '\n' | '\r')
}

/// Embeddings, overrides and isolates: they show text in another order than a model reads it (UAX #9).
pub(crate) fn is_bidi_control(c: char) -> bool {
    matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Tag characters: invisible ASCII, of use only behind a black flag.
pub(crate) fn is_tag(c: char) -> bool {
    matches!(c, '\u{E0000}'..='\u{E007F}')
}

/// Variation selectors of either block: one behind a character chooses its form, more are a message.
pub(crate) fn is_variation_selector(c: char) -> bool {
    matches!(c, '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}')
}

/// Code points that are drawn as nothing: Unicode's `Default_Ignorable_Code_Point`, and interlinear annotation.
/// The sixteen ordinary variation selectors are judged by what stands before them instead.
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{00AD}'
            | '\u{034F}'
            | '\u{061C}'
            | '\u{115F}'..='\u{1160}'
            | '\u{17B4}'..='\u{17B5}'
            | '\u{180B}'..='\u{180F}'
            | '\u{200B}'..='\u{200F}'
            | '\u{202A}'..='\u{202E}'
            | '\u{2060}'..='\u{206F}'
            | '\u{3164}'
            | '\u{FEFF}'
            | '\u{FFA0}'
            | '\u{FFF0}'..='\u{FFFB}'
            | '\u{1BCA0}'..='\u{1BCA3}'
            | '\u{1D173}'..='\u{1D17A}'
            | '\u{E0000}'..='\u{E0FFF}'
    )
}
