//! Names → addresses, each of them judged before any is dialled.
//!
//! The connection goes to an address that was judged, not to the name again: a name that means something else a moment later
//! changes nothing.

use std::{
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    task::{Context, Poll},
    vec,
};

use futures_util::{FutureExt, future::BoxFuture};
use hyper_util::client::legacy::connect::dns::Name;
use tower_service::Service;

use crate::rules::Rules;

/// Finds the addresses of a host.
pub trait Resolve: Send + Sync {
    fn resolve(&self, host: &str) -> BoxFuture<'static, io::Result<Vec<IpAddr>>>;
}

/// Asks the operating system.
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, host: &str) -> BoxFuture<'static, io::Result<Vec<IpAddr>>> {
        let host = host.to_owned();
        async move {
            let found = tokio::net::lookup_host((host, 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        }
        .boxed()
    }
}

/// Gives the connector addresses only if all of a host's are allowed: a name with one good address and one bad is a trick.
#[derive(Clone)]
pub(crate) struct Vetting {
    pub(crate) rules: Arc<Rules>,
    pub(crate) resolver: Arc<dyn Resolve>,
}

impl Service<Name> for Vetting {
    type Response = vec::IntoIter<SocketAddr>;
    type Error = Box<dyn std::error::Error + Send + Sync>;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let vetting = self.clone();
        async move {
            let addresses = vetting.resolver.resolve(name.as_str()).await?;
            for address in &addresses {
                vetting.rules.judge_address(name.as_str(), *address)?;
            }
            let vetted: Vec<SocketAddr> = addresses
                .into_iter()
                .map(|address| SocketAddr::new(address, 0))
                .collect();
            Ok(vetted.into_iter())
        }
        .boxed()
    }
}
