//! Why something is changed. No change goes without one, and every record of a change has it.

/// What a person wrote, without the space around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason(String);

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReasonFault {
    #[error("a reason is needed")]
    None,
    #[error("a reason has at most {} characters", Reason::CHARS_MAX)]
    Long,
}

impl Reason {
    pub const CHARS_MAX: usize = 500;

    /// # Errors
    /// When nothing, or too much, is said.
    pub fn new(text: &str) -> Result<Reason, ReasonFault> {
        let text = text.trim();
        match text.chars().count() {
            0 => Err(ReasonFault::None),
            count if count > Reason::CHARS_MAX => Err(ReasonFault::Long),
            _ => Ok(Reason(text.to_owned())),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_says_something_and_not_everything() {
        assert_eq!(
            Reason::new(" lost laptop\n").unwrap().as_str(),
            "lost laptop"
        );
        assert_eq!(Reason::new(" \t"), Err(ReasonFault::None));
        let long = "é".repeat(Reason::CHARS_MAX);
        assert!(Reason::new(&long).is_ok());
        assert_eq!(Reason::new(&(long + "é")), Err(ReasonFault::Long));
    }
}
