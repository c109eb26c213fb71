-- What each key's total was last, for each of Redis' data sets. A row a key, whatever the number of hits: as many rows
-- as Redis takes keys.
CREATE TABLE hits_totals (
    epoch   uuid        NOT NULL REFERENCES visits_epochs,
    key     text        NOT NULL,
    total   bigint      NOT NULL CHECK (total > 0),
    changed timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (epoch, key)
);
