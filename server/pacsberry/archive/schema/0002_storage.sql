-- What storage that looks after itself needs to know of its files.
--
-- size stays the number of bytes of the content; stored_size is what a packed file (its name ends in .gz) takes on
-- the card, NULL for a file that lies there as it was received. A protected study or series keeps its patient.

ALTER TABLE instances ADD COLUMN stored_size INTEGER;
ALTER TABLE attachments ADD COLUMN stored_size INTEGER;

ALTER TABLE studies ADD COLUMN is_protected INTEGER NOT NULL DEFAULT 0;
ALTER TABLE series ADD COLUMN is_protected INTEGER NOT NULL DEFAULT 0;
CREATE INDEX studies_protected ON studies(parent) WHERE is_protected;
CREATE INDEX series_protected ON series(parent) WHERE is_protected;

INSERT INTO facts SELECT 'stored_bytes', value FROM facts WHERE name = 'total_bytes';  -- on the card, of all instances
