//! The two shapes of most requests: the thing that is asked about from the URL or the name, the rest
//! from the body or the query.

use std::marker::PhantomData;

use strongroom_api::{self as api, RequestError};
use strongroom_authz::Action;
use strongroom_types::Slug;

use super::guard::{Parts, Place, Request, Target};
use super::refusal::Refusal;

/// A request to do `A`, with a body or a query of this form.
pub(super) struct Asked<A, B = Nothing>(pub(super) B, PhantomData<fn() -> A>);

/// The part of a request beside the thing that it is about.
pub(super) trait Form: Sized + Send + 'static {
    /// Whether it is in the body.
    const IN_BODY: bool;

    fn read(parts: &Parts<'_>) -> Result<Self, RequestError>;
}

/// A request for what is there already, which the URL names.
impl<A, B> Request for Asked<A, B>
where
    A: Action<Scope: Place, Target: InUrl>,
    B: Form,
{
    type Action = A;
    const HAS_BODY: bool = B::IN_BODY;

    fn read(parts: &Parts<'_>) -> Result<(Target<Self>, Self), Refusal> {
        let target = A::Target::of(parts)?;
        Ok((target, Self(B::read(parts)?, PhantomData)))
    }
}

/// A request to make something whose slug is what the action is about.
pub(super) struct Making<A, B>(pub(super) B, PhantomData<fn() -> A>);

/// The body of such a request.
pub(super) trait Named: Form {
    fn naming(&self) -> &api::Naming;
}

impl<A, B> Request for Making<A, B>
where
    A: Action<Scope: Place, Target = Slug>,
    B: Named,
{
    type Action = A;
    const HAS_BODY: bool = true;

    fn read(parts: &Parts<'_>) -> Result<(Target<Self>, Self), Refusal> {
        let body = B::read(parts)?;
        Ok((body.naming().slug.clone(), Self(body, PhantomData)))
    }
}

/// What a URL can name.
pub(super) trait InUrl: Clone + Sized {
    /// The thing, or the refusal of one that cannot exist.
    fn of(parts: &Parts<'_>) -> Result<Self, Refusal>;
}

impl InUrl for () {
    fn of(_: &Parts<'_>) -> Result<Self, Refusal> {
        Ok(())
    }
}

/// A request that says no more than its URL.
pub(super) struct Nothing;

impl Form for Nothing {
    const IN_BODY: bool = false;

    fn read(_: &Parts<'_>) -> Result<Self, RequestError> {
        Ok(Self)
    }
}
