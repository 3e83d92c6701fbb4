//! The lab from outside: what a client can see, and what it did.

mod support;

mod legacy;
mod modern;
