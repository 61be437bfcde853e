-- The history: what was run, on which machine and model, with which plan, and what was measured.
-- Times are milliseconds since 1970-01-01 UTC. JSON columns hold one JSON document as text.

CREATE TABLE schema_meta (
    id             INTEGER PRIMARY KEY CHECK (id = 1),
    version        INTEGER NOT NULL,
    min_compatible INTEGER NOT NULL
) STRICT;

CREATE TABLE machines (
    id           INTEGER PRIMARY KEY,
    cpu          TEXT NOT NULL,
    cores        INTEGER NOT NULL,
    memory_bytes INTEGER NOT NULL,
    os           TEXT NOT NULL,
    kernel       TEXT NOT NULL,
    UNIQUE (cpu, cores, memory_bytes, os, kernel)
) STRICT;

CREATE TABLE models (
    id           INTEGER PRIMARY KEY,
    name         TEXT NOT NULL,
    sha256       TEXT NOT NULL,          -- of the weights; empty: not known
    architecture TEXT NOT NULL,
    layers       INTEGER NOT NULL,
    heads        INTEGER NOT NULL,
    kv_heads     INTEGER NOT NULL,
    head_dim     INTEGER NOT NULL,
    hidden       INTEGER NOT NULL,
    vocab        INTEGER NOT NULL,
    context      INTEGER NOT NULL,
    UNIQUE (name, sha256, architecture, layers, heads, kv_heads, head_dim, hidden, vocab, context)
) STRICT;

CREATE TABLE profiles (
    id          INTEGER PRIMARY KEY,
    path        TEXT NOT NULL,
    sha256      TEXT NOT NULL,
    model_id    INTEGER REFERENCES models (id),
    lengths     TEXT NOT NULL CHECK (json_valid(lengths)), -- [tokens …]
    samples     INTEGER NOT NULL,                          -- per length
    calibration TEXT NOT NULL,
    UNIQUE (path, sha256, lengths, samples, calibration)
) STRICT;

CREATE TABLE plans (
    id         INTEGER PRIMARY KEY,
    name       TEXT NOT NULL,
    json       TEXT NOT NULL CHECK (json_valid(json)),     -- the plan file
    sha256     TEXT NOT NULL,                              -- of the plan file; empty: not known
    origin     TEXT NOT NULL,                              -- search, edit, import, uniform …
    parent_id  INTEGER REFERENCES plans (id),              -- the plan it was edited or refined from
    model_id   INTEGER REFERENCES models (id),
    created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE runs (
    id              INTEGER PRIMARY KEY,
    command         TEXT NOT NULL,                         -- score, profile, search …
    arguments       TEXT NOT NULL CHECK (json_valid(arguments)), -- [string …]
    status          TEXT NOT NULL
        CHECK (status IN ('running', 'done', 'failed', 'cancelled', 'infeasible', 'time_limit')),
    started_at      INTEGER NOT NULL,
    finished_at     INTEGER,
    process_id      INTEGER NOT NULL,                      -- tells a running run from an interrupted one
    machine_id      INTEGER NOT NULL REFERENCES machines (id),
    device          TEXT NOT NULL,                         -- cpu, cuda:0 …, with the name of the chip
    backend         TEXT NOT NULL,
    program_version TEXT NOT NULL,
    versions        TEXT NOT NULL CHECK (json_valid(versions)), -- {library: version}
    seed            INTEGER,                               -- 64 bits, unsigned values wrap
    model_id        INTEGER REFERENCES models (id),
    profile_id      INTEGER REFERENCES profiles (id),
    plan_id         INTEGER REFERENCES plans (id),
    rerun_of        INTEGER REFERENCES runs (id) ON DELETE SET NULL,
    settings        TEXT NOT NULL CHECK (json_valid(settings)),
    result          TEXT NOT NULL CHECK (json_valid(result)),
    error           TEXT NOT NULL                          -- why it failed; empty: it did not
) STRICT;

CREATE TABLE searches (
    id               INTEGER PRIMARY KEY,
    run_id           INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    plan_id          INTEGER REFERENCES plans (id),
    estimate         TEXT NOT NULL,
    granularity      TEXT NOT NULL,
    solver           TEXT NOT NULL,
    objective_length INTEGER NOT NULL,                     -- tokens
    density_bound    REAL,
    loss             REAL,                                 -- nats, at the objective length
    bound            REAL,                                 -- nats, no plan can be below
    gap              REAL,                                 -- (loss - bound) / loss
    seconds          REAL NOT NULL,
    status           TEXT NOT NULL
) STRICT;

CREATE TABLE measurements (
    id      INTEGER PRIMARY KEY,
    run_id  INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    name    TEXT NOT NULL,
    unit    TEXT NOT NULL,
    value   REAL,                                          -- NULL: not a number
    samples INTEGER NOT NULL,
    error   REAL,                                          -- standard error or half interval; NULL: not known
    context TEXT NOT NULL CHECK (json_valid(context))      -- {length, density, task …}
) STRICT;

CREATE INDEX runs_by_start ON runs (started_at);
CREATE INDEX runs_by_command ON runs (command, started_at);
CREATE INDEX runs_by_model ON runs (model_id);
CREATE INDEX runs_by_plan ON runs (plan_id);
CREATE INDEX runs_by_profile ON runs (profile_id);
CREATE INDEX runs_by_machine ON runs (machine_id);
CREATE INDEX runs_by_rerun ON runs (rerun_of);
CREATE INDEX measurements_by_run ON measurements (run_id);
CREATE INDEX measurements_by_name ON measurements (name);
CREATE INDEX searches_by_run ON searches (run_id);
CREATE INDEX searches_by_plan ON searches (plan_id);
CREATE INDEX plans_by_length ON plans (length(json));      -- finds equal plans without a second copy of their text
CREATE INDEX plans_by_parent ON plans (parent_id);
CREATE INDEX plans_by_model ON plans (model_id);
CREATE INDEX profiles_by_model ON profiles (model_id);
