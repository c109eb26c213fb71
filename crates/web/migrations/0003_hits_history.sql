-- Hits by key and slot of time, for all epochs together. The key '' stands for all keys. `width` says how long the slot is:
-- 0 a minute, 1 an hour, 2 a day, 3 a month, and 4 that it is not known when; `start` is then 1970. A slot without hits has no
-- row. Rows are folded into the next width when they get old.
CREATE TABLE hits_history (
    key   text        NOT NULL,
    width smallint    NOT NULL CHECK (width BETWEEN 0 AND 4),
    start timestamptz NOT NULL,
    hits  bigint      NOT NULL CHECK (hits > 0),
    PRIMARY KEY (key, width, start)
);

-- By this the earliest rows of a width are found, and counted.
CREATE INDEX hits_history_earliest ON hits_history (width, start);

-- How much of each total stands in the history. A replica that is older than this column raises `total` alone, and a newer one
-- records the difference.
ALTER TABLE hits_totals ADD COLUMN recorded bigint NOT NULL DEFAULT 0 CHECK (recorded >= 0);

-- Of the hits until now only the number is known.
INSERT INTO hits_history (key, width, start, hits)
SELECT coalesce(key, ''), 4, to_timestamp(0), sum(total)
FROM hits_totals
GROUP BY ROLLUP (key)
HAVING sum(total) > 0;

UPDATE hits_totals SET recorded = total;
