//! What the head of a rule says of its principal or resource, to compare one with another.

use cedar_policy::{EntityTypeName, EntityUid, PrincipalConstraint, ResourceConstraint};

pub(crate) enum Span {
    Any,
    In(EntityUid),
    Eq(EntityUid),
    Is(EntityTypeName),
    IsIn(EntityTypeName, EntityUid),
}

impl Span {
    /// Whether whatever is in `narrow` is in this. Knows no entities, so it errs towards no.
    pub(crate) fn covers(&self, narrow: &Span) -> bool {
        match (self, narrow) {
            (Span::Any, _) => true,
            (Span::In(of), Span::In(uid) | Span::IsIn(_, uid) | Span::Eq(uid)) => of == uid,
            (Span::Is(of), Span::Eq(uid)) => of == uid.type_name(),
            (Span::Is(of), Span::Is(kind) | Span::IsIn(kind, _)) => of == kind,
            (Span::Eq(of), Span::Eq(uid)) => of == uid,
            (Span::IsIn(of, above), Span::IsIn(kind, uid)) => of == kind && above == uid,
            (Span::IsIn(of, above), Span::Eq(uid)) => of == uid.type_name() && above == uid,
            (Span::In(_) | Span::Is(_) | Span::Eq(_) | Span::IsIn(..), _) => false,
        }
    }
}

impl From<PrincipalConstraint> for Span {
    fn from(constraint: PrincipalConstraint) -> Span {
        match constraint {
            PrincipalConstraint::Any => Span::Any,
            PrincipalConstraint::In(uid) => Span::In(uid),
            PrincipalConstraint::Eq(uid) => Span::Eq(uid),
            PrincipalConstraint::Is(kind) => Span::Is(kind),
            PrincipalConstraint::IsIn(kind, uid) => Span::IsIn(kind, uid),
        }
    }
}

impl From<ResourceConstraint> for Span {
    fn from(constraint: ResourceConstraint) -> Span {
        match constraint {
            ResourceConstraint::Any => Span::Any,
            ResourceConstraint::In(uid) => Span::In(uid),
            ResourceConstraint::Eq(uid) => Span::Eq(uid),
            ResourceConstraint::Is(kind) => Span::Is(kind),
            ResourceConstraint::IsIn(kind, uid) => Span::IsIn(kind, uid),
        }
    }
}
