//! The text that goes out: the original, with edits, up to where everything is decided.

use std::borrow::Cow;

/// What stands in the place of a piece of raw text.
pub(crate) enum Instead {
    /// Nothing, or a character's escape.
    Text(&'static str),
    /// The mark of a find inside a string.
    Mark(Cow<'static, str>),
    /// The mark of a whole value.
    Value(String),
}

pub(crate) struct Edit {
    pub(crate) start: usize,
    pub(crate) end: usize,
    pub(crate) instead: Instead,
}

/// Makes a token of the kind of a find and the raw text it replaces.
pub(crate) type Seal<'s> = &'s dyn Fn(&str, Cut<'_>) -> String;

/// What a mark replaces, as it stands in the document.
#[derive(Clone, Copy)]
pub(crate) enum Cut<'r> {
    /// A part of a string.
    Part(&'r str),
    /// A whole value.
    Value(&'r str),
}

#[derive(Default)]
pub(crate) struct Output {
    pub(crate) text: String,
    /// Raw text before this offset is written or dropped.
    pub(crate) kept: usize,
    pub(crate) is_edited: bool,
    /// Offsets of the original of which it is asked, in order, where they are in `text`.
    pub(crate) seams: Vec<usize>,
    /// Where the seams that are passed are.
    pub(crate) places: Vec<usize>,
    edits: Vec<Edit>,
}

impl Output {
    pub(crate) fn edit(&mut self, edit: Edit) {
        self.edits.push(edit);
    }

    /// Carries out the edits that begin before an offset. `raw` begins at `base`. Where edits overlap, the first one's
    /// text stands and all that any of them covers is gone.
    pub(crate) fn settle(&mut self, raw: &str, base: usize, before: usize, seal: Option<Seal<'_>>) {
        if self.edits.is_empty() {
            return;
        }
        self.edits.sort_by_key(|edit| edit.start);
        let due = self.edits.partition_point(|edit| edit.start < before);
        let left = self.edits.split_off(due);
        let mut due = std::mem::replace(&mut self.edits, left)
            .into_iter()
            .peekable();
        while let Some(mut edit) = due.next() {
            if edit.end <= self.kept {
                continue;
            }
            let starts_late = edit.start < self.kept;
            edit.start = edit.start.max(self.kept);
            while let Some(next) = due.next_if(|next| next.start <= edit.end && continues(next)) {
                edit.end = edit.end.max(next.end);
            }
            self.pass_seams(edit.start);
            self.text
                .push_str(&raw[self.kept - base..edit.start - base]);
            if !starts_late {
                let cut = &raw[edit.start - base..edit.end - base];
                write(&mut self.text, &edit.instead, cut, seal);
            }
            self.kept = edit.end;
            self.pass_seams(edit.end);
            self.is_edited = true;
        }
    }

    /// Notes where seams up to an offset come to be. Within what is cut out all are one place, behind the mark.
    fn pass_seams(&mut self, end: usize) {
        while let Some(seam) = self.seams.get(self.places.len())
            && *seam <= end
        {
            let behind = seam.saturating_sub(self.kept);
            self.places.push(self.text.len() + behind);
        }
    }

    /// Writes what stands unchanged up to an offset.
    pub(crate) fn write_to(&mut self, raw: &str, base: usize, end: usize) {
        if end > self.kept {
            self.pass_seams(end);
            self.text.push_str(&raw[self.kept - base..end - base]);
            self.kept = end;
        }
    }
}

/// Whether an edit only goes on with what another began.
fn continues(edit: &Edit) -> bool {
    matches!(edit.instead, Instead::Text(""))
}

fn write(out: &mut String, instead: &Instead, cut: &str, seal: Option<Seal<'_>>) {
    let mark = |label: &str, cut| match seal {
        Some(seal) => seal(label, cut),
        None => format!("[redacted:{label}]"),
    };
    match instead {
        Instead::Text(text) => out.push_str(text),
        Instead::Mark(kind) => out.push_str(&mark(kind, Cut::Part(cut))),
        Instead::Value(label) => {
            out.push('"');
            out.push_str(&mark(label, Cut::Value(cut)));
            out.push('"');
        }
    }
}
