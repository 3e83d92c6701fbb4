//! A server that is a child process: its command and its environment.

use super::{not_secret, valued};
use crate::{
    check::{Checks, Place, names},
    config::Program,
    diagnostic::code,
    raw::{RawEndpoint, RawValue},
    secretlike,
};

pub(super) fn check(
    checks: &mut Checks<'_>,
    place: &Place,
    command: &[String],
    raw: &RawEndpoint,
) -> Option<Program> {
    let command_place = place.child("command");
    if command
        .first()
        .is_none_or(|program| program.trim().is_empty())
    {
        checks.error(
            code::EMPTY_COMMAND,
            &command_place.child(0),
            "there is no program to start",
            "name it first in `command:`",
        );
        return None;
    }
    arguments(checks, &command_place, command);
    let mut env = Vec::new();
    for (name, value) in &raw.env {
        let place = place.child("env").child(name);
        if variable(checks, &place, name, value) {
            env.push((name.clone(), valued(checks, value)));
        }
    }
    for (position, name) in raw.inherit_env.iter().enumerate() {
        if !names::is_variable_name(name) {
            let message = format!("`{name}` does not name a variable");
            checks.error(
                code::BAD_VARIABLE,
                &place.child("inherit_env").child(position),
                message,
                "",
            );
        }
    }
    let cwd = raw.cwd.as_ref().map(|cwd| checks.path(cwd));
    Some(Program {
        command: command.to_vec(),
        env,
        inherit_env: raw.inherit_env.clone(),
        cwd,
    })
}

/// Warns of secrets among the arguments, which every process of the machine can read.
fn arguments(checks: &mut Checks<'_>, place: &Place, command: &[String]) {
    for (position, argument) in command.iter().enumerate().skip(1) {
        let told = argument.contains('=') && secretlike::flag(argument);
        let follows = !command[position - 1].contains('=')
            && secretlike::flag(&command[position - 1])
            && !argument.starts_with('-');
        if told || follows || secretlike::value(argument) {
            let place = place.child(position);
            checks.conceal(&place);
            let message =
                "this argument looks like a secret; any program on this machine can read it";
            checks.warning(
                code::SECRET_LOOKALIKE,
                &place,
                message,
                "pass it by `env:` if the server can read it there",
            );
        }
    }
}

fn variable(checks: &mut Checks<'_>, place: &Place, name: &str, value: &RawValue) -> bool {
    if !names::is_variable_name(name) {
        checks.key_error(
            code::BAD_VARIABLE,
            place,
            format!("`{name}` does not name a variable"),
            "",
        );
        return false;
    }
    match value {
        RawValue::Plain(text) => {
            let hint = format!("write a reference: `{name}: {{env: {name}}}`");
            not_secret(checks, place, name, text, &hint)
        }
        RawValue::Secret(_) => true,
    }
}
