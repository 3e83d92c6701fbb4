//! The ledger as its users meet it: files of records, verified, tampered with, exported and explained.

mod explain;
mod export;
mod fixture;
mod hostile;
mod tamper;
