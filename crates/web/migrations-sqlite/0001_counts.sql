-- What is counted: 0 is all visits, 1 is the hits of all keys together, and each key has a row of its own.
CREATE TABLE subjects (
    id      INTEGER PRIMARY KEY,
    key     TEXT    UNIQUE,
    total   INTEGER NOT NULL CHECK (total >= 0),
    -- When it was counted last, in Unix seconds.
    changed INTEGER
) STRICT;

INSERT INTO subjects (id, total) VALUES (0, 0), (1, 0);

-- Counts by subject and slot of time. `width` says how long the slot is: 0 a minute, 1 an hour, 2 a day, 3 a month, and 4 that
-- it is not known when; `start` is in Unix seconds. A slot without counts has no row. Rows are folded into the next width when
-- they get old, so the sum of a subject's rows is its total.
CREATE TABLE history (
    subject INTEGER NOT NULL REFERENCES subjects,
    width   INTEGER NOT NULL CHECK (width BETWEEN 0 AND 4),
    start   INTEGER NOT NULL,
    count   INTEGER NOT NULL CHECK (count > 0),
    PRIMARY KEY (subject, width, start)
) STRICT, WITHOUT ROWID;

-- By this the earliest rows of a width are found.
CREATE INDEX history_earliest ON history (width, start);
