-- Finding runs again: prompts, tags, notes, series, accelerators, calibration sets, and a full-text index over what
-- people and programs called things. Additions only: a program that knows version 1 may still read the file.

CREATE TABLE prompts (
    id     INTEGER PRIMARY KEY,
    sha256 TEXT NOT NULL UNIQUE CHECK (sha256 <> ''),      -- of the token ids
    tokens INTEGER NOT NULL,
    text   TEXT                                            -- as typed; NULL: only the hash was to be kept
) STRICT;

CREATE TABLE accelerators (
    id           INTEGER PRIMARY KEY,
    name         TEXT NOT NULL,
    memory_bytes INTEGER NOT NULL,
    driver       TEXT NOT NULL,
    runtime      TEXT NOT NULL,
    UNIQUE (name, memory_bytes, driver, runtime)
) STRICT;

CREATE TABLE calibrations (
    id     INTEGER PRIMARY KEY,
    name   TEXT NOT NULL,                                  -- its sources: "lines,facts"
    sha256 TEXT NOT NULL,                                  -- of its texts; empty: not known
    seed   INTEGER                                         -- 64 bits, unsigned values wrap
) STRICT;

CREATE TABLE tags (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE COLLATE NOCASE
) STRICT;

CREATE TABLE run_tags (
    run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    tag_id INTEGER NOT NULL REFERENCES tags (id) ON DELETE CASCADE,
    PRIMARY KEY (run_id, tag_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE notes (
    id         INTEGER PRIMARY KEY,
    run_id     INTEGER NOT NULL UNIQUE REFERENCES runs (id) ON DELETE CASCADE,
    text       TEXT NOT NULL,
    changed_at INTEGER NOT NULL
) STRICT;

CREATE TABLE series (
    id     INTEGER PRIMARY KEY,
    run_id INTEGER NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    name   TEXT NOT NULL,                                  -- "kl", "rank" …
    unit   TEXT NOT NULL,
    start  INTEGER NOT NULL,                               -- token index of the first value
    data   BLOB NOT NULL CHECK (length(data) % 4 = 0)      -- float32, little-endian
) STRICT;

ALTER TABLE models ADD COLUMN quantisation TEXT NOT NULL DEFAULT '';
ALTER TABLE profiles ADD COLUMN bytes INTEGER;             -- of the file; NULL: not known
ALTER TABLE profiles ADD COLUMN calibration_id INTEGER REFERENCES calibrations (id);
ALTER TABLE searches ADD COLUMN limits TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(limits));
ALTER TABLE measurements ADD COLUMN length INTEGER;        -- tokens, from the context
ALTER TABLE measurements ADD COLUMN density REAL;
ALTER TABLE runs ADD COLUMN uid TEXT;                      -- the same run in every copy of the history
ALTER TABLE runs ADD COLUMN prompt_id INTEGER REFERENCES prompts (id);
ALTER TABLE runs ADD COLUMN accelerator_id INTEGER REFERENCES accelerators (id);

UPDATE runs SET uid = printf('v1-%d-%d-%d', started_at, process_id, id);
UPDATE measurements SET
    length = CAST(coalesce(json_extract(context, '$.length'), json_extract(context, '$.tokens'),
                           json_extract(context, '$.prompt_tokens')) AS INTEGER),
    density = CAST(json_extract(context, '$.density') AS REAL);
INSERT OR IGNORE INTO prompts (sha256, tokens, text)
    SELECT h.hash, CAST(coalesce(json_extract(r.settings, '$.prompt.tokens'),
                                 json_extract(r.settings, '$.prompt_tokens'), 0) AS INTEGER),
           (SELECT CAST(b.value AS TEXT) FROM json_each(r.arguments) a JOIN json_each(r.arguments) b
            ON b.key = a.key + 1 WHERE a.value = '--text' LIMIT 1)
    FROM runs r JOIN (SELECT id, CAST(coalesce(json_extract(settings, '$.prompt.sha256'),
                                               json_extract(settings, '$.prompt_sha256')) AS TEXT) AS hash
                      FROM runs) h ON h.id = r.id
    WHERE h.hash <> '';
UPDATE runs SET prompt_id = (SELECT id FROM prompts WHERE sha256 = coalesce(
    json_extract(settings, '$.prompt.sha256'), json_extract(settings, '$.prompt_sha256')));

-- What people look for, in one index: id = 8 × the row + what it is a row of.
CREATE VIEW documents (id, text) AS
    SELECT id * 8, text FROM prompts WHERE text IS NOT NULL
    UNION ALL SELECT run_id * 8 + 1, text FROM notes
    UNION ALL SELECT id * 8 + 2, name FROM tags
    UNION ALL SELECT id * 8 + 3, name FROM plans
    UNION ALL SELECT id * 8 + 4, name FROM models;
CREATE VIRTUAL TABLE document_index USING fts5 (text, content = 'documents', content_rowid = 'id',
                                                tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3');
INSERT INTO document_index (document_index) VALUES ('rebuild');

CREATE TRIGGER prompts_found AFTER INSERT ON prompts WHEN new.text IS NOT NULL BEGIN
    INSERT INTO document_index (rowid, text) VALUES (new.id * 8, new.text);
END;
CREATE TRIGGER prompts_lost AFTER DELETE ON prompts WHEN old.text IS NOT NULL BEGIN
    INSERT INTO document_index (document_index, rowid, text) VALUES ('delete', old.id * 8, old.text);
END;
CREATE TRIGGER prompts_unsaid BEFORE UPDATE OF text ON prompts WHEN old.text IS NOT NULL BEGIN
    INSERT INTO document_index (document_index, rowid, text) VALUES ('delete', old.id * 8, old.text);
END;
CREATE TRIGGER prompts_said AFTER UPDATE OF text ON prompts WHEN new.text IS NOT NULL BEGIN
    INSERT INTO document_index (rowid, text) VALUES (new.id * 8, new.text);
END;
CREATE TRIGGER notes_found AFTER INSERT ON notes BEGIN
    INSERT INTO document_index (rowid, text) VALUES (new.run_id * 8 + 1, new.text);
END;
CREATE TRIGGER notes_lost AFTER DELETE ON notes BEGIN
    INSERT INTO document_index (document_index, rowid, text) VALUES ('delete', old.run_id * 8 + 1, old.text);
END;
CREATE TRIGGER notes_changed AFTER UPDATE OF text ON notes BEGIN
    INSERT INTO document_index (document_index, rowid, text) VALUES ('delete', old.run_id * 8 + 1, old.text);
    INSERT INTO document_index (rowid, text) VALUES (new.run_id * 8 + 1, new.text);
END;
CREATE TRIGGER tags_found AFTER INSERT ON tags BEGIN
    INSERT INTO document_index (rowid, text) VALUES (new.id * 8 + 2, new.name);
END;
CREATE TRIGGER tags_lost AFTER DELETE ON tags BEGIN
    INSERT INTO document_index (document_index, rowid, text) VALUES ('delete', old.id * 8 + 2, old.name);
END;
CREATE TRIGGER plans_found AFTER INSERT ON plans BEGIN
    INSERT INTO document_index (rowid, text) VALUES (new.id * 8 + 3, new.name);
END;
CREATE TRIGGER plans_lost AFTER DELETE ON plans BEGIN
    INSERT INTO document_index (document_index, rowid, text) VALUES ('delete', old.id * 8 + 3, old.name);
END;
CREATE TRIGGER models_found AFTER INSERT ON models BEGIN
    INSERT INTO document_index (rowid, text) VALUES (new.id * 8 + 4, new.name);
END;
CREATE TRIGGER models_lost AFTER DELETE ON models BEGIN
    INSERT INTO document_index (document_index, rowid, text) VALUES ('delete', old.id * 8 + 4, old.name);
END;

CREATE UNIQUE INDEX runs_by_uid ON runs (uid);
CREATE INDEX runs_by_prompt ON runs (prompt_id);
CREATE INDEX runs_by_accelerator ON runs (accelerator_id);
CREATE INDEX runs_with_error ON runs (id) WHERE error <> '';
-- All that filters and facets look at, so that reading 100,000 runs touches no settings and no results.
CREATE INDEX runs_narrow ON runs (started_at, finished_at, process_id, command, status, device, program_version,
                                  machine_id, accelerator_id, model_id, plan_id, profile_id, prompt_id, rerun_of, seed);
DROP INDEX measurements_by_name;
CREATE INDEX measurements_by_value ON measurements (name, value, run_id);
CREATE INDEX measurements_by_length ON measurements (length, run_id) WHERE length IS NOT NULL;
CREATE INDEX measurements_by_density ON measurements (density, run_id) WHERE density IS NOT NULL;
CREATE INDEX series_by_run ON series (run_id);
CREATE INDEX run_tags_by_tag ON run_tags (tag_id);
CREATE INDEX plans_by_hash ON plans (sha256);
CREATE INDEX profiles_by_hash ON profiles (sha256);
CREATE INDEX profiles_by_calibration ON profiles (calibration_id);
CREATE INDEX calibrations_by_name ON calibrations (name);
