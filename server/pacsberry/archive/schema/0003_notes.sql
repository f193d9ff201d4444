-- Notes: the facts that live only here (labels, metadata, protection, users' attachments) are mirrored into the file
-- notes.jsonl beside the DICOM files, so that an index made anew from the files has them again.
--
-- The triggers note, in the transaction that changes a fact, whose facts changed; archive/notes_mirror.py writes the
-- whole state of that resource into the file, syncs it, and only then removes the row. The identifier is kept, since a
-- deleted resource has none any more when its turn comes. Nothing here fires when an instance arrives.

CREATE TABLE notes_outbox (
    seq INTEGER PRIMARY KEY,
    level INTEGER NOT NULL,
    id TEXT NOT NULL
);

CREATE VIEW resources AS
    SELECT 0 AS level, key, id FROM patients
    UNION ALL SELECT 1, key, id FROM studies
    UNION ALL SELECT 2, key, id FROM series
    UNION ALL SELECT 3, key, id FROM instances;

CREATE VIEW noted AS                    -- who has such facts; deletion takes the facts away before the resource
    SELECT level, key FROM labels
    UNION SELECT level, key FROM metadata
    UNION SELECT level, key FROM attachments
    UNION SELECT 0, key FROM patients WHERE is_protected
    UNION SELECT 1, key FROM studies WHERE is_protected
    UNION SELECT 2, key FROM series WHERE is_protected;

CREATE TRIGGER label_added AFTER INSERT ON labels BEGIN
    INSERT INTO notes_outbox (level, id) SELECT level, id FROM resources WHERE level = NEW.level AND key = NEW.key;
END;
CREATE TRIGGER label_removed AFTER DELETE ON labels BEGIN
    INSERT INTO notes_outbox (level, id) SELECT level, id FROM resources WHERE level = OLD.level AND key = OLD.key;
END;

CREATE TRIGGER metadata_added AFTER INSERT ON metadata BEGIN
    INSERT INTO notes_outbox (level, id) SELECT level, id FROM resources WHERE level = NEW.level AND key = NEW.key;
END;
CREATE TRIGGER metadata_changed AFTER UPDATE ON metadata BEGIN
    INSERT INTO notes_outbox (level, id) SELECT level, id FROM resources WHERE level = NEW.level AND key = NEW.key;
END;
CREATE TRIGGER metadata_removed AFTER DELETE ON metadata BEGIN
    INSERT INTO notes_outbox (level, id) SELECT level, id FROM resources WHERE level = OLD.level AND key = OLD.key;
END;

CREATE TRIGGER attachment_added AFTER INSERT ON attachments BEGIN
    INSERT INTO notes_outbox (level, id) SELECT level, id FROM resources WHERE level = NEW.level AND key = NEW.key;
END;
CREATE TRIGGER attachment_changed AFTER UPDATE ON attachments BEGIN
    INSERT INTO notes_outbox (level, id) SELECT level, id FROM resources WHERE level = NEW.level AND key = NEW.key;
END;
CREATE TRIGGER attachment_removed AFTER DELETE ON attachments BEGIN
    INSERT INTO notes_outbox (level, id) SELECT level, id FROM resources WHERE level = OLD.level AND key = OLD.key;
END;

CREATE TRIGGER patient_protected AFTER UPDATE OF is_protected ON patients WHEN OLD.is_protected <> NEW.is_protected BEGIN
    INSERT INTO notes_outbox (level, id) VALUES (0, NEW.id);
END;
CREATE TRIGGER study_protected AFTER UPDATE OF is_protected ON studies WHEN OLD.is_protected <> NEW.is_protected BEGIN
    INSERT INTO notes_outbox (level, id) VALUES (1, NEW.id);
END;
CREATE TRIGGER series_protected AFTER UPDATE OF is_protected ON series WHEN OLD.is_protected <> NEW.is_protected BEGIN
    INSERT INTO notes_outbox (level, id) VALUES (2, NEW.id);
END;
CREATE TRIGGER protected_patient_removed AFTER DELETE ON patients WHEN OLD.is_protected BEGIN
    INSERT INTO notes_outbox (level, id) VALUES (0, OLD.id);
END;
CREATE TRIGGER protected_study_removed AFTER DELETE ON studies WHEN OLD.is_protected BEGIN
    INSERT INTO notes_outbox (level, id) VALUES (1, OLD.id);
END;
CREATE TRIGGER protected_series_removed AFTER DELETE ON series WHEN OLD.is_protected BEGIN
    INSERT INTO notes_outbox (level, id) VALUES (2, OLD.id);
END;

-- What a file is attached to: a note that claims a file of somebody else is not believed.
CREATE INDEX attachments_by_file ON attachments(file);

-- An index from before: everything is to be written.
INSERT INTO notes_outbox (level, id) SELECT level, id FROM noted JOIN resources USING (level, key);
