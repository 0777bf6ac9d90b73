//! The embedded STS as a transport.

use std::future::{Future, ready};

use http::{Request, Response};
use sts_presign::{KeyLookup, LocalSts, UnixTime};

use crate::transport::{PostTransport, Transport, TransportError};

/// Answers from an embedded STS and sends nothing. The caller supplies the clock.
#[derive(Clone, Debug)]
pub struct LocalTransport<K, C> {
    sts: LocalSts<K>,
    clock: C,
}

impl<K: KeyLookup, C: Fn() -> UnixTime> LocalTransport<K, C> {
    /// Builds a transport that answers from `sts`, at the time that `clock` returns.
    pub const fn new(sts: LocalSts<K>, clock: C) -> Self {
        Self { sts, clock }
    }
}

impl<K: KeyLookup, C: Fn() -> UnixTime> Transport for LocalTransport<K, C> {
    fn send(
        &self,
        request: Request<()>,
    ) -> impl Future<Output = Result<Response<Vec<u8>>, TransportError>> + Send {
        let request = request.map(|()| []);
        ready(Ok(self.sts.answer(&request, (self.clock)())))
    }
}

impl<K: KeyLookup, C: Fn() -> UnixTime> PostTransport for LocalTransport<K, C> {
    fn send_post(
        &self,
        request: Request<&'static str>,
    ) -> impl Future<Output = Result<Response<Vec<u8>>, TransportError>> + Send {
        ready(Ok(self.sts.answer(&request, (self.clock)())))
    }
}
