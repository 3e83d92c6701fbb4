//! How many tokens a text may be to a model. An estimate, to be labelled as one: no tokenizer runs here, since each model
//! has its own.

/// Bytes of UTF-8 per token: the usual rule of thumb for English and for JSON.
const BYTES_PER_TOKEN: u64 = 4;

/// Estimates the tokens of `bytes` bytes: a quarter of them, rounded up.
pub fn estimated_tokens(bytes: u64) -> u64 {
    bytes.div_ceil(BYTES_PER_TOKEN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_a_quarter_of_the_bytes_rounded_up() {
        let estimates = [(0, 0), (1, 1), (4, 1), (5, 2), (4096, 1024)];
        for (bytes, tokens) in estimates {
            assert_eq!(estimated_tokens(bytes), tokens);
        }
    }
}
