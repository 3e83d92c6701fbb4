-- The first schema. A published migration never changes: what comes later is another file.

CREATE TABLE meta (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT;

INSERT INTO meta (name, value) VALUES ('store_id', lower(hex(randomblob(16))));

CREATE TABLE api_keys (
    id         TEXT NOT NULL PRIMARY KEY,
    tenant     TEXT NOT NULL,
    principal  TEXT NOT NULL,
    kind       TEXT NOT NULL,
    groups     TEXT NOT NULL,
    toolsets   TEXT,
    hash       BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    created_by TEXT NOT NULL,
    expires_at INTEGER,
    revoked_at INTEGER,
    revoked_by TEXT,
    last_used  INTEGER
) STRICT;
CREATE INDEX api_keys_listed ON api_keys (tenant, created_at, id);

CREATE TABLE approvals (
    id            TEXT NOT NULL PRIMARY KEY,
    tenant        TEXT NOT NULL,
    requester     TEXT NOT NULL,
    person        TEXT NOT NULL,
    server        TEXT NOT NULL,
    version       TEXT NOT NULL,
    tool          TEXT NOT NULL,
    args_digest   TEXT NOT NULL,
    contract      TEXT NOT NULL,
    policy_rev    TEXT NOT NULL,
    args          TEXT NOT NULL,
    sealed_args   BLOB,
    needs         TEXT NOT NULL,
    reason        TEXT,
    state         TEXT NOT NULL,
    created_at    INTEGER NOT NULL,
    decide_by     INTEGER NOT NULL,
    use_within_ms INTEGER NOT NULL,
    use_by        INTEGER,
    closed_at     INTEGER
) STRICT;
-- One thing is asked for once.
CREATE UNIQUE INDEX approvals_live ON approvals
    (tenant, requester, server, version, tool, args_digest, contract, policy_rev)
    WHERE state IN ('pending', 'approved');
CREATE INDEX approvals_listed ON approvals (created_at, id);
CREATE INDEX approvals_state ON approvals (state, created_at, id);

CREATE TABLE votes (
    approval  TEXT NOT NULL REFERENCES approvals (id),
    n         INTEGER NOT NULL,
    tenant    TEXT NOT NULL,
    principal TEXT NOT NULL,
    person    TEXT NOT NULL,
    groups    TEXT NOT NULL,
    ballot    TEXT NOT NULL,
    reason    TEXT,
    at        INTEGER NOT NULL,
    PRIMARY KEY (approval, n),
    UNIQUE (approval, person)
) STRICT;

CREATE TABLE overrides (
    id               TEXT NOT NULL PRIMARY KEY,
    effect           TEXT NOT NULL,
    match_kind       TEXT NOT NULL,
    match_value      TEXT NOT NULL,
    reason           TEXT NOT NULL,
    by_person        TEXT NOT NULL,
    created_at       INTEGER NOT NULL,
    expires_at       INTEGER,
    cancel_in_flight INTEGER NOT NULL,
    lifted_at        INTEGER
) STRICT;
CREATE INDEX overrides_listed ON overrides (created_at, id);
CREATE INDEX overrides_in_force ON overrides (expires_at) WHERE lifted_at IS NULL;

CREATE TABLE lifts (
    override_id TEXT NOT NULL REFERENCES overrides (id),
    n           INTEGER NOT NULL,
    by_person   TEXT NOT NULL,
    reason      TEXT NOT NULL,
    at          INTEGER NOT NULL,
    PRIMARY KEY (override_id, n),
    UNIQUE (override_id, by_person)
) STRICT;

CREATE TABLE records (
    tenant         TEXT NOT NULL,
    seq            INTEGER NOT NULL,
    id             TEXT NOT NULL,
    at             INTEGER NOT NULL,
    kind           TEXT NOT NULL,
    stage          TEXT NOT NULL,
    principal      TEXT,
    toolset        TEXT,
    tool           TEXT,
    effect         TEXT,
    status         TEXT,
    completes      TEXT,
    idem_key       TEXT,
    trace          TEXT,
    calls          INTEGER NOT NULL,
    cost_micro_usd INTEGER NOT NULL,
    tokens         INTEGER NOT NULL,
    bytes          INTEGER NOT NULL,
    compute_ms     INTEGER NOT NULL,
    text           TEXT NOT NULL,
    hash           BLOB NOT NULL,
    PRIMARY KEY (tenant, seq)
) STRICT;
CREATE UNIQUE INDEX records_id ON records (id);
CREATE INDEX records_listed ON records (at, seq, tenant);
CREATE INDEX records_of_tenant ON records (tenant, at, seq);
CREATE INDEX records_completes ON records (completes) WHERE completes IS NOT NULL;
CREATE INDEX records_idem_key ON records (idem_key) WHERE idem_key IS NOT NULL;
CREATE INDEX records_trace ON records (trace) WHERE trace IS NOT NULL;

-- Received records that nothing completes yet; kept beside the records so that a start need not search them all.
CREATE TABLE unfinished (
    id     TEXT NOT NULL PRIMARY KEY REFERENCES records (id)
) STRICT;

CREATE TABLE heads (
    tenant TEXT NOT NULL PRIMARY KEY,
    seq    INTEGER NOT NULL,
    hash   BLOB NOT NULL,
    tree   BLOB NOT NULL
) STRICT;

CREATE TABLE checkpoints (
    tenant TEXT NOT NULL,
    size   INTEGER NOT NULL,
    root   BLOB NOT NULL,
    note   TEXT NOT NULL,
    at     INTEGER NOT NULL,
    PRIMARY KEY (tenant, size)
) STRICT;

CREATE TABLE counters (
    rule        TEXT NOT NULL,
    key         TEXT NOT NULL,
    time_window TEXT NOT NULL,
    dimension   TEXT NOT NULL,
    used        INTEGER NOT NULL,
    ends_at     INTEGER NOT NULL,
    PRIMARY KEY (rule, key, time_window, dimension)
) STRICT;
CREATE INDEX counters_ends_at ON counters (ends_at);
