-- How large the pictures of an instance are, for searches that tell it without opening files (QIDO, of each instance).
--
-- The instances of a series share a row of this table, so it costs an instance two bytes.

CREATE TABLE pixels (
    key INTEGER PRIMARY KEY,
    height INTEGER NOT NULL,            -- Rows; 0 when the file does not say, likewise below
    width INTEGER NOT NULL,             -- Columns
    bits INTEGER NOT NULL,              -- BitsAllocated
    UNIQUE (height, width, bits)
);
ALTER TABLE instances ADD COLUMN pixels INTEGER REFERENCES pixels(key);  -- NULL: none, or received by an earlier version
