//! What binds a grant to one call: digests of what it says and of the tool's contract.

use wardgate_ledger::{
    Digest,
    canonical::{CanonicalError, canonicalize, canonicalize_exact},
};
use wardgate_protocol::edit::{self, Change};

use super::{Binding, state};
use crate::{call::Call, stage::resolve::Target, stop::Stop};

/// What of a tool decides what a call of it does.
const CONTRACT: [&str; 4] = ["name", "inputSchema", "outputSchema", "annotations"];

/// Returns what a grant for this call must be bound to.
///
/// # Errors
/// [`Stop::Internal`] when that cannot be said.
pub fn binding(call: &Call, target: &Target) -> Result<Binding, Stop> {
    let authorizer = call.snapshot.authorizer.as_ref();
    let policy_rev = authorizer.map(|authorizer| authorizer.policies().revision().to_owned());
    let server = target.server();
    let unbound = |reason| Stop::Internal { reason };
    Ok(Binding {
        requester: call.caller.identity(),
        server: server.name.clone(),
        version: server.version.clone(),
        tool: target.name().to_owned(),
        args_digest: said_digest(call)
            .map_err(|_| unbound("the arguments cannot be bound to an approval"))?
            .to_string(),
        contract: contract(call, target)
            .ok_or_else(|| unbound("the tool cannot be bound to an approval"))?
            .to_string(),
        policy_rev: policy_rev.ok_or_else(|| unbound("nothing asks for an approval"))?,
    })
}

/// The arguments, and what a call brings along for the server's questions: they decide what it does as well.
fn said_digest(call: &Call) -> Result<Digest, CanonicalError> {
    let arguments = args_digest(call.param("arguments").unwrap_or("{}"))?;
    let state = call.param("requestState").filter(|_| !state::is_own(call));
    Ok(match (answers(call), state) {
        (None, None) => arguments,
        (answers, state) => {
            let (answers, state) = (answers.unwrap_or_default(), state.unwrap_or_default());
            Digest::of(format!("{arguments}\0{state}\0{answers}").as_bytes())
        }
    })
}

/// What a call answers to its server; what it answers to the gateway decides nothing.
pub fn answers(call: &Call) -> Option<&str> {
    let answers = call.param("inputResponses");
    answers.filter(|_| !state::is_own(call))
}

/// Members in any order are the same arguments; any other difference makes other ones. Where a number has no exact canonical
/// form, every byte counts.
fn args_digest(arguments: &str) -> Result<Digest, CanonicalError> {
    match canonicalize(arguments) {
        Ok(canonical) => Ok(Digest::of(format!("canonical\0{canonical}").as_bytes())),
        Err(CanonicalError::InexactNumber) => {
            Ok(Digest::of(format!("as it stands\0{arguments}").as_bytes()))
        }
        Err(fault) => Err(fault),
    }
}

/// The digest covers the definition of the server too: the same contract elsewhere is another tool. And who is who in the
/// tenant: a vote of somebody who lost their say lifts nothing.
fn contract(call: &Call, target: &Target) -> Option<Digest> {
    let tool = target.item()?.raw.as_str();
    let member = |key| Some(Change::Set(key, edit::get(tool, &[key])?));
    let members: Vec<_> = CONTRACT.into_iter().filter_map(member).collect();
    let contract = canonicalize_exact(&edit::apply("{}", &members)).ok()?;
    let people = call.snapshot.tenants.people(&call.caller.tenant);
    let text = format!("{}\0{people}\0{contract}", target.server().digest);
    Some(Digest::of(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::args_digest;

    #[test]
    fn any_difference_but_order_and_space_makes_other_arguments() {
        let approved = args_digest(r#"{"amount": 500, "to": "a"}"#).unwrap();
        let same = [
            r#"{"to":"a","amount":500}"#,
            r#"{"amount":500.0,"to":"\u0061"}"#,
        ];
        for text in same {
            assert_eq!(args_digest(text).unwrap(), approved, "{text}");
        }
        let others = [
            r#"{"amount": 501, "to": "a"}"#,
            r#"{"amount": "500", "to": "a"}"#,
            r#"{"amount": 500, "to": "a "}"#,
            r#"{"amount": 500, "to": "a", "x": null}"#,
            r#"{"amount": 500.0000000000001, "to": "a"}"#,
        ];
        for text in others {
            assert_ne!(args_digest(text).unwrap(), approved, "{text}");
        }
    }

    #[test]
    fn numbers_that_doubles_take_for_one_are_two() {
        let digest = |text: &str| args_digest(text).unwrap();
        assert_ne!(
            digest(r#"{"n":9007199254740993}"#),
            digest(r#"{"n":9007199254740992}"#)
        );
        assert_ne!(
            digest(r#"{"n":9007199254740993}"#),
            digest(r#"{"n":{"$number":"9007199254740993"}}"#)
        );
    }
}
