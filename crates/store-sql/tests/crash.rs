//! What is acknowledged is there: after a kill, after a full disk, after a disk that fails. The process that dies is this
//! test binary, started again as a writer.

mod shared;

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
};

use wardgate_store::{
    Line, Records, Retry, StoreError,
    conformance::sample::{head_of, lines, tenant},
};
use wardgate_store_sql::SqlStore;

const ROUNDS: u64 = 20;
/// Set for the writer only: the file to write to.
const WRITER: &str = "WARDGATE_STORE_WRITER";

/// The writer: appends batches and says so on standard error, until it is killed or an append fails. Without a parent there
/// is nothing to do.
#[tokio::test]
async fn writer_appends_while_its_parent_lets_it() {
    let Some(path) = std::env::var_os(WRITER) else {
        return;
    };
    let store = shared::open(Path::new(&path)).await;
    let records = store.ports().records;
    loop {
        match append_next(&*records).await {
            Ok(seq) => eprintln!("acked {seq}"),
            Err(error) => {
                eprintln!("failed {error:?}");
                break;
            }
        }
    }
    eprintln!("then {:?}", append_next(&*records).await);
    let chain = records.chain(&tenant("acme"), 0, 1).await;
    eprintln!("read {}", chain.is_ok_and(|chain| chain.len() == 1));
}

/// Appends one to seven lines behind the head and returns the last one's number.
async fn append_next(records: &dyn Records) -> Result<u64, StoreError> {
    let head = records.head(&tenant("acme")).await?;
    let from = head.map_or(1, |head| head.seq + 1);
    let batch = lines("acme", from, from + from % 7);
    records.append(&batch, &head_of(&batch)).await?;
    Ok(from + from % 7)
}

/// Starts the writer, under `shell` if there is something to be set up before.
fn writer(path: &Path, shell: Option<&str>) -> Child {
    let this = std::env::current_exe().unwrap();
    let mut command = match shell {
        Some(setup) => {
            let mut command = Command::new("sh");
            command
                .args(["-c", &format!("{setup}; exec \"$0\" \"$@\"")])
                .arg(this);
            command
        }
        None => Command::new(this),
    };
    command
        .args([
            "--exact",
            "writer_appends_while_its_parent_lets_it",
            "--nocapture",
        ])
        .env(WRITER, path)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn said(child: &mut Child) -> impl Iterator<Item = String> + use<> {
    let lines = BufReader::new(child.stderr.take().unwrap()).lines();
    lines.map(|line| line.unwrap())
}

fn acked(line: &str) -> Option<u64> {
    line.strip_prefix("acked ").map(|seq| seq.parse().unwrap())
}

/// Lets a writer acknowledge so many batches, kills it, and returns the last number it acknowledged before it died.
fn killed_after(path: &Path, batches: usize) -> u64 {
    let mut child = writer(path, None);
    let mut said = said(&mut child);
    let mut last = said
        .by_ref()
        .filter_map(|line| acked(&line))
        .nth(batches - 1)
        .unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    for line in said {
        last = acked(&line).unwrap_or(last);
    }
    last
}

/// The whole chain, which must have no gap and end where the head says.
async fn chain(store: &Arc<SqlStore>) -> Vec<Line> {
    let records = store.ports().records;
    let mut chain: Vec<Line> = Vec::new();
    loop {
        let behind = chain.last().map_or(0, |line| line.seq);
        let part = records.chain(&tenant("acme"), behind, 1_000).await.unwrap();
        if part.is_empty() {
            break;
        }
        chain.extend(part);
    }
    assert_eq!(chain, lines("acme", 1, chain.len() as u64));
    assert_eq!(records.heads().await, Ok(head_of(&chain)));
    chain
}

#[tokio::test]
async fn no_acknowledged_line_is_lost_by_a_kill() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wardgate.db");
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    for round in 0..ROUNDS {
        // Knuth's MMIX generator: any spread of batches will do, but the same one each time.
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let last = killed_after(&path, 1 + (seed >> 33) as usize % 25);
        let store = shared::open(&path).await;
        store.check_integrity().await.unwrap();
        let found = chain(&store).await.len() as u64;
        assert!(
            found >= last,
            "round {round}: {last} lines acknowledged, {found} found"
        );
        store.close().await;
    }
}

#[tokio::test]
async fn a_writer_whose_disk_failed_acknowledges_nothing_more() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wardgate.db");
    // A file that may not grow fails as a disk does, but for its error: EFBIG is no ENOSPC.
    let mut child = writer(&path, Some("trap '' XFSZ; ulimit -f 1500"));
    let said: Vec<String> = said(&mut child).collect();
    child.wait().unwrap();
    let last = said
        .iter()
        .filter_map(|line| acked(line))
        .next_back()
        .unwrap();
    let after = &said[said.iter().rposition(|line| acked(line).is_some()).unwrap() + 1..];
    assert!(after[0].starts_with("failed Io"), "{after:?}");
    assert_eq!(after[1], "then Err(Poisoned)");
    assert_eq!(after[2], "read true");
    let store = shared::open(&path).await;
    store.check_integrity().await.unwrap();
    assert_eq!(chain(&store).await.len() as u64, last);
    append_next(&*store.ports().records).await.unwrap();
}

#[tokio::test]
async fn a_full_store_refuses_whole_batches_and_recovers() {
    let folder = tempfile::tempdir().unwrap();
    let store = shared::open(&folder.path().join("wardgate.db")).await;
    let records = store.ports().records;
    store.cap_size(Some(600_000)).await.unwrap();
    let full = loop {
        if let Err(error) = append_next(&*records).await {
            break error;
        }
    };
    assert_eq!(
        (full.clone(), full.retry()),
        (StoreError::Full, Retry::AfterRepair)
    );
    let before = chain(&store).await;
    let batch = lines("acme", before.len() as u64 + 1, before.len() as u64 + 900);
    for _ in 0..3 {
        assert_eq!(
            records.append(&batch, &head_of(&batch)).await,
            Err(StoreError::Full)
        );
    }
    assert_eq!(chain(&store).await, before);
    store.check_integrity().await.unwrap();
    store.cap_size(None).await.unwrap();
    records.append(&batch, &head_of(&batch)).await.unwrap();
    assert_eq!(chain(&store).await.len(), before.len() + 900);
    store.check_integrity().await.unwrap();
}
