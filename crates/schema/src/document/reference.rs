//! References, followed to the place in the document that they lead to, or refused.

use super::address::without_fragment;
use super::pointer::percent_decoded;
use super::{Document, RECURSIVE_ANCHOR};
use crate::fault::SchemaFault;
use crate::keywords::Applied;

pub(super) struct Reference<'s> {
    pub(super) from: usize,
    pub(super) keyword: &'static str,
    pub(super) to: &'s str,
}

impl<'s> Document<'s> {
    /// Follows a reference and applies what it leads to.
    pub(super) fn resolve(&mut self, reference: &Reference<'s>) -> Result<(), SchemaFault> {
        let target = self.target(reference.to, self.places[reference.from].1)?;
        self.link(reference.from, Applied::Here, target);
        // Where a dynamic reference leads depends on the way there: count every place it may lead to.
        let name = match reference.keyword {
            "$dynamicRef" => reference.to.rsplit_once('#').map_or("", |(_, name)| name),
            "$recursiveRef" => RECURSIVE_ANCHOR,
            _ => {
                self.targets.insert(reference.from, target);
                return Ok(());
            }
        };
        let others = self
            .dynamic_anchors
            .iter()
            .filter(|(anchor, number)| *anchor == name && *number != target);
        let others: Vec<usize> = others.map(|(_, number)| *number).collect();
        self.subschemas[reference.from].here.extend(others);
        Ok(())
    }

    /// The subschema a reference leads to, seen from a resource.
    fn target(&mut self, reference: &str, resource: usize) -> Result<usize, SchemaFault> {
        let (address, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        let resource = match address {
            "" => resource,
            address => {
                let url = self.resources[resource]
                    .base
                    .join(address)
                    .map_err(|_| outside(reference))?;
                *self
                    .addresses
                    .get(&without_fragment(&url))
                    .ok_or_else(|| outside(reference))?
            }
        };
        let fragment = percent_decoded(fragment).ok_or_else(|| outside(reference))?;
        if fragment.is_empty() || fragment.starts_with('/') {
            return self
                .follow(&fragment, resource)
                .ok_or_else(|| outside(reference))?;
        }
        self.anchors
            .get(&(resource, fragment.as_str()))
            .copied()
            .ok_or_else(|| outside(reference))
    }

    /// Follows a JSON Pointer from the root of a resource (RFC 6901).
    fn follow(&mut self, pointer: &str, resource: usize) -> Option<Result<usize, SchemaFault>> {
        let root = self.resources[resource].root;
        let mut within = resource;
        let mut end = 0;
        for segment in pointer.split('/').skip(1) {
            end += 1 + segment.len();
            let value = root.pointer(&pointer[..end])?;
            within = self
                .numbers
                .get(&std::ptr::from_ref(value))
                .map_or(within, |number| self.places[*number].1);
        }
        let target = root.pointer(pointer)?;
        (target.is_object() || target.is_boolean()).then(|| self.place(target, within))
    }
}

/// The fault of a reference that leads nowhere in the document.
pub(super) fn outside(reference: &str) -> SchemaFault {
    SchemaFault::Reference {
        reference: reference.chars().take(200).collect(),
    }
}
