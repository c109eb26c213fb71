-- How much of each of Redis' data sets (`visits:epoch`) stands in the history. The row is also the lock that makes
-- flushers take turns.
CREATE TABLE visits_epochs (
    epoch      uuid        PRIMARY KEY,
    flushed    bigint      NOT NULL DEFAULT 0 CHECK (flushed >= 0),
    first_seen timestamptz NOT NULL DEFAULT now()
);

-- Visits by the minute in which they were seen, for all epochs together. A minute without visits has no row.
CREATE TABLE visits_history (
    minute timestamptz PRIMARY KEY CHECK (minute = date_trunc('minute', minute, 'UTC')),
    visits bigint      NOT NULL CHECK (visits > 0)
);
