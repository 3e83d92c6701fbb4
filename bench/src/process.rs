//! A process of the comparison, and what the kernel counts for it. It ends with the value.

use std::fs;
use std::process::Child;
use std::time::Duration;

use anyhow::{Context, Result};

/// A child process.
#[derive(Debug)]
pub struct Process {
    child: Child,
}

impl Process {
    pub fn of(child: Child) -> Process {
        Process { child }
    }

    /// Processor time so far, user and system, of the threads that live. In nanoseconds, where `/proc/PID/stat` counts in
    /// hundredths of a second; the processes of the comparison keep their threads.
    ///
    /// # Errors
    /// When the process has ended or the kernel does not say.
    pub fn cpu(&self) -> Result<Duration> {
        let mut nanos = 0;
        for thread in fs::read_dir(format!("/proc/{}/task", self.child.id()))
            .context("the process has ended")?
        {
            let Ok(line) = fs::read_to_string(thread?.path().join("schedstat")) else {
                // The thread ended between the two reads.
                continue;
            };
            nanos += line
                .split(' ')
                .next()
                .and_then(|nanos| nanos.parse::<u64>().ok())
                .context("no schedstat")?;
        }
        Ok(Duration::from_nanos(nanos))
    }

    /// Resident memory at this moment, in KiB.
    ///
    /// # Errors
    /// When the process has ended.
    pub fn resident_kib(&self) -> Result<u64> {
        self.status("VmRSS:")
    }

    /// The most resident memory there ever was, in KiB.
    ///
    /// # Errors
    /// When the process has ended.
    pub fn peak_kib(&self) -> Result<u64> {
        self.status("VmHWM:")
    }

    fn status(&self, field: &str) -> Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix(field))
            .context("the process has ended")?;
        line.trim()
            .trim_end_matches(" kB")
            .parse()
            .context("memory is a number of kB")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already; then there is nothing to kill and nothing to wait for.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
