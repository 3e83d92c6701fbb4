//! The ledger as its users meet it: files of records, verified, tampered with, exported and explained.

mod fixture;
mod tamper;
